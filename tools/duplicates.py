"""`find_duplicates`: which references are of the same work, however differently they are printed."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Annotated, Any

from pydantic import Field

from gleanery.tools.references import LONGEST, parsed
from gleanery.tools.tool import tool

ALIKE = 90.0
"""From which likeness of their titles (0 to 100) two works may be one."""
_ALONE = 95.0
_LONG = 20
_ARTICLES = frozenset({"the", "a", "an", "der", "die", "das"})
_WORDS = re.compile(r"\w+")
_NUMBER = re.compile(r"\d+|[ivx]+")
_DOI = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:\s*)", re.IGNORECASE)


@tool(seconds=120)
def find_duplicates(
    references: Annotated[
        list[str | dict[str, Any]], Field(description="as printed, or as CSL records", min_length=2, max_length=500)
    ],
) -> dict[str, Any]:
    """Find which references are of the same work, however differently they are printed. Each group has `members` (their
    numbers in your list, counted from 1) and `why`, a reason for each pair. What is in no group is no duplicate."""
    works = [_work(reference) for reference in references]
    return {"groups": [_as_json(group) for group in _groups(works)], "references": len(works)}


@dataclass(frozen=True, slots=True)
class _Work:
    """What two printings of a work are compared by; what is not printed is empty."""

    title: str
    main: str
    numbers: frozenset[str]
    family: str
    year: int | None
    doi: str
    volume: str
    page: str


@dataclass(slots=True)
class _Group:
    members: list[int]
    dois: set[str]
    why: list[str]


def _work(reference: str | Mapping[str, Any]) -> _Work:
    record = parsed(reference[:LONGEST])[0].reference if isinstance(reference, str) else reference
    printed = _text(record.get("title"))
    title = _folded(printed)
    return _Work(
        title=title,
        main=_folded(re.split(r"[:.?!]\s|\s[–—-]\s", printed)[0]),
        numbers=frozenset(word for word in title.split() if _NUMBER.fullmatch(word)),
        family=_family(record),
        year=_year(record.get("issued")),
        doi=_DOI.sub("", _text(record.get("DOI")).strip()).lower(),
        volume=_folded(_text(record.get("volume"))),
        page=_folded(re.split(r"[-‐‑–—]", _text(record.get("page")))[0]),
    )


def _groups(works: Sequence[_Work]) -> list[_Group]:
    """The works by groups of more than one. No group holds two DOIs: a third that is like both joins the first."""
    group = {at: _Group([at], {work.doi} - {""}, []) for at, work in enumerate(works)}
    for one, other, why in sorted(_pairs(works), key=lambda pair: not pair[2].startswith("the same DOI")):
        into, from_ = group[one], group[other]
        if into is from_:
            into.why.append(_said(one, other, why))
        elif len(into.dois | from_.dois) <= 1:
            into.members += from_.members
            into.dois |= from_.dois
            into.why += [*from_.why, _said(one, other, why)]
            group.update(dict.fromkeys(from_.members, into))
    found = {id(each): each for each in group.values() if len(each.members) > 1}
    return sorted(found.values(), key=lambda each: min(each.members))


def _pairs(works: Sequence[_Work]) -> Iterator[tuple[int, int, str]]:
    for (at, one), (further, other) in combinations(enumerate(works), 2):
        if why := _why(one, other):
            yield at, further, why


def _why(one: _Work, other: _Work) -> str | None:
    """Why two printings are of one work; None where they are not, or nothing says so."""
    if one.doi and other.doi:
        return f"the same DOI {one.doi}" if one.doi == other.doi else None
    if not one.title or not other.title or (one.numbers != other.numbers and not _is_main(one, other)):
        return None
    alike = _likeness(one, other)
    if alike < ALIKE or _elsewhere(one, other):
        return None
    if one.family and other.family and not _same_name(one.family, other.family):
        return None
    if one.year and other.year and abs(one.year - other.year) > 1:
        return None
    same = [f"titles alike by {alike:.0f} of 100"]
    if one.family and other.family:
        same.append(f"first author {one.family}")
    if one.year and other.year:
        same.append(f"year {one.year}" if one.year == other.year else f"years {one.year} and {other.year}")
    if len(same) == 1 and (alike < _ALONE or min(len(one.title), len(other.title)) < _LONG):
        return None
    return ", ".join(same)


def _likeness(one: _Work, other: _Work) -> float:
    from rapidfuzz import fuzz

    whole = max(fuzz.ratio(one.title, other.title), fuzz.token_sort_ratio(one.title, other.title))
    if whole >= ALIKE or not _is_main(one, other):
        return float(whole)
    return 95.0  # one of them goes without the other's subtitle


def _is_main(one: _Work, other: _Work) -> bool:
    """Whether one title is the other's main title, in three words or more, by the same author in the same year."""
    short, long = sorted((one, other), key=lambda work: len(work.title))
    sure = bool(short.family and short.year) and short.family == long.family and short.year == long.year
    return sure and short.title == long.main and len(short.title.split()) > 2


def _elsewhere(one: _Work, other: _Work) -> bool:
    """Whether both are printed in volumes and on pages, and in different ones: editorials have titles alike."""
    volumes, pages = bool(one.volume and other.volume), bool(one.page and other.page)
    return volumes and pages and one.volume != other.volume and one.page != other.page


def _same_name(one: str, other: str) -> bool:
    from rapidfuzz import fuzz

    return one in other.split() or other in one.split() or fuzz.ratio(one, other) >= 85


def _family(record: Mapping[str, Any]) -> str:
    people = record.get("author") or record.get("editor")
    first = people[0] if isinstance(people, list) and people else None
    if not isinstance(first, Mapping):
        return ""
    return _folded(_text(first.get("family")) or _text(first.get("literal")))


def _year(issued: Any) -> int | None:
    parts = issued.get("date-parts") if isinstance(issued, Mapping) else None
    year = parts[0][0] if isinstance(parts, list) and parts and isinstance(parts[0], list) and parts[0] else None
    return int(year) if isinstance(year, int) or (isinstance(year, str) and year.isdecimal()) else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value) if isinstance(value, int | float) else ""


def _folded(text: str) -> str:
    """Small letters and digits in words, without accents and without an article at the beginning or the end."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    words = _WORDS.findall(bare.replace("ß", "ss").replace("&", " and "))
    if len(words) > 1 and words[0] in _ARTICLES:
        words = words[1:]
    elif len(words) > 1 and words[-1] in _ARTICLES:  # "Title, The", as catalogues have it
        words = words[:-1]
    return " ".join(words)


def _said(one: int, other: int, why: str) -> str:
    return f"{one + 1} and {other + 1}: {why}"


def _as_json(group: _Group) -> dict[str, Any]:
    return {"members": sorted(at + 1 for at in group.members), "why": group.why}
