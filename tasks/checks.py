"""Checks that a task declares for its answers: a length, a pattern, a function of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleanery.tasks.entries import Entries
from gleanery.tasks.modules import Function, load_function
from gleanery.tasks.nearest import did_you_mean
from gleanery.tasks.records import Issue, Record

FUNCTION = re.compile(r"(?P<file>[\w./-]+\.py):(?P<name>[^\W\d]\w*)")
"""A function beside the task: `checks.py:name`."""
_BOUNDS = ("min_words", "max_words", "min_characters", "max_characters")
_KINDS = ("length", "pattern", "duplicates")


@dataclass(frozen=True, slots=True)
class LengthCheck:
    """The text of the answer, or of one field of it, has no less and no more of these; None: no bound."""

    min_words: int | None = None
    max_words: int | None = None
    min_characters: int | None = None
    max_characters: int | None = None
    field: str | None = None

    def wrong(self, text: str) -> str | None:
        """What is wrong with the text, in a sentence."""
        for unit, count in (("words", len(text.split())), ("characters", len(text))):
            least, most = getattr(self, f"min_{unit}"), getattr(self, f"max_{unit}")
            if least is not None and count < least:
                return f"The text has {count} {unit}, and must have {least} at least. Make it longer."
            if most is not None and count > most:
                return f"The text has {count} {unit}, and must have {most} at most. Make it shorter."
        return None


@dataclass(frozen=True, slots=True)
class PatternCheck:
    """The regular expression is found in the text of the answer, or of one field of it."""

    pattern: str
    field: str | None = None

    def wrong(self, text: str) -> str | None:
        """What is wrong with the text, in a sentence."""
        return None if re.search(self.pattern, text) else f"The text must match the pattern {self.pattern}"


@dataclass(frozen=True, slots=True)
class FunctionCheck:
    """A function of a Python file beside the task: `name(output)` or `name(output, columns)`, None or a sentence."""

    file: Path
    name: str


Check = LengthCheck | PatternCheck | FunctionCheck


class Checks:
    """Checks ready to judge answers: their functions are loaded. DeclarationError where one of them cannot be."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks: list[LengthCheck | PatternCheck | Function] = [
            load_function(check.file, check.name) if isinstance(check, FunctionCheck) else check for check in checks
        ]

    def issues(self, output: Any, record: Record) -> list[Issue]:
        """What is wrong with a schema-valid answer."""
        found: list[Issue] = []
        for check in self._checks:
            if isinstance(check, Function):
                field, wrong = None, check(output, columns_of(record))
            else:
                field, wrong = check.field, check.wrong(text_of(output, check.field))
            if wrong:
                found.append(Issue("check-failed", field, wrong))
        return found


def columns_of(record: Record) -> Mapping[str, Any]:
    """What a judging function is given beside the value: the record's columns, its text as `source`."""
    return {**record.carried, "source": record.text}


def text_of(output: Any, field: str | None = None) -> str:
    """The text of an answer or of one of its fields: its strings, a line each."""
    if field is not None:
        output = output.get(field) if isinstance(output, dict) else None
    return "\n".join(_strings(output))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _strings(inner)


def read_checks(entries: Entries, folder: Path) -> tuple[tuple[Check, ...], float | None]:
    """The checks that a declaration lists, and the likeness from which two answers of a batch are duplicates."""
    checks: list[Check] = []
    duplicates: float | None = None
    for part in entries.parts("checks") if "checks" in entries else ():
        if isinstance(part, str):
            checks.append(FunctionCheck(*function_at(entries, "checks", part, folder)))
            continue
        part.only(_KINDS, required=(), later={})
        for kind in part.keys:
            if kind == "duplicates":
                duplicates = _likeness(part)
            else:
                checks.append(_length(part) if kind == "length" else _pattern(part))
    return tuple(checks), duplicates


def function_at(entries: Entries, key: str, text: str, folder: Path) -> tuple[Path, str]:
    """The file and the name that `checks.py:name` means; the file must be there."""
    match = FUNCTION.fullmatch(text.strip())
    if match is None:
        raise entries.error(key, f"`{text}` is no function: write its file and name, like `checks.py:fits`.")
    file = folder / match["file"]
    if not file.is_file():
        near = did_you_mean(file.name, (path.name for path in folder.glob("*.py")))
        raise entries.error(key, f"there is no file {file}.{near}")
    return file, match["name"]


def pattern_at(entries: Entries, key: str) -> str:
    """The regular expression at `key`."""
    pattern = entries.text(key)
    try:
        re.compile(pattern)
    except re.error as error:
        raise entries.error(key, f"is no regular expression: {error}.") from None
    return pattern


def _length(part: Entries) -> LengthCheck:
    bounds = part.below("length")
    bounds.only((*_BOUNDS, "field"), required=(), later={})
    said = {key: bounds.whole(key) for key in bounds.keys if key != "field"}
    if not said:
        raise part.error("length", f"needs a bound: {', '.join(_BOUNDS)}.")
    return LengthCheck(**said, field=bounds.text("field") if "field" in bounds else None)


def _pattern(part: Entries) -> PatternCheck:
    if not part.is_a("pattern", "mapping"):
        return PatternCheck(pattern_at(part, "pattern"))
    said = part.below("pattern")
    said.only(("matches", "field"), required=("matches",), later={})
    return PatternCheck(pattern_at(said, "matches"), said.text("field") if "field" in said else None)


def _likeness(part: Entries) -> float:
    likeness = part.number("duplicates")
    if not 0 < likeness <= 1:
        raise part.error("duplicates", f"must be above 0 and at most 1, and is {likeness:g}.")
    return likeness
