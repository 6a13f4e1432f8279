"""Cuts a text into overlapping passages, at paragraph and sentence borders where it has them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from gleanery.tools.documents.words import UNSPACED

WORDS = 200
"""Words of a passage, at most; in scripts without spaces, characters."""
ENOUGH = 160
"""Words from which a passage ends where a paragraph does."""
OVERLAP = 40
"""Words, at most, with which a passage repeats the end of the one before it."""
LONGEST = 1600
"""Characters of a passage, at most, whatever its words are."""

_WORD = re.compile(rf"[{UNSPACED}]|(?:(?![{UNSPACED}])\S)+")
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n\s*|\f\s*")
# The end of a sentence: its mark, what closes with it, and a space before what is not written small.
_SENTENCE = re.compile(r"(?:[.!?\u2026][\"'\u201d\u2019\u00bb)\]]*\s+(?![a-z\u00df-\u00ff\s])|[\u3002\uff01\uff1f]\s*)")


class _Piece(NamedTuple):
    """A sentence, or as much of one as fits. `closes`: a paragraph ends with it."""

    start: int
    end: int
    words: int
    closes: bool


def windows(text: str) -> list[tuple[int, int]]:
    """The passages as spans in code points, in their order: together they have every word of the text.

    Each begins after the one before it and ends after it; none begins or ends with a space.
    """
    pieces = list(_pieces(text))
    found: list[tuple[int, int]] = []
    first = 0
    while first < len(pieces):
        last = _last(pieces, first)
        found.append((pieces[first].start, pieces[last].end))
        if last + 1 == len(pieces):
            break
        first = _next(pieces, first, last)
    return found


def _last(pieces: list[_Piece], first: int) -> int:
    """The piece with which the passage that begins with `first` ends."""
    words = pieces[first].words
    last = first
    for at in range(first + 1, len(pieces)):
        words += pieces[at].words
        if words > WORDS or pieces[at].end - pieces[first].start > LONGEST:
            break
        last = at
        if words >= ENOUGH and pieces[at].closes:
            break
    return last


def _next(pieces: list[_Piece], first: int, last: int) -> int:
    """The piece with which the next passage begins: the earliest that repeats no more than allowed."""
    start = last + 1
    words, length = 0, pieces[start].end
    while start - 1 > first:
        words += pieces[start - 1].words
        # What comes next must find room beside what is repeated, so that each passage goes on.
        if words > OVERLAP or words + pieces[last + 1].words > WORDS or length - pieces[start - 1].start > LONGEST:
            break
        start -= 1
    return start


def _pieces(text: str) -> Iterator[_Piece]:
    """The sentences in their order; those that are too long in parts."""
    start = 0
    for border in [*_PARAGRAPH.finditer(text), None]:
        end = border.start() if border else len(text)
        sentences = list(_sentences(text, start, end))
        for at, (begins, ends) in enumerate(sentences):
            parts = list(_parts(text, begins, ends))
            for part, piece in enumerate(parts):
                closes = at + 1 == len(sentences) and part + 1 == len(parts)
                yield piece._replace(closes=closes)
        start = border.end() if border else end


def _sentences(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for border in _SENTENCE.finditer(text, start, end):
        yield start, border.end()
        start = border.end()
    if start < end:
        yield start, end


def _parts(text: str, start: int, end: int) -> Iterator[_Piece]:
    """A sentence in as few pieces as fit, cut between words, and within one only where it is longer than a passage."""
    begins = ends = start
    count = 0
    for word in _WORD.finditer(text, start, end):
        for a, b in _cut(*word.span()):
            if count and (count == WORDS or b - begins > LONGEST):
                yield _Piece(begins, ends, count, False)
                count = 0
            if not count:
                begins = a
            ends, count = b, count + 1
    if count:
        yield _Piece(begins, ends, count, False)


def _cut(start: int, end: int) -> Iterator[tuple[int, int]]:
    return ((at, min(at + LONGEST, end)) for at in range(start, end, LONGEST))
