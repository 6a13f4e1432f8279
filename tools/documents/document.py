"""A file as text, and the passages into which it is cut."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    """What a file says. `pages` are where its pages begin in the text, in code points; none where it has none.

    `issue` says why there is no text, or what of it is a guess.
    """

    text: str
    pages: tuple[int, ...] = ()
    issue: str = ""

    def page_at(self, place: int) -> int | None:
        """The number of the page on which a place of the text is, counted from 1; None where there are no pages."""
        return max(1, bisect_right(self.pages, place)) if self.pages else None


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document: `text` is `document[start:end]`, in code points of the extracted text.

    `source` is the file's path in its folder; `page` and `last_page` are where the passage begins and ends.
    """

    source: str
    start: int
    end: int
    text: str
    page: int | None = None
    last_page: int | None = None

    @property
    def id(self) -> str:
        """By what an answer names it: `notes.pdf:12:340-820`, or `notes.md:340-820` where there are no pages."""
        page = "" if self.page is None else f":{self.page}"
        return f"{printable(self.source)}{page}:{self.start}-{self.end}"


def printable(source: str) -> str:
    """A path as one line that says nothing but itself: what cannot be seen, or ends a marker, is written as %XX."""
    return "".join(c if c.isprintable() and c not in "[]|%" else f"%{ord(c):02X}" for c in source)


def passage_of(source: str, document: Document, start: int, end: int) -> Passage:
    """That piece of the document."""
    pages = document.page_at(start), document.page_at(end - 1)
    return Passage(source, start, end, document.text[start:end], *pages)


def names_of(sources: Sequence[str], most: int = 5) -> str:
    """Some files, by name, and how many more."""
    more = f" and {len(sources) - most} more" if len(sources) > most else ""
    return ", ".join(map(printable, sources[:most])) + more
