"""A folder of documents that can be searched: read when they change, by words, and by meaning where there is an
embedding model."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gleanery.errors import SourceError
from gleanery.tools.documents.document import Document, Passage
from gleanery.tools.documents.reading import find_files, read_content, read_document
from gleanery.tools.given import Given

if TYPE_CHECKING:
    from gleanery.models.embedding import SyncEmbedder
    from gleanery.tools.documents.contents import Contents
    from gleanery.tools.documents.entry import Entry
    from gleanery.tools.documents.ranking import Vectors
    from gleanery.tools.documents.store import Stamp

CANDIDATES = 50
"""Passages of each ranking that are fused with those of the other."""

SETTLED = 2_000_000_000
"""Nanoseconds after a change within which another one may leave the same time on a file."""


class Library(Given):
    """The documents below `folder`; what is made of them is kept below `cache` (None: in memory only).

    With an `embedder`, passages are found by meaning too. May be used by several threads at once.
    """

    def __init__(self, folder: Path, *, cache: Path | None = None, embedder: SyncEmbedder | None = None) -> None:
        from gleanery.tools.documents.contents import Contents
        from gleanery.tools.documents.meaning import Meaning
        from gleanery.tools.documents.store import Store

        self.folder = folder
        self._store = Store(folder, cache)
        self._meaning = None if embedder is None else Meaning(embedder, self._store)
        self._updating = threading.Lock()
        self._stamps: dict[str, Stamp] | None = None
        self._contents = Contents()

    @property
    def sources(self) -> tuple[str, ...]:
        """The files that are searched, by their paths in the folder, as of the last update."""
        return tuple(held.source for held in self._contents.files if len(held.entry.spans))

    @property
    def issues(self) -> Mapping[str, str]:
        """Why files are not searched, or what of their text is a guess; by their paths, as of the last update."""
        return self._contents.issues

    def update(self) -> None:
        """Read what has changed since it was last read, and embed it. Searching does so too: a large folder wants it
        done before.

        SourceError where there is no folder, ModelError where the embedding model gives no vectors.
        """
        self._updated()

    def search(self, query: str, most: int = 5) -> list[Passage]:
        """The passages that have most to do with the query, the best first; errors as in `update`."""
        contents, vectors = self._updated()
        candidates = max(2 * most, CANDIDATES)
        ranking = contents.words.rank(query, candidates)
        if self._meaning is not None and vectors is not None and query.strip():
            from gleanery.tools.documents.ranking import fused

            ranking = fused([ranking, self._meaning.rank(query, vectors, candidates)])
        found: dict[str, Passage] = {}  # by their texts: copies of a file say the same
        for number in ranking:
            passage = contents.passage(number)
            found.setdefault(passage.text, passage)
            if len(found) == most:
                break
        return list(found.values())

    def document(self, source: str) -> Document | None:
        """A file as it was last read: spans are places in its text."""
        return next((held.entry.document for held in self._contents.files if held.source == source), None)

    def passage(self, id: str) -> Passage | None:
        """The passage of that id, as of the last update."""
        return next((passage for passage in self._contents if passage.id == id), None)

    def _updated(self) -> tuple[Contents, Vectors | None]:
        """The contents as they are now, and the vectors of their passages; None without an embedder."""
        with self._updating:
            contents = self._read()
            if contents.keys != self._contents.keys or contents.wrong != self._contents.wrong:
                self._contents = contents
                self._store.forget_others({held.key for held in contents.files})
            vectors = None if self._meaning is None else self._meaning.learn(self._contents)
            return self._contents, vectors

    def _read(self) -> Contents:
        """The files as they are; those whose stamps are the same are not opened."""
        from gleanery.tools.documents.contents import Contents, Held

        if not self.folder.is_dir():
            raise SourceError(f"There is no folder {self.folder}. Give the one that has the documents.")
        before = self._store.stamps() if self._stamps is None else self._stamps
        known = {held.key: held.entry for held in self._contents.files}
        stamps: dict[str, Stamp] = {}
        files: list[Held] = []
        wrong: dict[str, str] = {}
        for source, path in find_files(self.folder):
            try:
                stamp = _stamp(path)
                key = before[source][-1] if source in before and before[source][:-1] == stamp else None
                entry = None if key is None else known.get(key) or self._store.entry(key)
                if key is None or entry is None:
                    key, entry = self._entry(path, known)
            except OSError as error:
                wrong[source] = f"It cannot be read: {error.strerror or error}."
                continue
            except SourceError as error:
                wrong[source] = str(error)
                continue
            files.append(Held(source, key, entry))
            if time.time_ns() - stamp[0] > SETTLED:
                stamps[source] = (*stamp, key)
        if stamps != before:
            self._store.keep_stamps(stamps)
        self._stamps = stamps
        return Contents(files, wrong)

    def _entry(self, path: Path, known: Mapping[str, Entry]) -> tuple[str, Entry]:
        """What pins the content of a file, and what is made of it."""
        from gleanery.tools.documents.entry import entry_of

        content = read_content(path)
        suffix = path.suffix.lower()
        key = f"{hashlib.sha256(content).hexdigest()}{suffix.replace('.', '-')}"
        entry = known.get(key) or self._store.entry(key)
        if entry is None:
            entry = entry_of(read_document(content, suffix))
            self._store.keep(key, entry)
        return key, entry


def _stamp(path: Path) -> tuple[int, int, int]:
    """What is another where a file has changed."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino
