"""The annotated references, read as labelled segments.

The corpora annotate in different ways (see docs/training.md): segments with or without punctuation, one label for
volume and issue, archives in a dozen labels. Here each becomes a list of `Segment`s whose labels
are those of `labels.LABELS`, each holding just the value, and whose texts concatenate to the reference string.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

Segment = tuple[str | None, str]

FIELDS_OF: dict[str, tuple[str, ...]] = {
    "author": ("author",), "authors": ("author",), "editor": ("editor",), "translator": ("translator",),
    "title": ("title", "container_title"), "title_a": ("title",), "title_m": ("title", "container_title"),
    "title_j": ("container_title", "title"), "title_s": ("collection_title",), "journal": ("container_title", "title"),
    "container-title": ("container_title",), "collection-title": ("collection_title",),
    "date": ("date", "year"), "year": ("date", "year"), "volume": ("volume", "issue"), "tomo": ("volume",),
    "volumes": ("volume",), "biblScope": ("volume",), "issue": ("issue",), "page": ("pages",), "pages": ("pages",),
    "pagination": ("pages",), "column": ("pages",), "publisher": ("publisher",), "publishe": ("publisher",),
    "orgName": ("publisher",), "location": ("location",), "pubPlace": ("location",), "publicationplace": ("location",),
    "edition": ("edition",), "genre": ("genre",), "note_report": ("note",), "note": ("note",), "notes": ("note",),
    "idno": ("identifier",), "idno_report": ("identifier",), "idno_arxiv": ("identifier",),
    "idno_arxive": ("identifier",), "idno_pmid": ("identifier",), "idno_doi": ("doi",), "doi": ("doi",),
    "idno_isbn": ("isbn", "identifier"), "isbn": ("isbn",), "idno_issn": ("issn", "identifier"),
    "ptr": ("url",), "url": ("url",), "citation-number": ("citation_number",),
    "archive_lib": ("archive",), "archivalreference": ("archive_location",), "box": ("archive_location",),
    "folder": ("archive_location",), "registry": ("archive_location",), "filza": ("archive_location",),
    "cartulation": ("archive_location",), "foliation": ("archive_location",), "attachment": ("archive_location",),
    "orgName_collaboration": ("collaboration",),
}  # fmt: skip
"""Which cleaned fields may hold the value of a segment with this label."""

LABEL_OF: dict[str, str] = {
    "author": "author", "editor": "editor", "translator": "translator", "title": "title",
    "container_title": "container-title", "collection_title": "collection-title", "date": "date", "year": "date",
    "volume": "volume", "issue": "issue", "pages": "page", "publisher": "publisher", "location": "publisher-place",
    "edition": "edition", "genre": "genre", "note": "note", "identifier": "number", "doi": "doi", "isbn": "isbn",
    "issn": "issn", "url": "url", "citation_number": "citation-number", "archive": "archive",
    "archive_location": "archive", "collaboration": "note",
}  # fmt: skip
"""Our label for each cleaned field."""

LABEL_OF_SEGMENT = {
    "idno_arxiv": "arxiv", "idno_arxive": "arxiv", "idno_pmid": "pmid", "idno_isbn": "isbn", "idno_issn": "issn",
    "note_report": "genre",
}  # fmt: skip
"""Segments that say more than their cleaned field does."""

_VOLUME_WORD = re.compile(r"(?i)^(?:vol(?:ume|s)?|voi|v|t|to|tome|tomo|bd|band|tom)\b[\s.]*")
_COMPOUND = re.compile(r"(?:(\d{4});\s*)?(\d+),?\s*\(([^()]+)\)")
_YEAR = re.compile(r"\(?\b(1[4-9]\d\d|20\d\d)(?:\s*[-–/]\s*\d{2,4})?\b")
_ISSUE = re.compile(r"(?i)\b(?:n|nr|nn|no|fasc|heft|h|num|n°)\b[\s.°]*(\d+(?:\s*[-–/]\s*\d+)?)")
_NUMBER = re.compile(r"\b(?:\d+|[IVXLCDM]+)\b")
_ONLY_NUMBER = re.compile(r"\W*(?:\d+|[IVXLCDM]+)\W*")


class Reference(NamedTuple):
    """One annotated reference."""

    source: str
    segments: list[Segment]


def read(path: Path) -> Iterator[Reference]:
    """The references of an annotated file, such as `train.jsonl`."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            yield Reference(row["source"], segments(row))


