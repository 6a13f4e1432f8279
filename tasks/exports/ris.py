"""References as RIS, for EndNote, Zotero and Mendeley."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from gleanery.tasks.exports.item import Date, Item, Name, item_of
from gleanery.tasks.records import Result

_TYPES = {
    "article": "UNPB",
    "article-journal": "JOUR",
    "article-magazine": "MGZN",
    "article-newspaper": "NEWS",
    "book": "BOOK",
    "chapter": "CHAP",
    "legislation": "STAT",
    "manuscript": "MANSCPT",
    "paper-conference": "CPAPER",
    "patent": "PAT",
    "report": "RPRT",
    "thesis": "THES",
    "webpage": "ELEC",
}
_PERIODICALS = frozenset({"JOUR", "MGZN", "NEWS"})
_ROLES = {"author": "AU", "editor": "ED", "translator": "A4"}
_TAGS = {
    "title": "TI",
    "container-title": "T2",
    "collection-title": "T3",
    "volume": "VL",
    "issue": "IS",
    "publisher": "PB",
    "publisher-place": "CY",
    "edition": "ET",
    "genre": "M3",
    "language": "LA",
    "archive": "DP",
    "DOI": "DO",
    "URL": "UR",
    "note": "N1",
}
_PAGES = re.compile(r"(\w+)\s*[-‐–—]+\s*(\w+)")


class RisExporter:
    """Writes one record a reference; what is no reference is left out, for RIS has no comments."""

    def __init__(self, stream: BinaryIO) -> None:
        self.left_out = 0
        self._stream = stream

    def write(self, result: Result) -> None:
        """Write the result's record."""
        item = item_of(result)
        if item is None:
            self.left_out += 1
            return
        lines = "".join(f"{tag}  - {value}\r\n" for tag, value in _lines(item) if value)
        self._stream.write(f"{lines}ER  - \r\n\r\n".encode())

    def close(self) -> None:
        """Nothing ends a RIS file but its last record."""


def _lines(item: Item) -> Iterator[tuple[str, str]]:
    kind = _TYPES.get(item.type, "GEN")
    yield "TY", kind
    yield "ID", item.id
    for role, tag in _ROLES.items():
        for name in item.names.get(role, ()):
            yield tag, _person(name)
    for variable, tag in _TAGS.items():
        yield tag, item.get(variable)
    if kind in _PERIODICALS:
        yield "JO", item.get("container-title")
    yield "M1" if item.get("issue") else "IS", item.get("number")
    yield from _pages(item.get("page"))
    yield from _numbers(item)
    yield from _dates(item)


def _person(name: Name) -> str:
    """Family, given, suffix: RIS has no escape, so that a comma within a name divides it for the reader too."""
    family = f"{name.particle} {name.family}".strip()
    # The suffix is known by being third, so that an absent given name keeps its empty place before it.
    parts = [family, name.given, name.suffix] if name.suffix else [family, name.given]
    return name.literal or ", ".join(parts if parts[-1] else parts[:1])


def _pages(page: str) -> Iterator[tuple[str, str]]:
    if ends := _PAGES.fullmatch(page):
        yield "SP", ends[1]
        yield "EP", ends[2]
    else:
        yield "SP", page


def _numbers(item: Item) -> Iterator[tuple[str, str]]:
    """Standard and accession numbers; RIS has one line for either, so that what has no line left goes to the notes."""
    yield "SN", item.get("ISBN") or item.get("ISSN")
    yield "N1", f"ISSN: {item.get('ISSN')}" if item.get("ISBN") and item.get("ISSN") else ""
    pmid, arxiv = item.get("PMID"), item.get("arXiv")
    yield "AN", pmid or arxiv
    yield "DB", "PubMed" if pmid else "arXiv" if arxiv else ""
    yield "N1", f"arXiv: {arxiv}" if pmid and arxiv else ""


def _dates(item: Item) -> Iterator[tuple[str, str]]:
    if issued := item.dates.get("issued"):
        yield "PY", str(issued.parts[0][0]) if issued.parts else issued.literal
        yield "DA", _day(issued)
    if accessed := item.dates.get("accessed"):
        yield "Y2", _day(accessed)


def _day(date: Date) -> str:
    """`YYYY/MM/DD/other`, with an empty place for what is unknown; other is the range's end, the season, the doubt."""
    if not date.parts:
        return ""
    year, *rest = date.parts[0]
    numbers = [str(year), *(f"{part:02}" for part in rest), "", ""][:3]
    end = "-".join(f"{part:02}" for part in date.parts[1]) if len(date.parts) > 1 else ""
    other = (f"to {end}" if end else "", date.season, "circa" if date.circa else "", date.literal)
    return "/".join([*numbers, ", ".join(filter(None, other))])
