"""Finding where values stand in a source: exactly, in another form, or nearly; by Unicode code points."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

from rapidfuzz import fuzz

from gleanery.tasks.folded import Folded, fold, has_breaks
from gleanery.tasks.records import Match, Span

Place = tuple[int, int]

_LOOKS = 2000  # occurrences of a value that are looked at
_ALIKE = 90  # per cent of a fuzzy value's characters that must be printed
_SHORTEST = 6  # characters of a fuzzy value: among shorter ones everything resembles something
_WORK = 5_000_000  # characters of values times characters of source, for all fuzzy values of a source together
_DIGITS = re.compile(r"\d+")
# Scripts written without spaces between words, or with what is no word of its own joined on: any place is an edge.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3005-\u3007\u3031-\u30ff\u3130-\u318f\u31f0-\u31ff"
    "\u3400-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)


class Alignment:
    """Places values in one source, one after the other, and keeps in mind what is taken."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._taken = bytearray(len(source))
        self._exact: dict[tuple[str, bool], list[Place]] = {}
        self._foldings: list[Folded] | None = None
        self._work = _WORK

    def text(
        self, value: str, near: Place = (0, 0), *, either: bool = False, loose: bool = False, fuzzy: bool = True
    ) -> Span | None:
        """Where a text stands: exactly, else normalised, else (if `fuzzy`) nearly; None: nowhere.

        `near` and `either` as in `choose`, `loose` as in `exact`.
        """
        found: Match = "exact"
        places = self.exact(value, loose=loose)
        if not places:
            found, places = "normalised", self.normalised(value, loose=loose)
        if not places and fuzzy:
            found, places = "fuzzy", self.fuzzy(value)
        return Span(*self.choose(places, near, either=either), found) if places else None

    def choose(self, places: Sequence[Place], near: Place = (0, 0), *, either: bool = False) -> Place:
        """The place, of one or more, nearest after `near`, or `either` way from it; it is then taken.

        Places that overlap with none taken before come first.
        """
        free = [place for place in places if self._taken.find(1, *place) < 0] if len(places) > 1 else places

        def distance(place: Place) -> tuple[bool, int, int]:
            after = place[0] >= near[1]
            away = place[0] - near[1] if after else near[0] - place[1] if either else place[0]
            return (False if either else not after, away, not after)

        chosen = min(free or places, key=distance)
        self.take(chosen)
        return chosen

    def take(self, place: Place) -> None:
        """Keeps a place in mind as taken."""
        self._taken[slice(*place)] = b"\1" * (place[1] - place[0])

    def exact(self, value: str, *, loose: bool = False) -> list[Place]:
        """All places where the value is printed so, in whole words; `loose`: a digit next to a letter is an edge."""
        key = value, loose
        if key not in self._exact:
            places = ((at, at + len(value)) for at in _occurrences(value, self.source))
            self._exact[key] = [place for place in places if is_whole(self.source, *place, loose=loose)]
        return self._exact[key]

    def normalised(self, value: str, *, loose: bool = False) -> list[Place]:
        """All places where the value is printed in another form (`gleanery.tasks.folded`), in whole words."""
        if self._foldings is None:
            ways = (True, False) if has_breaks(self.source) else (True,)
            self._foldings = [fold(self.source, rejoined=rejoined) for rejoined in ways]
        for way, folded in enumerate(self._foldings):
            wanted = fold(value, rejoined=way == 0).text
            found = (folded.original(at, at + len(wanted)) for at in _occurrences(wanted, folded.text))
            places = [place for place in found if place and is_whole(self.source, *place, loose=loose)]
            if places:
                return places
        return []

    def fuzzy(self, value: str) -> list[Place]:
        """The place where nearly the value is printed, if any: the same figures, and nine in ten characters alike."""
        if self._foldings is None:
            self.normalised(value)
        folded = (self._foldings or [fold("")])[0]
        wanted = fold(value).text
        self._work -= len(wanted) * len(folded.text)
        if not _SHORTEST <= len(wanted) <= len(folded.text) or self._work < 0:
            return []
        found = fuzz.partial_ratio_alignment(wanted, folded.text, score_cutoff=_ALIKE)
        if found is None or found.dest_start == found.dest_end:
            return []
        near = folded.starts[found.dest_start], folded.ends[found.dest_end - 1]
        places = [
            place for place in self._words_around(near) if _figures(value) == _figures(self.source[slice(*place)])
        ]
        scores = {place: fuzz.ratio(wanted, fold(self.source[slice(*place)]).text) for place in places}
        best = max(scores, key=scores.__getitem__, default=None)
        return [best] if best and scores[best] >= _ALIKE else []

    def _words_around(self, place: Place) -> list[Place]:
        """The place with its edges moved to those of words, outwards or inwards."""
        starts = {_edge(self.source, place[0], step) for step in (-1, 1)}
        ends = {_edge(self.source, place[1], step) for step in (-1, 1)}
        return [_trimmed(self.source, start, end) for start in sorted(starts) for end in sorted(ends) if start < end]


def _trimmed(text: str, start: int, end: int) -> Place:
    """The place without the spaces at its edges."""
    inner = text[start:end]
    return start + len(inner) - len(inner.lstrip()), end - len(inner) + len(inner.rstrip())


def is_whole(text: str, start: int, end: int, *, loose: bool = False) -> bool:
    """Whether text[start:end] neither begins nor ends inside a word."""
    return not (_inside(text, start, loose) or _inside(text, end, loose))


def _inside(text: str, at: int, loose: bool = False) -> bool:
    """Whether a word goes on over the place before text[at]."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if not (_in_word(before) and _in_word(after)):
        return False
    if loose and before.isdigit() != after.isdigit():
        return False
    return not (_UNSPACED.match(before) or _UNSPACED.match(after)) or unicodedata.category(after)[0] == "M"


def _in_word(char: str) -> bool:
    return char.isalnum() or (not char.isascii() and unicodedata.category(char)[0] == "M")


def _edge(text: str, at: int, step: int) -> int:
    while _inside(text, at):
        at += step
    return at


def _figures(text: str) -> list[str]:
    return _DIGITS.findall(text)


def _occurrences(value: str, text: str) -> Iterator[int]:
    """Where a value begins in a text, overlapping ones too."""
    at = text.find(value) if value else -1
    for _ in range(_LOOKS):
        if at < 0:
            return
        yield at
        at = text.find(value, at + 1)