def segments(row: dict[str, Any]) -> list[Segment]:
    """The labelled segments of one annotated row."""
    raw: str = row["raw"]
    values = {field: _as_list(value) for field, value in row["fields"].items()}
    if "author" not in values and "collaboration" in values:
        values["author"] = values.pop("collaboration")
    spans: list[tuple[int, int, str]] = []
    position = 0
    for name, text in row["segments"]:
        start = raw.find(text, position)
        if start < 0:
            continue
        spans += _values_in(name, text, start, values)
        position = start + len(text)
    return _fill(raw, spans)


def _as_list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _values_in(name: str, text: str, offset: int, values: dict[str, list[str]]) -> list[tuple[int, int, str]]:
    if name in ("publicationnumber-year", "numbered_ref"):
        return _periodical_number(name, text, offset, values)
    if name == "volume" and (compound := _COMPOUND.match(text)):
        parts = zip(compound.regs[1:], ("date", "volume", "issue"), strict=True)
        return [(offset + start, offset + end, label) for (start, end), label in parts if start >= 0]
    fields = FIELDS_OF.get(name, ())
    if name == "orgName_collaboration" and "author" in values:
        fields = (*fields, "author")
    found: list[tuple[int, int, str]] = []
    for field in fields:
        value = next((v for v in values.get(field, ()) if v in text), None)
        if value is None or (found and field in ("year", "title", "container_title")):
            continue
        start = _free(text, value, found)
        if start is None:
            continue
        skip = _VOLUME_WORD.match(value) if field == "volume" else None
        begin = start + (skip.end() if skip and skip.end() < len(value) else 0)
        found.append((begin, start + len(value), LABEL_OF_SEGMENT.get(name, LABEL_OF[field])))
    return [(offset + begin, offset + end, label) for begin, end, label in sorted(found)]


def _free(text: str, value: str, taken: list[tuple[int, int, str]]) -> int | None:
    """Where `value` first stands in `text` outside what is taken: in "vol. 1, no. 1" the second 1 is the issue."""
    start = text.find(value)
    while start >= 0 and any(start < end and start + len(value) > begin for begin, end, _ in taken):
        start = text.find(value, start + 1)
    return start if start >= 0 else None


def _periodical_number(name: str, text: str, offset: int, values: dict[str, list[str]]) -> list[tuple[int, int, str]]:
    """LinkedBooks prints "n.s., XXI, 1990, n. 3" as one segment: the volume, the date and the issue in it."""
    if name == "numbered_ref" and ("container_title" not in values or not _ONLY_NUMBER.fullmatch(text)):
        return []
    found: list[tuple[int, int, str]] = []
    if year := _YEAR.search(text):
        found.append((year.start() + year.group().startswith("("), year.end(), "date"))
    if issue := _ISSUE.search(text):
        found.append((*issue.span(1), "issue"))
    for number in _NUMBER.finditer(text):
        if "volume" not in values and not any(number.start() < end and number.end() > begin for begin, end, _ in found):
            found.append((*number.span(), "volume"))
            break
    return [(offset + begin, offset + end, label) for begin, end, label in sorted(found)]


def _fill(raw: str, spans: list[tuple[int, int, str]]) -> list[Segment]:
    out: list[Segment] = []
    position = 0
    for start, end, label in sorted(spans):
        if start < position:
            continue
        if start > position:
            out.append((None, raw[position:start]))
        out.append((label, raw[start:end]))
        position = end
    if position < len(raw):
        out.append((None, raw[position:]))
    return out
