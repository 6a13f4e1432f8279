"""Files as Documents: text, Markdown, web pages and PDFs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from gleanery.errors import SourceError
from gleanery.tools.documents import html
from gleanery.tools.documents.document import Document
from gleanery.tools.documents.encodings import decode, whole

LARGEST = 64 << 20
"""Bytes of a file that is read."""


def find_files(folder: Path) -> Iterator[tuple[str, Path]]:
    """The files that can be read, below a folder, by their paths in it and in the order of these.

    Hidden ones are left out, and links that lead out of the folder.
    """
    root = folder.resolve()
    found: list[tuple[str, Path]] = []
    for place, folders, names in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(place, name)
            if name.startswith(".") or path.suffix.lower() not in _READERS:
                continue
            if path.is_file() and (not path.is_symlink() or path.resolve().is_relative_to(root)):
                found.append((path.relative_to(root).as_posix(), path))
    yield from sorted(found)


def read_content(path: Path) -> bytes:
    """The bytes of a file; SourceError where they are too many, OSError where it cannot be opened."""
    size = path.stat().st_size
    if size > LARGEST:
        raise SourceError(f"It has {size >> 20} MB, and no more than {LARGEST >> 20} are read. Split it.")
    return path.read_bytes()


def read_document(content: bytes, suffix: str) -> Document:
    """What the bytes of a file with that suffix say; where that is nothing, the `issue` says why."""
    document = _READERS[suffix](content)
    return document if document.text.strip() or document.issue else Document("", issue="It is empty.")


def _read_text(content: bytes) -> Document:
    text, issue = decode(content)
    if "\0" in text:
        return Document("", issue="It is not a text, but holds binary data.")
    return Document(text, issue=issue)


def _read_html(content: bytes) -> Document:
    text, issue = decode(content, html.declared(content))
    return Document(whole(html.text_of(text)), issue=issue)


def _read_pdf(content: bytes) -> Document:
    from gleanery.tools.documents.pdf import read_pdf

    return read_pdf(content)


_READERS: dict[str, Callable[[bytes], Document]] = {
    **dict.fromkeys((".txt", ".text", ".md", ".markdown"), _read_text),
    **dict.fromkeys((".html", ".htm", ".xhtml"), _read_html),
    ".pdf": _read_pdf,
}
