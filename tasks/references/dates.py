"""Printed dates to CSL dates: years, ranges, months in seven languages, seasons, and words in place of a date."""

from __future__ import annotations

import re
from typing import Any

from gleanery.tasks.references.printed import tidy

_MONTH_NAMES = (
    "january jan januar jänner jaenner janvier janv gennaio genn gen enero ene janeiro januari",
    "february feb febr februar feber février fevrier févr fevr fév febbraio febb febrero fevereiro fev februari",
    "march mar mars märz maerz mrz marzo março marco maart mrt",
    "april apr avril avr aprile abril abr",
    "may mai mayo maggio magg maio mei",
    "june jun juni juin giugno giu junio junho",
    "july jul juli juillet juil luglio lug julio julho",
    "august aug août aout agosto ago augustus",
    "september sept sep septembre settembre sett set septiembre setiembre setembro",
    "october oct oktober okt octobre ottobre ott octubre outubro out",
    "november nov novembre noviembre novembro",
    "december dec dezember dez décembre decembre déc dicembre dic diciembre dezembro",
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, 1) for name in names.split()}
_SEASON_NAMES = (
    "spring frühling frühjahr fruehjahr printemps primavera lente",
    "summer sommer été verano estate verão zomer",
    "autumn fall herbst automne otoño autunno outono herfst",
    "winter hiver invierno inverno",
)
_SEASONS = {name: number for number, names in enumerate(_SEASON_NAMES, 1) for name in names.split()}

