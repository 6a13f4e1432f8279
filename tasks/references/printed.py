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
    r"(?<=[^\W\d_])(?<!\b[Ss]elf)[-‐\u00ad¬]\s+(?=[^\W\d_A-Z])(?!(?:and|or|und|oder|bzw|sowie|et|ou|e|o|y|u|en|of|to|vs)\b)"
)
_COMPOUND = re.compile(r"(?<=[^\W\d_])([-‐])\s+(?=[A-ZÄÖÜ][^\W\d_])|(?<=\b[Ss]elf)([-‐])\s+(?=[a-z])")
_SPACES = re.compile(r"\s+")
_TAG = re.compile(r"</?(?:i|b|u|em|strong|italic|bold|sub|sup|small|sc|span|p|br)\s?/?>", re.IGNORECASE)
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&nbsp;": " ", "&apos;": "'"}
_ENTITY = re.compile("|".join(_ENTITIES))
_NUMBER_DASH = re.compile(r"(?<=\d)\s{0,3}[-‐‑‒–—−]+\s{0,3}(?=\d)")


def trim(text: str, start: int, end: int, *, keep_dot: bool = False) -> tuple[int, int]:
    """The part of text[start:end] without punctuation, quotes, spaces and unpaired brackets at its edges.

    A final full stop goes too, unless it ends an abbreviation ("U.S.") or `keep_dot` says that the field abbreviates
    ("Phys. Rev. Lett.") and another abbreviation stands before it. Returns (start, start) where nothing is left.
    """
    while start < end:
        first, last = text[start], text[end - 1]
        if first.isalnum() and last.isalnum():
            break
        if first == "<" and (tag := _TAG.match(text, start, end)):
            start = tag.end()
        elif last == ">" and (tag := _TAG.fullmatch(text, max(start, text.rfind("<", max(start, end - 12), end)), end)):
            end = tag.start()
        elif first in _EDGE or first == "." or first in _OPENING:
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


_QUOTES = {'"': '"', "”": "“„", "“": "„", "»": "«", "«": "»", "’": "‘"}
"""Closing quotation marks and what opens them; « and » do either."""


def keep_quotes(text: str, start: int, end: int) -> tuple[int, int]:
    """The edges of a trimmed title with the quotation mark that belongs to one inside: like “gain” and “loss”."""
    before, after = text[start - 1 : start], text[end : end + 1]
    if after in _QUOTES and _open(text, _QUOTES[after], after, start, end):
        return start, end + 1
    if before == '"' and text.count('"', start, end):
        inside = text.find('"', start, end)
        closes = not text[inside + 1 : inside + 2].isalnum() and not text[inside - 1].isspace()
        if closes:
            return start - 1, end + (after == '"' and text.count('"', start, end) % 2 == 0)
    if before in ("“", "„", "«", "»", "‘"):
        for closing, opening in _QUOTES.items():
            inside = text.find(closing, start, end) if before in opening and closing != before else -1
            if inside >= 0 and text.find(before, start, inside) < 0 and not text[inside + 1 : inside + 2].isalnum():
                start -= 1
                return start, end + (after in _QUOTES and _open(text, _QUOTES[after], after, start, end))
    return start, end


def _open(text: str, opening: str, closing: str, start: int, end: int) -> bool:
    """Whether a quotation mark is still open at `end`."""
    if opening == closing:
        if text.count(opening, start, end) % 2 == 0:
            return False
        inside = text.find(opening, start, end)
        return inside == start or text[inside - 1].isspace() or text[inside - 1] in "([-"
    opened = sum(text.count(mark, start, end) for mark in opening)
    return opened > text.count(closing, start, end)


def tidy(value: str) -> str:
    """The printed value with line-break hyphens, markup, invisible characters and runs of spaces put right."""
    if value.isprintable() and not (
        "- " in value or "  " in value or "<" in value or "&" in value or "‐ " in value or "¬ " in value
    ):
        return value
    if "<" in value:
        value = _TAG.sub("", value)
    if "&" in value:
        value = _ENTITY.sub(lambda found: _ENTITIES[found[0]], value)
    value = _HYPHENATED.sub("", value)
    value = _COMPOUND.sub(r"\1\2", value)
    value = _INVISIBLE.sub("", value)
    return _SPACES.sub(" ", value).strip()


def join_numbers(value: str) -> str:
    """A printed volume or issue with a plain hyphen between its numbers: "3 – 4" is 3-4."""
    return tidy(value if value.isdigit() else _NUMBER_DASH.sub("-", value))
