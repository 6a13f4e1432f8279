"""Near-duplicates in a batch: answers that say almost the same in almost the same words.

Two texts are compared by the Jaccard coefficient of their sets of four neighbouring characters, after case, accents,
punctuation and white space are put aside. An index says which texts have which of them, so that what a text shares with
all earlier ones is counted at once.
"""

from __future__ import annotations

import unicodedata
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple
from zlib import crc32

from gleanery.tasks.checks import text_of
from gleanery.tasks.records import Issue, Result

_SHINGLE = 4
_EPSILON = 1e-9


class Alike(NamedTuple):
    """The earlier text that one is a near-duplicate of, and how alike they are, 0 to 1."""

    id: str
    likeness: float


class Duplicates:
    """Texts of a batch, one after another. Each is compared with those before it that are no near-duplicates."""

    def __init__(self, threshold: float) -> None:
        self._threshold = threshold
        self._ids: list[str] = []
        self._sizes = array("l")
        self._texts_with: defaultdict[int, array[int]] = defaultdict(lambda: array("l"))

    def add(self, id: str, text: str) -> Alike | None:
        """The text that this one is a near-duplicate of, the most alike; None: it is kept, under its id."""
        shingles = _shingles(text)
        best = self._most_alike(shingles)
        if best is not None and best.likeness >= self._threshold - _EPSILON:
            return best
        for shingle in shingles:
            self._texts_with[shingle].append(len(self._ids))
        self._ids.append(id)
        self._sizes.append(len(shingles))
        return None

    def _most_alike(self, shingles: frozenset[int]) -> Alike | None:
        import numpy as np

        with_them = [np.array(self._texts_with[shingle]) for shingle in shingles if shingle in self._texts_with]
        if not with_them:
            return None
        shared = np.bincount(np.concatenate(with_them), minlength=len(self._ids))
        likeness = shared / (len(shingles) + np.array(self._sizes) - shared)
        first = int(likeness.argmax())
        return Alike(self._ids[first], float(likeness[first]))


def marked(results: Iterable[Result], threshold: float) -> Iterator[Result]:
    """The results, in their order; one whose answer is a near-duplicate of an earlier one's wants review."""
    marker = DuplicateMarker(threshold)
    return (marker(result) for result in results)


class DuplicateMarker:
    """Marks the results of a batch, which are given to it in their order."""

    def __init__(self, threshold: float) -> None:
        self._duplicates = Duplicates(threshold)

    def __call__(self, result: Result) -> Result:
        """The result; a near-duplicate of an earlier one says so and is in review. Failed ones are no answers."""
        text = "" if result.status == "failed" else text_of(result.output)
        if not text.strip() or (alike := self._duplicates.add(result.id, text)) is None:
            return result
        message = f"A near-duplicate of {alike.id} (likeness {alike.likeness:.2f})."
        return replace(result, status="review", issues=(*result.issues, Issue("near-duplicate", None, message)))


def normalised(text: str) -> str:
    """A text without case, accents and punctuation, one space between its words."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    kept = (char if char.isalnum() else " " for char in folded if not unicodedata.combining(char))
    return " ".join("".join(kept).split())


def _shingles(text: str) -> frozenset[int]:
    """The set of a text's shingles, as numbers that are the same everywhere."""
    plain = normalised(text) or text.strip()
    last = max(1, len(plain) - _SHINGLE + 1)
    return frozenset(crc32(plain[at : at + _SHINGLE].encode("utf-8", "surrogatepass")) for at in range(last))
