"""Numbers and dates as they are printed, found by their value."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from math import isfinite

from gleanery.tasks.alignment import Place
from gleanery.tasks.references.dates import read_month

_NUMBER = re.compile(r"\d+(?:[.,'’]\d+)*")
_SPACED = re.compile(r"(?<![\d.,])\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?!\d)")
_PIECE = re.compile(r"\d+")
_YEAR = re.compile(r"1[5-9]\d\d|20\d\d")
_WORD = re.compile(r"[^\W\d_]+")
_LOOKS = 200  # years, and names of months, that are looked at
_LONGEST = 40  # digits of a number that is looked for
_NEAR = 12  # characters between a month's name and its day
_TOGETHER = 6  # characters between parts of a date that are printed as one


class Numerals:
    """The numbers of a source by their values, with thousands separators and decimal points or commas understood."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._places: dict[str, list[Place]] = {}
        for value, place in _read(source):
            self._places.setdefault(value, []).append(place)

    def find(self, value: float) -> list[Place]:
        """All places where a number of this value is printed as a whole, its minus sign included."""
        key = _canonical(value)
        places = self._places.get(key, []) if key else []
        if value >= 0:
            return places
        return [(start - 1, end) for start, end in places if start and self._source[start - 1] in "-−–"]


def find_dates(source: str, year: int, month: int | None = None, day: int | None = None) -> list[tuple[Place, ...]]:
    """The places of a date, each in one or more pieces: its year, with month and day in numbers or by the month's name.

    Where it stands in one piece somewhere, places in several are left out.
    """
    years = [found.span() for found in islice(re.finditer(rf"(?<!\d){year}(?!\d)", source), _LOOKS)]
    if month is None or not years:
        return [(place,) for place in years]
    numeric = _numeric(year, month, day).finditer(source)
    dates: list[tuple[Place, ...]] = [(found.span(),) for found in numeric]
    if dates:
        return dates
    named = list(islice(_named_days(source, month, day), _LOOKS))
    if not named:
        return []
    dates = [_together((at, *min(named, key=lambda pieces: _gap(at, pieces[0])))) for at in years]
    fewest = min(map(len, dates))
    return [pieces for pieces in dates if len(pieces) == fewest]


def _named_days(source: str, month: int, day: int | None) -> Iterator[tuple[Place, ...]]:
    """The places of a month's name, with those of the day beside it."""
    for word in _WORD.finditer(source):
        if read_month(word[0]) != month:
            continue
        if day is None:
            yield (word.span(),)
            continue
        start, end = max(0, word.start() - _NEAR), word.end() + _NEAR
        days = [found.span() for found in re.compile(rf"(?<!\d)0?{day}(?!\d)").finditer(source, start, end)]
        if days:
            yield word.span(), min(days, key=lambda place: _gap(word.span(), place))


def _numeric(year: int, month: int, day: int | None) -> re.Pattern[str]:
    orders: tuple[str, ...] = (rf"{year}[-‐–./年]0?{month}", rf"0?{month}[-‐–./]{year}")
    if day is not None:
        apart = r"\s?[-‐–—./年月년월]\s?"
        orders = (
            rf"{year}{apart}0?{month}{apart}0?{day}",
            rf"0?{day}{apart}0?{month}{apart}{year}",
            rf"0?{month}{apart}0?{day}{apart}{year}",
        )
    return re.compile(rf"(?<!\d)(?:{'|'.join(orders)})(?!\d)")


def _gap(one: Place, other: Place) -> int:
    """The characters between two places."""
    return max(one[0], other[0]) - min(one[1], other[1])


def _together(pieces: tuple[Place, ...]) -> tuple[Place, ...]:
    """Pieces in printed order, those that stand close to each other as one."""
    joined: list[Place] = []
    for place in sorted(pieces):
        if joined and place[0] - joined[-1][1] <= _TOGETHER:
            joined[-1] = joined[-1][0], max(joined[-1][1], place[1])
        else:
            joined.append(place)
    return tuple(joined)


def _read(source: str) -> Iterator[tuple[str, Place]]:
    for found in _NUMBER.finditer(source):
        pieces = [
            (piece[0], (found.start() + piece.start(), found.start() + piece.end()))
            for piece in _PIECE.finditer(found[0])
        ]
        numbers = [piece for piece, _ in pieces]
        separators = [char for char in found[0] if not char.isdigit()]
        readings = list(_readings(numbers, separators))
        for value in readings:
            yield value, found.span()
        if not readings or (len(numbers) == 2 and _has_year(*numbers)):  # 12.03.1998 and 12.1998 are dates
            for piece, place in pieces:
                yield _plain(piece), place
    for found in _SPACED.finditer(source):
        yield _plain("".join(_PIECE.findall(found[0]))), found.span()


def _readings(numbers: list[str], separators: list[str]) -> Iterator[str]:
    """What figures with separators between them can mean as one number; nothing where they are several."""
    if not separators:
        yield _plain(numbers[0])
        return
    grouped = len(numbers[0]) <= 3 and all(len(piece) == 3 for piece in numbers[1:-1])
    same = len(set(separators[:-1])) <= 1
    if grouped and len(numbers[-1]) == 3 and len(set(separators)) == 1:
        yield _plain("".join(numbers))
    if separators[-1] in ".," and (len(separators) == 1 or (grouped and same and separators[-1] != separators[0])):
        whole, part = _plain("".join(numbers[:-1])), _plain_part(numbers[-1])
        yield f"{whole}.{part}" if part else whole


def _has_year(first: str, last: str) -> bool:
    year, rest = (first, last) if len(first) == 4 else (last, first)
    return bool(_YEAR.fullmatch(year)) and len(rest) <= 2 and rest != "0"


def _plain(digits: str) -> str:
    return str(int(digits)) if len(digits) <= _LONGEST else digits


def _plain_part(digits: str) -> str:
    return "".join(str(int(digit)) for digit in digits[:_LONGEST]).rstrip("0")


def _canonical(value: float) -> str | None:
    """A number's digits as `_read` gives them, without its sign; None where it has too many, or none."""
    if isinstance(value, int):
        return str(abs(value)) if value.bit_length() < 3 * _LONGEST else None
    if not isfinite(value):
        return None
    text = format(abs(Decimal(repr(value))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
