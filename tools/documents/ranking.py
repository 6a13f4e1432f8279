"""Which passages have most to do with a query: by its words (Okapi BM25), by vectors, and by both.

S. Robertson and H. Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009); G. Cormack, C. Clarke and
S. Buettcher, Reciprocal Rank Fusion outperforms Condorcet and individual rank learning methods (2009).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gleanery.tools.documents.entry import Entry, Integers
from gleanery.tools.documents.words import words

K1, B = 1.2, 0.75
RANK_CONSTANT = 60
"""How much less the first ranks count than they would by themselves, in fusing rankings."""

Vectors = NDArray[np.float32]


class WordIndex:
    """The words of all passages, which are numbered through their entries."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._numbers: defaultdict[str, int] = defaultdict()
        self._numbers.default_factory = self._numbers.__len__
        lengths = np.concatenate([entry.lengths for entry in entries] or [np.zeros(0, np.int32)])
        terms, passages, counts = self._postings(entries)
        self._count = len(lengths)
        order = np.argsort(terms, kind="stable")
        self._passages = passages[order]
        in_passages = np.bincount(terms, minlength=len(self._numbers))
        self._ends = np.cumsum(in_passages)
        rarity = np.log1p((self._count - in_passages + 0.5) / (in_passages + 0.5))
        mean = lengths.mean() if lengths.size and lengths.any() else 1.0
        long = K1 * (1 - B + B * lengths / mean)
        weights = rarity[terms] * counts * (K1 + 1) / (counts + long[passages])
        self._weights = weights[order].astype(np.float32)

    def rank(self, query: str, most: int) -> list[int]:
        """The passages that have any word of the query, the best first."""
        scores = self.scores(query)
        return [passage for passage in _best(scores, most) if scores[passage] > 0]

    def scores(self, query: str) -> NDArray[np.float32]:
        """How much each passage has to do with the query; 0 where it has none of its words."""
        scores = np.zeros(self._count, np.float32)
        for word in sorted(set(words(query))):
            if (number := self._numbers.get(word)) is not None:
                found = slice(self._ends[number - 1] if number else 0, self._ends[number])
                scores[self._passages[found]] += self._weights[found]
        return scores

    def _postings(self, entries: Sequence[Entry]) -> tuple[Integers, Integers, Integers]:
        """A row for each word of each passage: word, passage, how often."""
        tables = [np.zeros((0, 3), np.int32)]
        before = 0
        for entry in entries:
            numbers = np.array([self._numbers[word] for word in entry.vocabulary], np.int32)
            term, passage, count = entry.counts.T
            tables.append(np.stack([numbers[term], passage + before, count], axis=1))
            before += len(entry.spans)
        terms, passages, counts = np.concatenate(tables).T
        return terms, passages, counts


def unit(vectors: Sequence[Sequence[float]]) -> Vectors:
    """The vectors, each of length 1."""
    made = np.array(vectors, np.float32)
    lengths = np.linalg.norm(made, axis=1, keepdims=True)
    made /= np.where(lengths > 0, lengths, 1)
    return made


def rank_by_vectors(matrix: Vectors, query: Vectors, most: int) -> list[int]:
    """The rows nearest to the query by cosine, the best first; all have length 1."""
    return _best(matrix @ query, most)


def fused(rankings: Sequence[Sequence[int]]) -> list[int]:
    """One ranking of several: what is high in any comes first, and before it what is so in more."""
    scores: defaultdict[int, float] = defaultdict(float)
    for ranking in rankings:
        for rank, passage in enumerate(ranking, 1):
            scores[passage] += 1 / (RANK_CONSTANT + rank)
    return sorted(scores, key=lambda passage: (-scores[passage], passage))


def _best(scores: NDArray[np.float32], most: int) -> list[int]:
    """Where the highest scores are, in falling order; equal ones in their own."""
    if len(scores) > most:
        least = np.partition(scores, len(scores) - most)[len(scores) - most]
        candidates = np.flatnonzero(scores >= least)
    else:
        candidates = np.arange(len(scores))
    order = np.argsort(-scores[candidates], kind="stable")[:most]
    return [int(passage) for passage in candidates[order]]
