"""The index of a folder on disk: a file for each content that its documents have had, and nothing to lock.

A file is named by the digest of what it was made of, and put in its place whole, so that several processes may write
and read at once: they write the same. Whatever cannot be read is made anew.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
import orjson
from numpy.typing import NDArray

from gleanery.tools.documents.entry import Entry, dump, load

VERSION = 1
"""Of what is kept: another one has all documents read anew."""

Stamp = tuple[int, int, int, str]
"""When a file was changed (ns), its bytes, its inode, and the key of what it was then."""

_TORN = (OSError, ValueError, KeyError, EOFError, BadZipFile)
_FILES = "files.json"


class Store:
    """What is kept of the documents of `folder`, below `cache`; None: nothing is kept. A disk that takes no more only
    costs time."""

    def __init__(self, folder: Path, cache: Path | None) -> None:
        name = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]
        self._place = None if cache is None else cache / "documents" / name

    def entry(self, key: str) -> Entry | None:
        """The entry under that key, where there is one."""
        with suppress(*_TORN):
            return load(self._read(f"{key}.{VERSION}.npz"))
        return None

    def keep(self, key: str, entry: Entry) -> None:
        """Keep an entry."""
        self._write(f"{key}.{VERSION}.npz", dump(entry))

    def vectors(self, key: str, embedder: str) -> NDArray[np.float32] | None:
        """The vectors of an entry's passages, by that embedder; None where there are none."""
        with suppress(*_TORN):
            content = self._read(f"{key}.{VERSION}.{embedder}.f32")
            size = int.from_bytes(content[:4], "little")
            return np.frombuffer(content, np.float32, offset=4).reshape(-1, size)
        return None

    def keep_vectors(self, key: str, embedder: str, vectors: NDArray[np.float32]) -> None:
        """Keep them."""
        content = vectors.shape[1].to_bytes(4, "little") + vectors.tobytes()
        self._write(f"{key}.{VERSION}.{embedder}.f32", content)

    def stamps(self) -> dict[str, Stamp]:
        """What `keep_stamps` kept."""
        with suppress(*_TORN, TypeError, AttributeError):
            kept = orjson.loads(self._read(_FILES))
            return {source: (int(m), int(s), int(i), str(key)) for source, (m, s, i, key) in kept.items()}
        return {}

    def keep_stamps(self, stamps: Mapping[str, Stamp]) -> None:
        """Keep what tells that files have not changed, by their paths."""
        with suppress(orjson.JSONEncodeError):  # a name that is no text
            self._write(_FILES, orjson.dumps(stamps))

    def forget_others(self, keys: Collection[str]) -> None:
        """Delete what was kept of documents that are no longer there, or are no longer so."""
        if self._place is None:
            return
        with suppress(OSError):
            for path in self._place.iterdir():
                key, _, rest = path.name.partition(".")
                if path.name != _FILES and not (key in keys and rest.startswith(f"{VERSION}.")):
                    path.unlink(missing_ok=True)

    def _read(self, name: str) -> bytes:
        if self._place is None:
            raise FileNotFoundError(name)
        return (self._place / name).read_bytes()

    def _write(self, name: str, content: bytes) -> None:
        if self._place is None:
            return
        with suppress(OSError):
            self._place.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(prefix="draft-", dir=self._place)  # 0600
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                Path(draft).replace(self._place / name)
            except BaseException:
                Path(draft).unlink(missing_ok=True)
                raise
