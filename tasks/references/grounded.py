"""Where in the source the values of a reference stand that something other than the specialist has read from it.

A digit next to a letter is an edge throughout (`loose`): print has "3rd", "Okafor12" and "JHEP07".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from gleanery.tasks.alignment import Alignment, Place
from gleanery.tasks.grounding import Grounding, ground
from gleanery.tasks.numerals import find_dates
from gleanery.tasks.records import INFERRED, Span
from gleanery.tasks.references.dates import read_date
from gleanery.tasks.references.kinds import infer_language
from gleanery.tasks.references.pages import read_pages

_INFERRED = ("type", "language")
_NAMES = ("author", "editor", "translator")
_LONG = 20  # characters from which a text is hardly printed twice

# What is placed first keeps its place from what comes after: the digits of a DOI are no volume.
_ORDER = (
    *("DOI", "URL", "arXiv", "ISBN", "ISSN", "PMID"),
    *("title", "container-title", "collection-title", "publisher", "publisher-place", "genre", "archive"),
    *("page", "issued", "accessed", "volume", "issue", "edition", "number", "citation-number", "note"),
)
_AFTER = {
    "container-title": ("title",),
    "publisher-place": ("publisher",),
    "accessed": ("URL",),
    "volume": ("container-title", "collection-title", "title"),
    "issue": ("volume", "container-title"),
    "number": ("genre", "collection-title", "title"),
    "edition": ("title",),
}
"""Beside what else in the record a value usually stands."""

_REST = re.compile(r"[^\s\"<>,;\[\]|]*")
_DASH = r"\s{0,3}[-‐‑‒–—―−﹣－~〜]+\s{0,3}"
_RANGE = re.compile(rf"(?<!\w)[^\W\d_]?\d+{_DASH}[^\W\d_]?\d+(?!\w)")
_RANGES = re.compile(rf"(?<!\w)[^\W\d_]?\d+(?:(?:{_DASH}|\s?[,;]\s?)[^\W\d_]?\d+)+(?!\w)")
_WORD = re.compile(r"[^\W_]+")
_ROMAN = re.compile(r"[MDCLXVI]{4,}", re.IGNORECASE)
_LOOKS = 20  # words that may be the year of a date
_WINDOW = 5  # words of a printed date, before and after its year


def concluded(reference: Mapping[str, Any]) -> dict[str, Any]:
    """The reference with the language of its title, where it was given without and leaves no doubt."""
    language = None if "language" in reference else infer_language(reference.get("title", ""))
    return {**reference, "language": language} if language else dict(reference)


def ground_reference(reference: Mapping[str, Any], source: str) -> Grounding:
    """Where the values of a valid reference (`gleanery.tasks.references.reference`) stand in `source`.

    The paths are those of the specialist: `title`, `issued`, `author.0.family`, `author`. A page range, a date or an
    identifier is looked for in the forms that print gives it; `type` and `language` are inferred.
    """
    return _Placing(reference, source).grounding()


class _Placing:
    """Places the values of one reference."""

    def __init__(self, reference: Mapping[str, Any], source: str) -> None:
        self._reference = reference
        self._source = source
        self._alignment = Alignment(source)
        self._spans: dict[str, Span | None] = {}

    def grounding(self) -> Grounding:
        self._spans.update((key, INFERRED) for key in _INFERRED if key in self._reference)
        for key in _ORDER:
            if key not in _READERS and len(self._reference.get(key, "")) >= _LONG:
                self._spans[key] = self._text(key, self._reference[key])
        for key in _NAMES:
            self._names(key, self._reference.get(key, ()))
        for key in _ORDER:
            if key in self._reference and key not in self._spans:
                self._spans[key] = _READERS.get(key, _Placing._text)(self, key, self._reference[key])
        spans: dict[str, Span] = {}
        missing: list[str] = []
        for key, value in self._reference.items():
            found = self._found(key, value)
            spans.update((path, span) for path, span in found.items() if span)
            missing += [path for path, span in found.items() if not span]
        return Grounding(spans, tuple(missing))

    def _found(self, key: str, value: Any) -> dict[str, Span | None]:
        """The spans of a field and of all below it; None where a value stands nowhere."""
        if key in _NAMES:
            return {path: span for path, span in self._spans.items() if path.partition(".")[0] == key}
        if key in self._spans:
            return {key: self._spans[key]}
        others = ground({key: value}, self._source, {})  # a field that a class of one's own has added
        return {**dict.fromkeys(others.missing), **others.spans}

    def _near(self, key: str) -> Place:
        """Beside what a value is looked for first."""
        for other in _AFTER.get(key, ()):
            if place := _place(self._spans.get(other)):
                return place
        return 0, 0

    def _text(self, key: str, value: str) -> Span | None:
        return self._alignment.text(value, self._near(key), loose=True)

    def _figure(self, key: str, value: str) -> Span | None:
        """A volume and the like: nothing that only resembles it will do."""
        return self._alignment.text(value, self._near(key), loose=True, fuzzy=False)

    def _names(self, key: str, persons: Any) -> None:
        """The parts of each name, and the list as a whole; a name's other parts stand around its family name."""
        near: Place = 0, 0
        places: list[Place] = []
        for number, person in enumerate(persons):
            paths = {part: f"{key}.{number}.{part}" for part in person}
            self._spans.update(dict.fromkeys(paths.values()))  # in the order of the record
            leading = next(part for part in ("family", "literal", *person) if part in person)
            for part in (leading, *(other for other in person if other != leading)):
                span = self._alignment.text(person[part], near, either=part != leading, loose=True)
                self._spans[paths[part]] = span
                if place := _place(span):
                    places.append(place)
                    near = place if part == leading else near
            near = places[-1][0] if places else 0, max((end for _, end in places[-len(person) :]), default=0)
        if places:
            self._spans[key] = _enclosing(places)

    def _link(self, key: str, value: str) -> Span | None:
        """A DOI or a web address, all of it: one that was cut off is another one."""
        for match, find in (("exact", self._alignment.exact), ("normalised", self._alignment.normalised)):
            places = [place for place in find(value) if not any(map(str.isalnum, self._rest(place[1])))]
            if places:
                return Span(*self._alignment.choose(places), "exact" if match == "exact" else "normalised")
        return None

    def _rest(self, at: int) -> str:
        found = _REST.match(self._source, at)
        return found[0] if found else ""

    def _digits(self, key: str, value: str) -> Span | None:
        """An ISBN and the like, whatever hyphens and spaces are between its digits."""
        digits = [re.escape(char) for char in value if char.isalnum()]
        if not digits:
            return None
        pattern = r"[\s‐‑–.-]{0,3}".join(digits)
        return self._match(value, re.finditer(rf"(?<!\d){pattern}(?!\d)", self._source, re.IGNORECASE))

    def _page(self, key: str, value: str) -> Span | None:
        """Pages, in the short form too in which ranges are printed."""
        if span := self._figure(key, value):
            return span
        wanted = read_pages(value)
        for pattern in (_RANGE, _RANGES):
            found = (each for each in pattern.finditer(self._source) if read_pages(each[0]) == wanted)
            if span := self._match(value, found):
                return span
        return None

    def _match(self, value: str, found: Iterator[re.Match[str]]) -> Span | None:
        places = [each.span() for each in found]
        if not places:
            return None
        place = self._alignment.choose(places)
        return Span(*place, "exact" if self._source[slice(*place)] == value else "normalised")

    def _note(self, key: str, value: str) -> Span | None:
        """A note, which may be put together from several pieces with "; "."""
        pieces = value.split("; ")
        if span := self._alignment.text(value, fuzzy=len(pieces) == 1):
            return span
        places = [_place(self._alignment.text(piece)) for piece in pieces]
        found = [place for place in places if place]
        return _enclosing(found, tuple(found)) if len(found) == len(pieces) else None

    def _date(self, key: str, date: Mapping[str, Any]) -> Span | None:
        """A date by its year, month and day, or in the words of a reader of dates."""
        parts = date.get("date-parts")
        if parts is None:
            return self._alignment.text(date["literal"], self._near(key), fuzzy=False)
        if "season" not in date and (span := self._date_parts(key, parts)):
            return span
        for start, end in _windows(self._source, parts):
            read = read_date(self._source[start:end])
            if read.get("date-parts") == parts and date.get("season") in (None, read.get("season")):
                return Span(start, end, "normalised")
        return None

    def _date_parts(self, key: str, parts: list[list[int]]) -> Span | None:
        """All of a date's parts (two for a range), each found for itself."""
        near = self._near(key)
        pieces: list[Place] = []
        for part in parts:
            dates = {(found[0][0], found[-1][1]): found for found in find_dates(self._source, *part)}
            if not dates:
                return None
            near = self._alignment.choose(list(dates), near, either=bool(pieces))
            pieces += dates[near]
        return _enclosing(pieces, tuple(sorted(set(pieces))))


