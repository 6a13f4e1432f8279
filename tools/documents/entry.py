"""What is kept of a document: its text, its passages, and which words they have how often."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gleanery.tools.documents.document import Document
from gleanery.tools.documents.windows import windows
from gleanery.tools.documents.words import words

Integers = NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Entry:
    """A document and its n passages.

    `spans` are these, n x 2; `lengths` their words. `counts`, m x 3, are rows of a word's place in `vocabulary`, a
    passage's number, and how often the word is in it.
    """

    document: Document
    spans: Integers
    lengths: Integers
    vocabulary: list[str]
    counts: Integers


def entry_of(document: Document) -> Entry:
    """Cuts a document into passages and counts their words."""
    spans = windows(document.text)
    places: dict[str, int] = {}
    lengths: list[int] = []
    rows: list[tuple[int, int, int]] = []
    for passage, (start, end) in enumerate(spans):
        found = Counter(words(document.text[start:end]))
        lengths.append(found.total())
        rows += [(places.setdefault(word, len(places)), passage, count) for word, count in found.items()]
    return Entry(document, _table(spans, 2), np.array(lengths, np.int32), list(places), _table(rows, 3))


def dump(entry: Entry) -> bytes:
    """The entry as the bytes of a file."""
    document = entry.document
    file = BytesIO()
    np.savez(
        file,
        text=_bytes(document.text),
        pages=np.array(document.pages, np.int64),
        issue=_bytes(document.issue),
        spans=entry.spans,
        lengths=entry.lengths,
        vocabulary=_bytes("\n".join(entry.vocabulary)),
        counts=entry.counts,
    )
    return file.getvalue()


def load(content: bytes) -> Entry:
    """The entry in the bytes of a file; whatever NumPy raises where they are none."""
    with np.load(BytesIO(content), allow_pickle=False) as kept:
        document = Document(_text(kept["text"]), tuple(kept["pages"].tolist()), _text(kept["issue"]))
        vocabulary = _text(kept["vocabulary"])
        return Entry(
            document, kept["spans"], kept["lengths"], vocabulary.split("\n") if vocabulary else [], kept["counts"]
        )


def _table(rows: list[Any], columns: int) -> Integers:
    return np.array(rows, np.int32).reshape(-1, columns)


def _bytes(text: str) -> NDArray[np.uint8]:
    return np.frombuffer(text.encode(), np.uint8)


def _text(content: NDArray[np.uint8]) -> str:
    return content.tobytes().decode()