_YEAR = re.compile(r"(?<!\d)(?:1\d|20)\d\d(?!\d)")
_SPACED_YEAR = re.compile(r"(?<!\d)(?:1 ?[0-9Oo]|2 ?[0Oo]) ?\d ?\d(?!\d)")
_RAISED = re.compile(r"(?:1[5-9]\d|20[0-2])\d\d{1,2}")  # 19762: the second edition of 1976, raised in print
_BRACKETED = re.compile(r"[\[(][^\[\]()]{0,60}[\])]")
_NUMBER_OR_WORD = re.compile(r"\d+|[^\W\d_]+")
_ISO = re.compile(r"(?<!\d)((?:1\d|20)\d\d)\s?[-‐–—./年년]\s?(\d{1,2})(?!\d)(?:\s?[-‐–—./月월]\s?(\d{1,2})(?!\d))?")
_NUMERIC = re.compile(r"(?<!\d)(\d{1,2})\s?([./-])\s?(\d{1,2})\s?\2\s?(\d{4}|\d{2})(?!\d)")
_MONTH_YEAR = re.compile(r"(?<![\d./-])(\d{1,2})\s?[./]\s?((?:1\d|20)\d\d)(?!\d)")
_YEAR_RANGE = re.compile(r"(?<!\d)((?:1\d|20)\d\d)[a-z]?\s?(?:[-‐–—−/]+|to|bis)\s?(\d{4}|\d{2})(?!\d)")
_CIRCA = re.compile(r"\b(?:ca|circa|c|um|vers|approx|about|około|omkring)\b\.?\s*\[?\d|\d{4}\s?\?", re.IGNORECASE)
_ROMAN = re.compile(
    r"(?=[MDCLXVI]{4})M{1,2}(CM|CD|D?C{0,4})(XC|XL|L?X{0,4})(IX|IV|V?I{0,4})(?![^\W_])", re.IGNORECASE | re.ASCII
)
_ROMAN_VALUES = {"M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1}
_LONGEST = 200  # more than any printed date; what follows in a run-away span is not looked at


def read_date(printed: str) -> dict[str, Any]:
    """The CSL date for a printed date; where no year can be read, its words as a literal."""
    if len(printed) == 4 and printed.isascii() and printed.isdigit() and printed[0] in "12":
        return {"date-parts": [[int(printed)]]}
    looked_at = printed[:_LONGEST]
    parts = _parts(looked_at)
    if not parts:
        return {"literal": tidy(printed) or printed}
    date: dict[str, Any] = {"date-parts": parts}
    if len(parts[0]) == 1 and (season := _season(looked_at)):
        date["season"] = season
    if _CIRCA.search(looked_at):
        date["circa"] = True
    return date


def read_month(word: str) -> int | None:
    """The month (1 to 12) that a word names in one of the languages known here, else None."""
    return _MONTHS.get(word.lower())


def join_dates(first: str, second: str) -> dict[str, Any] | None:
    """The date printed in two places, one with the year and the other with month and day; None if they are no such."""
    if (_YEAR.search(first[:_LONGEST]) is None) == (_YEAR.search(second[:_LONGEST]) is None):
        return None
    date = read_date(f"{first[:_LONGEST]} {second[:_LONGEST]}")
    return date if "date-parts" in date and len(date["date-parts"][0]) > 1 else None


def _parts(printed: str) -> list[list[int]]:
    return _numeric(printed) or _year_range(printed) or _iso(printed) or _in_words(printed)


def _numeric(printed: str) -> list[list[int]]:
    """12.03.2009, 2/28/2007, ranges of two such dates, 05/2007; day first unless it cannot be."""
    parts = []
    for first, _, second, year in _NUMERIC.findall(printed)[:2]:
        day, month = int(first), int(second)
        if month > 12:
            day, month = month, day
        if 1 <= month <= 12 and 1 <= day <= 31:
            parts.append([_full_year(year), month, day])
    if not parts and (found := _MONTH_YEAR.search(printed)) and 1 <= int(found[1]) <= 12:
        parts.append([int(found[2]), int(found[1])])
    return parts


def _year_range(printed: str) -> list[list[int]]:
    """1998-2001 and 1998/99; 2009-04 is a month, unless it is the next year (2009-10)."""
    found = _YEAR_RANGE.search(printed)
    if found is None:
        return []
    first, last = int(found[1]), int(found[2])
    if len(found[2]) == 2:
        if last <= 12 and last != (first + 1) % 100:
            return []
        last += first - first % 100
        if last < first:
            last += 100
    elif last < first or last > 2100:
        return []
    rest = printed[: found.start()] + printed[found.end() :]
    return [[first], [last]] if not any(c.isdigit() for c in rest) else []


def _iso(printed: str) -> list[list[int]]:
    found = _ISO.search(printed)
    if found is None or not 1 <= int(found[2]) <= 12:
        return []
    part = [int(found[1]), int(found[2])]
    if found[3] and 1 <= int(found[3]) <= 31:
        part.append(int(found[3]))
    return [part]


def _in_words(printed: str) -> list[list[int]]:
    year_at = _find_year(printed)
    if year_at is None:
        return _two_digit_year(printed) or _roman(printed)
    found, year = year_at
    days = _month_and_days(printed, found)
    return [[year, *day] for day in days] or [[year]]


def _find_year(printed: str) -> tuple[re.Match[str], int] | None:
    """The first year outside brackets ("[1867] 1962" is 1962), else the first at all, else one cut by spaces."""
    bare = _BRACKETED.sub(lambda found: " " * len(found[0]), printed) if "[" in printed or "(" in printed else printed
    found = _YEAR.search(bare) or _YEAR.search(printed) or _SPACED_YEAR.search(printed) or _RAISED.fullmatch(printed)
    if found is None:
        return None
    return found, int(found[0].replace(" ", "").replace("O", "0").replace("o", "0")[:4])


def _month_and_days(printed: str, year: re.Match[str] | None) -> list[list[int]]:
    """[[month]], [[month, day]], or two of them for a range, from the words and numbers around a year."""
    months: list[int] = []
    days: list[int] = []
    for found in _NUMBER_OR_WORD.finditer(printed):
        if year is not None and year.start() <= found.start() < year.end():
            continue
        word = found[0].lower()
        if month := _MONTHS.get(word):
            months.append(month)
        elif len(word) <= 2 and word.isdecimal() and 1 <= int(word) <= 31:
            days.append(int(word))
    if not months:
        return []
    first, last = months[0], months[1] if len(months) == 2 else months[0]
    if len(days) == 2 and (last > first or (last == first and days[1] > days[0])):
        return [[first, days[0]], [last, days[1]]]
    if days:
        return [[first, days[0]]]
    return [[first], [last]] if last > first else [[first]]


def _two_digit_year(printed: str) -> list[list[int]]:
    """April 97: only beside the name of a month, and only where it can be no day."""
    words: list[str] = [word.lower() for word in _NUMBER_OR_WORD.findall(printed)]
    month = next((_MONTHS[word] for word in words if word in _MONTHS), None)
    numbers = [word for word in words if word.isdecimal() and len(word) == 2]
    if month is None or not numbers or 10 <= int(numbers[-1]) <= 31:
        return []
    days = [int(word) for word in words if word.isdecimal() and len(word) <= 2 and word is not numbers[-1]]
    day = [days[0]] if days and 1 <= days[0] <= 31 else []
    return [[_full_year(numbers[-1]), month, *day]]


def _full_year(digits: str) -> int:
    """97 is 1997, 10 is 2010: two digits mean the hundred years that end with 2029."""
    year = int(digits)
    if len(digits) == 4:
        return year
    return year + (2000 if year < 30 else 1900)


def _roman(printed: str) -> list[list[int]]:
    for start in (found.start() for found in _NUMBER_OR_WORD.finditer(printed)):
        if found := _ROMAN.match(printed, start):
            values = [_ROMAN_VALUES[letter] for letter in found[0].upper()]
            pairs = zip(values, [*values[1:], 0], strict=True)
            return [[sum(-value if value < following else value for value, following in pairs)]]
    return []


def _season(printed: str) -> int | None:
    return next((_SEASONS[word] for word in map(str.lower, _NUMBER_OR_WORD.findall(printed)) if word in _SEASONS), None)