_Reader = Callable[[_Placing, str, Any], Span | None]
_READERS: dict[str, _Reader] = {
    **dict.fromkeys(("DOI", "URL"), _Placing._link),
    **dict.fromkeys(("ISBN", "ISSN", "PMID"), _Placing._digits),
    **dict.fromkeys(("arXiv", "volume", "issue", "edition", "number", "citation-number"), _Placing._figure),
    **dict.fromkeys(("issued", "accessed"), _Placing._date),
    "page": _Placing._page,
    "note": _Placing._note,
}
"""How each field is looked for that is not just a text."""


def _windows(source: str, parts: list[list[int]]) -> list[Place]:
    """Stretches of a few words, short ones first, around what may be a year of the date: 1998, 98, MCMXCVIII."""
    words = [found.span() for found in _WORD.finditer(source)]
    years = {form for part in parts for form in (str(part[0]), f"{part[0] % 100:02}")}

    def may_be_year(word: str) -> bool:
        return word in years or word[:4] in years or _ROMAN.fullmatch(word) is not None

    found: set[Place] = set()
    for at in islice((at for at, place in enumerate(words) if may_be_year(source[slice(*place)])), _LOOKS):
        starts, ends = words[max(0, at - _WINDOW) : at + 1], words[at : at + _WINDOW + 1]
        found.update((start, end) for start, _ in starts for _, end in ends)
    return sorted(found, key=lambda window: (window[1] - window[0], window))


def _place(span: Span | None) -> Place | None:
    return (span.start, span.end) if span and span.start is not None and span.end is not None else None


def _enclosing(places: list[Place], parts: tuple[Place, ...] = ()) -> Span:
    starts, ends = zip(*places, strict=True)
    return Span(min(starts), max(ends), "normalised", parts if len(parts) > 1 else ())
