"""A Result's output read as a bibliographic item, for the formats that write references.

The words are those of CSL 1.0.2. Whatever is malformed is passed over here, once, so that no format has to doubt it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gleanery.tasks.exports.text import one_line
from gleanery.tasks.exports.vocabulary import DATE_VARIABLES, NAME_VARIABLES, TYPES
from gleanery.tasks.records import Result

# What is said about a reference, or where it stood, without saying which work it refers to.
_INCIDENTAL = frozenset({"citation-number", "language", "note"})


@dataclass(frozen=True, slots=True)
class Name:
    """A person by parts, or whoever has only a `literal` name; absent parts are empty."""

    family: str = ""
    given: str = ""
    particle: str = ""
    suffix: str = ""
    literal: str = ""


@dataclass(frozen=True, slots=True)
class Date:
    """A day, month or year (one of `parts`), a range (two) or words (`literal`); years before 1 are negative."""

    parts: tuple[tuple[int, ...], ...] = ()
    season: str = ""
    circa: bool = False
    literal: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One work that is referred to; every text is one line and none is empty."""

    id: str
    type: str
    text: Mapping[str, str]
    names: Mapping[str, tuple[Name, ...]]
    dates: Mapping[str, Date]

    def get(self, variable: str) -> str:
        """The variable's text, empty where it is absent."""
        return self.text.get(variable, "")


def item_of(result: Result) -> Item | None:
    """The work that a result refers to, or None when it failed or its answer names none."""
    if result.status == "failed" or not isinstance(result.output, Mapping):
        return None
    text: dict[str, str] = {}
    names: dict[str, tuple[Name, ...]] = {}
    dates: dict[str, Date] = {}
    for variable, value in result.output.items():
        if variable in NAME_VARIABLES:
            if people := names_of(value):
                names[variable] = people
        elif variable in DATE_VARIABLES:
            if date := date_of(value):
                dates[variable] = date
        elif plain := _text(value):
            text[variable] = plain
    kind = text.pop("type", "")
    text.pop("id", None)
    if not names and not text.keys() - _INCIDENTAL:
        return None
    return Item(one_line(result.id), kind if kind in TYPES else "document", text, names, dates)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return one_line(value)
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def names_of(value: Any) -> tuple[Name, ...]:
    """The names in a CSL name variable, without what is no name."""
    if not isinstance(value, list):
        return ()
    names = (_name(entry) for entry in value if isinstance(entry, Mapping))
    return tuple(name for name in names if name != Name())


def _name(value: Mapping[str, Any]) -> Name:
    """One name; a dropping particle belongs to the given names, where every style that drops it puts it."""
    given = f"{_text(value.get('given'))} {_text(value.get('dropping-particle'))}".strip()
    family, particle = _text(value.get("family")), _text(value.get("non-dropping-particle"))
    suffix, literal = _text(value.get("suffix")), _text(value.get("literal"))
    if not family:
        return Name(literal=literal or " ".join(filter(None, (given, particle, suffix))))
    return Name(family, given, particle, suffix)


def date_of(value: Any) -> Date | None:
    """The date in a CSL date variable, or None where there is neither a year nor a word."""
    if not isinstance(value, Mapping):
        return None
    listed = value.get("date-parts")
    ends = [_day(parts) for parts in listed[:2]] if isinstance(listed, list) else []
    date = Date(
        parts=tuple(day for day in ends if day),
        season=_text(value.get("season")),
        circa=bool(value.get("circa")),
        literal=_text(value.get("literal")) or _text(value.get("raw")),
    )
    return date if date.parts or date.literal else None


def _day(parts: Any) -> tuple[int, ...]:
    """Year, month and day as far as they are numbers of a calendar."""
    numbers: list[int] = []
    for part, (least, most) in zip(parts if isinstance(parts, list) else (), _CALENDAR, strict=False):
        text = _text(part)
        if not text.removeprefix("-").isdecimal() or not least <= int(text) <= most:
            break
        numbers.append(int(text))
    return tuple(numbers)


_CALENDAR = ((-9999, 9999), (1, 12), (1, 31))
