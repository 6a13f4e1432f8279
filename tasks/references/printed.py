"""How a value is lifted off the print: its edges trimmed, the debris of line breaks and PDF extraction put right."""

from __future__ import annotations

import re
from functools import lru_cache

_EDGE = frozenset(" \t\r\n\f\v\0,;:|*_~=<>/\\\"'`´“”„‟‘’‚‛«»‹›–—-−‐…\u00a0\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\uf02d")
_OPENING = {")": "(", "]": "[", "}": "{"}
_CLOSING = {opening: closing for closing, opening in _OPENING.items()}
_ELISION = re.compile(r"[dlnDLN]['’]\w")

_INVISIBLE = re.compile("[\0\u00ad\u200b-\u200f\u2060\ufeff]")
_HYPHENATED = re.compile(
    r"(?<=[^\W\d_])[-‐\u00ad¬]\s+(?=[^\W\d_A-Z])(?!(?:and|or|und|oder|bzw|sowie|et|ou|e|o|y|u|en|of|to|vs)\b)"
)
_SPACES = re.compile(r"\s+")
_UNTIDY = re.compile("[\0\t-\r\u0085\u00a0\u00ad\u2000-\u200f\u2028-\u202f\u2060\u3000\ufeff]|  |[-‐¬] ")


def trim(text: str, start: int, end: int, *, keep_dot: bool = False) -> tuple[int, int]:
    """The part of text[start:end] without punctuation, quotes, spaces and unpaired brackets at its edges.

    A final full stop goes too, unless it ends an abbreviation ("U.S.") or `keep_dot` says that the field abbreviates
    ("Phys. Rev. Lett.") and another abbreviation stands before it. Returns (start, start) where nothing is left.
    """
    while start < end:
        first, last = text[start], text[end - 1]
        if first in _EDGE and not _ELISION.match(text, start - 1 if start else 0, end):
            start += 1
        elif first == "." or (first in _OPENING and first not in _CLOSING):
            start += 1
        elif last in _EDGE or last in _CLOSING:
            end -= 1
        elif last == "." and not _abbreviation(text, start, end, keep_dot):
            end -= 1
        elif first in _CLOSING and not _closes(text, start, end, first, _CLOSING[first]):
            start += 1
        elif last in _OPENING and not _opens(text, start, end, _OPENING[last], last):
            end -= 1
        elif _CLOSING.get(first) == last and text.find(first, start + 1, end) < 0:
            start, end = start + 1, end - 1
        else:
            break
    return (start, end) if start < end else (start, start)


def _closes(text: str, start: int, end: int, opening: str, closing: str) -> bool:
    return text.find(closing, start + 1, end) >= 0


def _opens(text: str, start: int, end: int, opening: str, closing: str) -> bool:
    return text.rfind(opening, start, end - 1) >= 0


def _abbreviation(text: str, start: int, end: int, keep_dot: bool) -> bool:
    before = text.rfind(".", start, end - 1)
    if before < 0:
        return False
    return keep_dot or end - before <= 3


def tidy(value: str) -> str:
    """The printed value with line-break hyphens, invisible characters and runs of spaces put right."""
    if _UNTIDY.search(value) is None:
        return value
    value = _HYPHENATED.sub("", value)
    value = _INVISIBLE.sub("", value)
    return _SPACES.sub(" ", value).strip()
