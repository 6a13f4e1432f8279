"""Results as a table, one row each, for spreadsheets."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, BinaryIO

from gleanery.tasks.exports.item import Date, Name, date_of, names_of
from gleanery.tasks.exports.text import well_formed
from gleanery.tasks.records import Issue, Result

REFERENCE_COLUMNS = (
    "type",
    "authors",
    "editors",
    "translators",
    "title",
    "container-title",
    "collection-title",
    "year",
    "volume",
    "issue",
    "page",
    "publisher",
    "publisher-place",
    "edition",
    "genre",
    "number",
    "DOI",
    "ISBN",
    "ISSN",
    "URL",
    "arXiv",
    "PMID",
    "archive",
    "language",
    "note",
    "accessed",
    "citation-number",
)
_BEFORE = ("id", "status", "confidence")
_AFTER = ("issues", "error", "input")
_FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]|[\t\r]")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*%?")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class TableExporter:
    """Writes a header and a row for every result, failed ones too.

    Left to right: the columns that came with the records, as the first of them has them; id, status, confidence; the
    answer's `columns`; issues, error, input. A name that stands twice is the first's as `carried.NAME`. Whatever has no
    column is in JSONL only. No `columns` means those of a reference, with names, year and dates as one text each;
    otherwise nested values stand as JSON, and an answer that is no object is its own column `answer`.

    A cell that a spreadsheet would run as a formula (it begins with =, +, -, @, a tab or a carriage return, and is no
    number) gets a `'` before it, which spreadsheets take for "this is text". Line breaks are kept, quoted; control
    characters are not.
    """

    left_out = 0

    def __init__(self, stream: BinaryIO, columns: Sequence[str] = (), *, delimiter: str = ",") -> None:
        self._columns = tuple(columns or REFERENCE_COLUMNS)
        self._readings = {} if columns else _REFERENCE_READINGS
        self._carried: tuple[str, ...] | None = None
        self._rows = csv.writer(_Utf8(stream), delimiter=delimiter, lineterminator="\r\n")

    def write(self, result: Result) -> None:
        """Write the result's row, before the first of them the header."""
        if self._carried is None:
            self._begin(tuple(result.carried))
        self._rows.writerow([_cell(value) for value in self._values(result)])

    def close(self) -> None:
        """Write the header where there was no result to write it."""
        if self._carried is None:
            self._begin(())

    def _begin(self, carried: tuple[str, ...]) -> None:
        self._carried = carried
        ours = (*_BEFORE, *self._columns, *_AFTER)
        theirs = [f"carried.{name}" if name in ours else name for name in carried]
        self._rows.writerow([_cell(name) for name in (*theirs, *ours)])

    def _values(self, result: Result) -> list[Any]:
        output = result.output if isinstance(result.output, Mapping) else {"answer": result.output}
        return [
            *(result.carried.get(name) for name in self._carried or ()),
            *(result.id, result.status, result.confidence.get("record")),
            *(self._readings[name](output) if name in self._readings else output.get(name) for name in self._columns),
            *("; ".join(map(_issue, result.issues)), result.error, result.input),
        ]


class _Utf8:
    """The text side of a binary stream, as far as csv needs one; unlike TextIOWrapper it never closes the stream."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write one row."""
        return self._stream.write(text.encode())


def _cell(value: Any) -> str:
    text = _CONTROL.sub("", well_formed(_plain(value)))
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _issue(issue: Issue) -> str:
    return f"{issue.code} ({issue.path}): {issue.message}" if issue.path else f"{issue.code}: {issue.message}"


def _people(role: str) -> Callable[[Mapping[str, Any]], str]:
    return lambda output: "; ".join(map(_person, names_of(output.get(role))))


def _person(name: Name) -> str:
    family = f"{name.particle} {name.family}".strip()
    return name.literal or ", ".join(filter(None, (family, name.given, name.suffix)))


def _year(output: Mapping[str, Any]) -> str:
    """The year of issue: 1998, or 1998-1999, or the words that stand for it."""
    issued = date_of(output.get("issued")) or Date()
    return "-".join(dict.fromkeys(str(day[0]) for day in issued.parts)) or issued.literal


def _accessed(output: Mapping[str, Any]) -> str:
    accessed = date_of(output.get("accessed")) or Date()
    return "/".join("-".join(f"{part:02}" for part in day) for day in accessed.parts) or accessed.literal


_REFERENCE_READINGS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "authors": _people("author"),
    "editors": _people("editor"),
    "translators": _people("translator"),
    "year": _year,
    "accessed": _accessed,
}
