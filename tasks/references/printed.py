"""How a value is lifted off the print: its edges trimmed, the debris of line breaks and PDF extraction put right."""

from __future__ import annotations

import re

_EDGE = frozenset(
    " \t\r\n\f\v\0,;:|*_~=<>/\\\"'`´“”„‟‘’‚‛«»‹›–—-−‐…\u00a0\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\uf02d"
)
_OPENING = {")": "(", "]": "[", "}": "{"}
_CLOSING = {opening: closing for closing, opening in _OPENING.items()}
_REACH = 1000  # characters within which two brackets make a pair; it bounds the search in garbage

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
        if first in _EDGE or first == "." or first in _OPENING:
            start += 1
        elif last in _EDGE or last in _CLOSING or (last == "." and not _abbreviation(text, start, end, keep_dot)):
            end -= 1
        elif first in _CLOSING and text.find(_CLOSING[first], start + 1, min(end, start + _REACH)) < 0:
            start += 1
        elif last in _OPENING and text.rfind(_OPENING[last], max(start, end - _REACH), end - 1) < 0:
            end -= 1
        elif _CLOSING.get(first) == last and text.find(first, start + 1, min(end, start + _REACH)) < 0:
            start, end = start + 1, end - 1
        else:
            break
    return (start, end) if start < end else (start, start)


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
