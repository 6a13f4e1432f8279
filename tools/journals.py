"""`abbreviate_journal` and `expand_journal`, by a list of the user's own that lies in the workspace."""

from __future__ import annotations

import csv
import io
import re
from functools import lru_cache
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from gleanery.errors import UsageError
from gleanery.tools.tool import tool
from gleanery.tools.workspace import Workspace

FILE = "journals.csv"
_FULL = ("title", "full title", "full", "name", "journal", "journal title", "journal name")
_SHORT = (
    "abbreviation",
    "abbreviated title",
    "abbreviated",
    "abbr",
    "short",
    "short title",
    "iso4",
    "iso 4",
    "nlm",
    "issn title",
)
_NEAR = 80.0
_Name = Annotated[str, Field(max_length=500)]
_File = Annotated[str, Field(description="the list, in the workspace: CSV, TSV or `;` between columns", max_length=500)]


class _List(NamedTuple):
    """The names of journals as printed, by their folded forms, and the other way round."""

    shorts: dict[str, str]
    fulls: dict[str, str]


@tool
def abbreviate_journal(journal: _Name, workspace: Workspace, file: _File = FILE) -> dict[str, Any]:
    """Abbreviate a journal's full name by the user's list in the workspace: `found` says whether the list has it; if it
    does not, `nearest` are names in it that are spelt alike. Nothing is abbreviated by rule."""
    listed = _read(workspace.read(file), file)
    return _answer(journal, listed.shorts, listed.fulls, "abbreviation")


@tool
def expand_journal(abbreviation: _Name, workspace: Workspace, file: _File = FILE) -> dict[str, Any]:
    """Give a journal's full name for its abbreviation, by the user's list in the workspace: `found` says whether the
    list has it; if it does not, `nearest` are abbreviations in it that are spelt alike."""
    listed = _read(workspace.read(file), file)
    return _answer(abbreviation, listed.fulls, listed.shorts, "journal")


def _answer(name: str, names: dict[str, str], printed: dict[str, str], key: str) -> dict[str, Any]:
    from rapidfuzz import fuzz, process

    folded = _folded(name)
    if folded in names:
        return {"found": True, key: names[folded]}
    if folded in printed:
        return {"found": True, key: name.strip(), "note": "It is in that form already."}
    near = process.extract(folded, names.keys(), scorer=fuzz.ratio, limit=3, score_cutoff=_NEAR)
    # What stands in the list, not how it is folded.
    return {"found": False, "nearest": [_in_print(found[0], names, printed) for found in near]}


def _in_print(folded: str, names: dict[str, str], printed: dict[str, str]) -> str:
    return printed.get(_folded(names[folded]), folded)


@lru_cache(maxsize=8)
def _read(content: bytes, file: str) -> _List:
    """The list in a file of columns; without a header the first has the full names, the second the short ones."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UsageError(f"`{file}` is not a text in UTF-8.") from None
    first = text.partition("\n")[0]
    rows = list(csv.reader(io.StringIO(text), delimiter=max("\t;,", key=first.count)))
    full, short, begin = _columns(rows[0] if rows else [])
    listed = _List({}, {})
    for row in rows[begin:]:
        if len(row) > max(full, short) and row[full].strip() and row[short].strip():
            listed.shorts.setdefault(_folded(row[full]), row[short].strip())
            listed.fulls.setdefault(_folded(row[short]), row[full].strip())
    if not listed.shorts:
        raise UsageError(f"`{file}` is no list of journals: it needs a column `title` and a column `abbreviation`.")
    return listed


def _columns(header: list[str]) -> tuple[int, int, int]:
    """Where the full and the short names stand, and the first row that has some."""
    names = [_folded(name) for name in header]
    full = next((at for at, name in enumerate(names) if name in _FULL), None)
    short = next((at for at, name in enumerate(names) if name in _SHORT), None)
    return (0, 1, 0) if full is None or short is None else (full, short, 1)


def _folded(name: str) -> str:
    words = re.findall(r"\w+", name.casefold().replace("&", " and "))
    return " ".join(words[1:] if len(words) > 1 and words[0] == "the" else words)
