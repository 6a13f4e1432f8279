"""References as CSL-JSON 1.0.2, for citation processors, Zotero and pandoc."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

import orjson

from gleanery.tasks.exports.item import Date, Item, Name, item_of
from gleanery.tasks.exports.vocabulary import TEXT_VARIABLES
from gleanery.tasks.records import Result


class CslJsonExporter:
    """Writes one array of CSL items, each under its result's id; what is no reference is left out."""

    def __init__(self, stream: BinaryIO) -> None:
        self.left_out = 0
        self._stream = stream
        self._before = b"[\n"

    def write(self, result: Result) -> None:
        """Write the result's item."""
        item = item_of(result)
        if item is None:
            self.left_out += 1
            return
        self._stream.write(self._before + orjson.dumps(_as_csl(item)))
        self._before = b",\n"

    def close(self) -> None:
        """End the array."""
        self._stream.write(b"[]\n" if self._before == b"[\n" else b"\n]\n")


def _as_csl(item: Item) -> dict[str, Any]:
    names = {variable: [_name(name) for name in people] for variable, people in item.names.items()}
    dates = {variable: _date(date) for variable, date in item.dates.items()}
    text = {variable: value for variable, value in item.text.items() if variable in TEXT_VARIABLES}
    return {"id": item.id, "type": item.type} | names | text | _arxiv(item) | dates


def _arxiv(item: Item) -> dict[str, str]:
    """Where CSL keeps an arXiv identifier: as a place in an archive, or in the note when there is another archive."""
    identifier = item.get("arXiv")
    if not identifier:
        return {}
    if not item.get("archive") and not item.get("archive_location"):
        return {"archive": "arXiv", "archive_location": identifier}
    return {"note": "; ".join(filter(None, (item.get("note"), f"arXiv: {identifier}")))}


def _name(name: Name) -> dict[str, str]:
    if name.literal:
        return {"literal": name.literal}
    parts = {
        "family": name.family,
        "given": name.given,
        "non-dropping-particle": name.particle,
        "suffix": name.suffix,
    }
    return {part: value for part, value in parts.items() if value}


def _date(date: Date) -> dict[str, Any]:
    out: dict[str, Any] = {}
    if date.parts:
        out["date-parts"] = _within_years(date.parts)
    if date.season:
        out["season"] = int(date.season) if date.season.isdecimal() else date.season
    if date.circa:
        out["circa"] = True
    if date.literal:
        out["literal"] = date.literal
    return out


def _within_years(parts: Sequence[Sequence[int]]) -> Sequence[Sequence[int]]:
    """A range of years as it is; one within a year by its beginning, since citeproc-py cannot print such a range."""
    return parts[:1] if len(parts) == 2 and parts[0][0] == parts[1][0] else parts
