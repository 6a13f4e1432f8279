"""Which passages mean what a query means: their vectors by an embedding model, made once for each content of a file.

An exact search through a matrix in memory: for the tens of thousands of passages that one folder has, it takes a
few milliseconds, less than a vector store takes to be asked.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gleanery.errors import ReplyError
from gleanery.tools.documents.contents import Contents, Held
from gleanery.tools.documents.ranking import Vectors, rank_by_vectors, unit
from gleanery.tools.documents.store import Store

if TYPE_CHECKING:
    from gleanery.models.embedding import SyncEmbedder
    from gleanery.models.prefixes import Role

TOGETHER = 256
"""Passages, at least, that are embedded before their vectors are kept: what was kept is not asked for again."""


class Meaning:
    """The vectors of passages, by one embedder."""

    def __init__(self, embedder: SyncEmbedder, store: Store) -> None:
        self._embedder, self._store = embedder, store
        self._name, self._size = "", 0
        self._vectors: dict[str, Vectors] = {}
        self._matrix: tuple[Contents, Vectors] | None = None

    def learn(self, contents: Contents) -> Vectors:
        """The vectors of all passages, a row each; those that are missing are asked for."""
        if self._matrix is not None and self._matrix[0] is contents:
            return self._matrix[1]
        files = {held.key: held for held in contents.files if len(held.entry.spans)}
        if files and not self._name:
            self._name, self._size = _identified(self._embedder)
        self._vectors = {key: vectors for key, held in files.items() if (vectors := self._kept(held)) is not None}
        for group in _groups([held for key, held in files.items() if key not in self._vectors]):
            self._embed(group)
        rows = [self._vectors[held.key] for held in contents.files if held.key in files]
        matrix = np.concatenate(rows) if rows else np.zeros((0, self._size), np.float32)
        self._matrix = contents, matrix
        return matrix

    def rank(self, query: str, vectors: Vectors, most: int) -> list[int]:
        """The passages nearest to the query, the best first; `vectors` are what was learned of them."""
        return rank_by_vectors(vectors, self._made([query], "query")[0], most) if len(vectors) else []

    def _kept(self, held: Held) -> Vectors | None:
        """The vectors of a file's passages, where there is one for each."""
        vectors = self._vectors.get(held.key)
        if vectors is None:
            vectors = self._store.vectors(held.key, self._name)
        return vectors if vectors is not None and vectors.shape == (len(held.entry.spans), self._size) else None

    def _embed(self, group: Sequence[Held]) -> None:
        made = self._made(
            [held.entry.document.text[start:end] for held in group for start, end in held.entry.spans.tolist()]
        )
        before = 0
        for held in group:
            vectors = made[before : before + len(held.entry.spans)]
            before += len(vectors)
            self._vectors[held.key] = vectors
            self._store.keep_vectors(held.key, self._name, vectors)

    def _made(self, texts: Sequence[str], role: Role = "document") -> Vectors:
        """The vectors of some texts, by the model that made the others."""
        made = unit(self._embedder.embed(texts, role))
        if made.shape[1] != self._size:
            raise ReplyError(
                f"`{self._embedder.model}` has become another model: its vectors have another size. Start anew."
            )
        return made


def _identified(embedder: SyncEmbedder) -> tuple[str, int]:
    """What tells the vectors of this model from others', and from those of other weights of its name; and their size.

    Where a server tells no digest, the size is all that can tell that it has other weights.
    """
    size = len(embedder.embed(["."])[0])
    return hashlib.sha256(f"{embedder.model}\n{embedder.digest()}\n{size}".encode()).hexdigest()[:16], size


def _groups(files: Sequence[Held]) -> Iterator[list[Held]]:
    """The files in groups of enough passages."""
    group: list[Held] = []
    size = 0
    for held in files:
        group.append(held)
        size += len(held.entry.spans)
        if size >= TOGETHER:
            yield group
            group, size = [], 0
    if group:
        yield group
