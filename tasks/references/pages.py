"""Printed page ranges and article numbers to one form: "S. 230–65" is 230-265."""

from __future__ import annotations

import re

_BEFORE = re.compile(
    r"(?:(?:pages?|pp?|seiten?|spalten?|sp|ss|s|págs?|pags?|pgs?|p[áa]ginas?|pagine|bl|fols?|с|стр)"
    r"\s*(?:\.|:|(?=\s))|pp?(?=\d))\s*",
    re.IGNORECASE,
)
_AFTER = re.compile(r"(?:\s?pp?|\s(?:pages?|seiten|s|págs?|pags?|páginas|pagine))\s?\.?$", re.IGNORECASE)
_DASH = re.compile(r"\s{0,3}[-‐‑‒–—―−﹣－~〜±\u00ad]+\s{0,3}")
_RANGE = re.compile(r"(?<![\w-])(\d{1,9})-(\d{1,9})(?![\w-])")


def page_edges(text: str, start: int, end: int) -> tuple[int, int]:
    """The part of text[start:end] that is numbers: without "pp.", "S." before and "p.", "Seiten" after."""
    before = _BEFORE.match(text, start, end)
    if before and before.end() < end:
        start = before.end()
    after = _AFTER.search(text, max(start, end - 12), end)
    if after and after.start() > start and text[after.start() - 1].isalnum():
        end = after.start()
    return start, end


def read_pages(printed: str) -> str:
    """The pages in one form: every dash a hyphen, no spaces around it, shortened ends written in full."""
    if printed.isdigit():
        return printed
    return _RANGE.sub(_in_full, _DASH.sub("-", printed).strip("-") or printed)


def _in_full(found: re.Match[str]) -> str:
    first, last = found.group(1, 2)
    missing = len(first) - len(last)
    if missing > 0:
        full = first[:missing] + last
        if full > first:
            return f"{first}-{full}"
    return f"{first}-{last}"


def reversed_range(pages: str) -> bool:
    """Whether some range in normalised pages ends before it begins.

    A single last digit that cannot be a shortened end ("156-1") makes an article's or a chapter's number, no range.
    """
    return any(len(found[2]) > 1 and int(found[1]) > int(found[2]) for found in _RANGE.finditer(pages))
