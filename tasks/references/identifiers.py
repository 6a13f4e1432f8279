"""DOI, ISBN, ISSN, arXiv, PMID and URLs: found in print that spaces and line breaks have cut, and checked."""

from __future__ import annotations

import re
from typing import NamedTuple

_DOI = re.compile(r"10\s?\.\s?\d{4,9}(?:\.\d{1,9})*\s{0,2}/\s{0,2}[^\s\"<>]")
_DOI_LINK = re.compile(r"doi\.org/(?=10\.\d)", re.IGNORECASE)
_DOI_SYNTAX = re.compile(r"10\.\d{4,9}(?:\.\d{1,9})*/[^\s\"<>]+")
_ARXIV = re.compile(
    r"(?<!\d)\d{4}\s?\.\s?\d{4,5}(?!\d)(?:v\d{1,2})?|[a-z]{2,8}(?:-[a-z]{2,8})?(?:\.[A-Z]{2})?\s?/\s?\d{7}(?!\d)"
)
_ARXIV_LINK = re.compile(r"arxiv\.org/(?:abs|pdf)/", re.IGNORECASE)
_ISBN = re.compile(r"(?<!\d)(?:97[89](?:\s?[‐‑–-]?\s?\d){10}|\d(?:\s?[‐‑–-]?\s?\d){8}\s?[‐‑–-]?\s?[\dXx](?!\d))")
_ISSN = re.compile(r"(?<!\d)\d{4}\s?[‐‑–-]?\s?\d{3}[\dXx](?!\d)")
_PMID = re.compile(r"(?<!\d)\d{1,9}(?!\d)")
_URL = re.compile(r"(?:https?|ftp)\s{0,2}:\s{0,2}/\s?/|www\s?\.", re.IGNORECASE)
_LINK_REST = re.compile(
    r"[^\s<>\"“”«»\[\](),;]*"
    r"(?:(?<=[-/_=&?%])\s(?!\d{1,2}[./-]\d{1,2}[./-]\d)(?=[a-z0-9%][\w%-]{0,80}[./_=&-]\w)[^\s<>\"“”«»\[\](),;]*)*"
)
_LINK_JOINT = re.compile(r"[^\s<>\"“”«»\[\](),;]*\s?[^\s<>\"“”«»\[\](),;]*")
_LINK_GAP = 60  # characters of one address that may be without a label
_SPACE = re.compile(r"[\s\u00ad\u200b\u2060\ufeff]+")
_TRAILING = ".,;:'\"’”»>*"
_REACH = 1000  # characters within which two brackets make a pair
_PAIRS = {")": "(", "]": "[", "}": "{"}


class Found(NamedTuple):
    """An identifier in its normal form, and where it stands in the text."""

    value: str
    start: int
    end: int


def find_doi(text: str, start: int, end: int) -> Found | None:
    """The DOI in text[start:end]: without resolver, "doi:", inner spaces and trailing punctuation."""
    found = _DOI.search(text, start, end)
    if found is None:
        return None
    end = _tail(text, found.start(), end)
    return Found(_SPACE.sub("", text[found.start() : end]), found.start(), end)


def doi_of_link(text: str, start: int, end: int) -> Found | None:
    """The DOI inside a link to a DOI resolver."""
    link = _DOI_LINK.search(text, start, end)
    return find_doi(text, link.end(), end) if link else None


def find_arxiv(text: str, start: int, end: int) -> Found | None:
    """The arXiv identifier in text[start:end], of the form 1501.00001 (since 2007) or hep-th/9901001."""
    return _first(_ARXIV, text, start, end)


def arxiv_of_link(text: str, start: int, end: int) -> Found | None:
    """The arXiv identifier inside a link to arxiv.org."""
    link = _ARXIV_LINK.search(text, start, end)
    return find_arxiv(text, link.end(), end) if link else None


def find_pmid(text: str, start: int, end: int) -> Found | None:
    """The PubMed identifier in text[start:end]."""
    return _first(_PMID, text, start, end)


def find_isbn(text: str, start: int, end: int) -> Found | None:
    """The first ISBN in text[start:end] whose check digit is right, else the first at all; digits only."""
    first = None
    for found in _ISBN.finditer(text, start, end):
        isbn = Found("".join(c for c in found[0].upper() if c.isalnum()), found.start(), found.end())
        if valid_isbn(isbn.value):
            return isbn
        first = first or isbn
    return first


def find_issn(text: str, start: int, end: int) -> Found | None:
    """The ISSN in text[start:end] as 1234-5678; its check digit may be wrong."""
    found = _ISSN.search(text, start, end)
    if found is None:
        return None
    digits = "".join(c for c in found[0].upper() if c.isalnum())
    return Found(f"{digits[:4]}-{digits[4:]}", found.start(), found.end())


def find_url(text: str, start: int, end: int) -> Found | None:
    """The web address in text[start:end], the spaces of line breaks taken out."""
    found = _URL.search(text, start, end)
    if found:
        start = found.start()
    end = _tail(text, start, end)
    while end > start and text[end - 1] in "-‐#":
        end -= 1
    value = _SPACE.sub("", text[start:end]).replace("\u2010", "-").replace("\u2011", "-")
    return Found(value, start, end) if value else None


def link_end(text: str, end: int, limit: int) -> int:
    """Where a web address really ends that was labelled up to `end`: at the next space that no line break has made."""
    if end < limit and (found := _LINK_REST.match(text, end, limit)):
        end = _tail(text, end, found.end())
    return end


def joins_link(text: str, end: int, start: int) -> bool:
    """Whether text[end:start] and what follows go on with the web address before them."""
    return (
        0 <= start - end <= _LINK_GAP and bool(_LINK_JOINT.fullmatch(text, end, start)) and not _URL.match(text, start)
    )


def valid_doi(value: str) -> bool:
    """Whether the value has the form of a DOI (it says nothing about whether it is registered)."""
    return _DOI_SYNTAX.fullmatch(value) is not None


def valid_isbn(value: str) -> bool:
    """Whether the check digit of an ISBN-10 or ISBN-13 without hyphens is right (ISO 2108)."""
    if len(value) == 13 and _ascii_digits(value):
        return sum(int(d) * (1, 3)[i % 2] for i, d in enumerate(value)) % 10 == 0
    if len(value) == 10 and _ascii_digits(value[:9]):
        return _weighted(value, 10) % 11 == 0
    return False


def valid_issn(value: str) -> bool:
    """Whether the check digit of an ISSN like 1234-5679 is right (ISO 3297)."""
    digits = value.replace("-", "")
    return len(digits) == 8 and _ascii_digits(digits[:7]) and _weighted(digits, 8) % 11 == 0


def _ascii_digits(value: str) -> bool:
    return value.isascii() and value.isdigit()


def _weighted(digits: str, weight: int) -> int:
    values = (10 if d == "X" else int(d) if _ascii_digits(d) else 1000 for d in digits)
    return sum(value * (weight - i) for i, value in enumerate(values))


def _first(pattern: re.Pattern[str], text: str, start: int, end: int) -> Found | None:
    found = pattern.search(text, start, end)
    return Found(_SPACE.sub("", found[0]), found.start(), found.end()) if found else None


def _tail(text: str, start: int, end: int) -> int:
    """Where an identifier ends that was labelled up to `end`: before punctuation and brackets it did not open."""
    while end > start:
        last = text[end - 1]
        if (
            last in _TRAILING
            or last.isspace()
            or (last in _PAIRS and text.rfind(_PAIRS[last], max(start, end - _REACH), end) < 0)
        ):
            end -= 1
        else:
            break
    return end
