"""References as BibTeX, in UTF-8, for LaTeX and reference managers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

from gleanery.tasks.exports import bibtex_text
from gleanery.tasks.exports.bibtex_text import escaped, verbatim
from gleanery.tasks.exports.citekeys import Citekeys
from gleanery.tasks.exports.item import Date, Item, item_of
from gleanery.tasks.exports.text import one_line
from gleanery.tasks.records import Result

_ENTRIES = {
    "article-journal": "article",
    "article-magazine": "article",
    "article-newspaper": "article",
    "book": "book",
    "chapter": "incollection",
    "entry-dictionary": "incollection",
    "entry-encyclopedia": "incollection",
    "manuscript": "unpublished",
    "paper-conference": "inproceedings",
    "report": "techreport",
    "thesis": "phdthesis",
}
_CONTAINERS = {"article": "journal", "incollection": "booktitle", "inproceedings": "booktitle"}
_PUBLISHERS = {"phdthesis": "school", "mastersthesis": "school", "techreport": "institution"}
_FIELDS = {
    "collection-title": "series",
    "volume": "volume",
    "publisher-place": "address",
    "edition": "edition",
    "ISBN": "isbn",
    "ISSN": "issn",
    "PMID": "pmid",
    "archive": "archive",
    "language": "language",
    "note": "note",
}
_MASTERS = re.compile(r"master|magist|diplom|bachelor|licen|\b[mb]\.? ?(?:a|sc|phil|eng|s)\b", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_UNCOMMENTED = re.compile(r"[{}@]")


class BibtexExporter:
    """Writes one entry a reference; what is no reference becomes a comment."""

    def __init__(self, stream: BinaryIO) -> None:
        self.left_out = 0
        self._stream = stream
        self._keys = Citekeys()

    def write(self, result: Result) -> None:
        """Write the result's entry."""
        item = item_of(result)
        if item is None:
            self.left_out += 1
            text = _comment(result)
        else:
            text = _entry(item, self._keys.key(item))
        self._stream.write(text.encode())

    def close(self) -> None:
        """Nothing ends a BibTeX file but its last entry."""


def _comment(result: Result) -> str:
    """Why there is no entry; no `@` and no brace, either of which would end the comment."""
    text = one_line(f"{result.id}: {result.error or 'no reference in this record'}")
    return f"@comment{{{_UNCOMMENTED.sub(' ', text)}}}\n\n"


def _entry(item: Item, key: str) -> str:
    entry = _ENTRIES.get(item.type, "misc")
    if entry == "phdthesis" and _MASTERS.search(item.get("genre")):
        entry = "mastersthesis"
    fields = "".join(f"  {name} = {value},\n" for name, value in _fields(item, entry))
    return f"@{entry}{{{key},\n{fields}}}\n\n"


def _fields(item: Item, entry: str) -> Iterator[tuple[str, str]]:
    """The fields' names and their values, these with their braces; month macros have none."""
    for role in ("author", "editor", "translator"):
        if names := item.names.get(role):
            yield role, f"{{{bibtex_text.people(names)}}}"
    for name, value in _texts(item, entry):
        if value:
            yield name, f"{{{value}}}"
    if issued := item.dates.get("issued"):
        yield from _issued(issued)


def _texts(item: Item, entry: str) -> Iterator[tuple[str, str]]:
    yield "title", bibtex_text.title(item.get("title"))
    yield _CONTAINERS.get(entry, "howpublished"), escaped(item.get("container-title"))
    yield _PUBLISHERS.get(entry, "publisher"), escaped(item.get("publisher"))
    yield "number", escaped(item.get("issue") or item.get("number"))
    yield "eid", escaped(item.get("number")) if item.get("issue") else ""
    yield "type", escaped(item.get("genre"))
    yield "pages", bibtex_text.pages(item.get("page"))
    for variable, name in _FIELDS.items():
        yield name, escaped(item.get(variable))
    yield "doi", verbatim(item.get("DOI"))
    yield "url", verbatim(item.get("URL"))
    if accessed := item.dates.get("accessed"):
        yield "urldate", _day(accessed)
    if arxiv := item.get("arXiv"):
        yield "eprint", verbatim(arxiv)
        yield "archiveprefix", "arXiv"


def _issued(date: Date) -> Iterator[tuple[str, str]]:
    if not date.parts:
        yield "year", f"{{{escaped(date.literal)}}}"
        return
    yield "year", f"{{{'ca. ' if date.circa else ''}{_years(date)}}}"
    _, *month_and_day = date.parts[0]
    if month_and_day:
        yield "month", _MONTHS[month_and_day[0] - 1]
    elif date.season:
        yield "month", f"{{{escaped(date.season)}}}"
    if len(month_and_day) > 1:
        yield "day", f"{{{month_and_day[1]}}}"
    if date.literal:
        yield "pubstate", f"{{{escaped(date.literal)}}}"


def _years(date: Date) -> str:
    years = dict.fromkeys(str(day[0]) if day[0] > 0 else f"{-day[0]} BC" for day in date.parts)
    return "--".join(years)


def _day(date: Date) -> str:
    """A date as ISO 8601 has it, as far as it is known."""
    if not date.parts:
        return escaped(date.literal)
    year, *rest = date.parts[0]
    return "-".join([f"{year:04}", *(f"{part:02}" for part in rest)])
