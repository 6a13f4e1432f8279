"""Rules that a reference's values must keep; a value that breaks one stays, and an Issue says why to look at it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from gleanery.tasks.records import Issue
from gleanery.tasks.references.identifiers import valid_doi, valid_isbn, valid_issn
from gleanery.tasks.references.pages import reversed_range

_EARLIEST = 1400
_SHOWN = 80  # characters of a printed value in a message


def check(reference: Mapping[str, Any], today: date) -> list[Issue]:
    """The issues of one reference in CSL-JSON keys; years are judged by `today`."""
    issues: list[Issue] = []
    if not reference:
        return [Issue("no-reference", None, "Nothing in this text looks like a part of a reference.")]
    if not ("author" in reference or "title" in reference or _identified(reference)):
        issues.append(Issue("no-author-and-title", None, "Neither an author nor a title was found."))
    page = reference.get("page")
    if page and not page.isdigit() and reversed_range(page):
        issues.append(Issue("pages-reversed", "page", f"The pages {_shown(page)} end before they begin."))
    issued = reference.get("issued")
    if issued and "date-parts" in issued:
        issues += _check_years(issued["date-parts"], "archive" in reference, today)
    elif issued and not any(map(str.isalpha, issued["literal"])):
        issues.append(Issue("date-unreadable", "issued", f"{_shown(issued['literal'])} is no year."))
    if "DOI" in reference or "ISBN" in reference or "ISSN" in reference:
        issues += _check_identifiers(reference)
    return issues


def _identified(reference: Mapping[str, Any]) -> bool:
    """Whether a work can be found by what there is instead of an author and a title."""
    if any(key in reference for key in _IDENTIFIERS):
        return True
    if "container-title" in reference or "collection-title" in reference:  # the terse style of physics
        return any(key in reference for key in ("volume", "issue", "page", "issued"))
    return any(map(str.isalpha, reference.get("archive", "")))  # "Senato Misti, reg. 4" is all that such sources have


_IDENTIFIERS = ("editor", "translator", "DOI", "ISBN", "arXiv", "PMID", "URL", "number")


def _check_years(parts: list[list[int]], archival: bool, today: date) -> list[Issue]:
    first, last = parts[0][0], parts[-1][0]
    if last > today.year + 1:
        return [Issue("year-in-future", "issued", f"The year {last} is still to come.")]
    if first < _EARLIEST and not archival:
        return [Issue("year-implausible", "issued", f"The year {first} is earlier than printed books.")]
    return []


def _check_identifiers(reference: Mapping[str, Any]) -> list[Issue]:
    issues: list[Issue] = []
    doi, isbn, issn = reference.get("DOI"), reference.get("ISBN"), reference.get("ISSN")
    if doi and not valid_doi(doi):
        issues.append(Issue("doi-syntax", "DOI", f"{_shown(doi)} does not have the form of a DOI (10.1234/...)."))
    if isbn and not valid_isbn(isbn):
        issues.append(
            Issue(
                "isbn-check-digit",
                "ISBN",
                f"The check digit of ISBN {_shown(isbn)} is wrong: a digit may be misprinted.",
            )
        )
    if issn and not valid_issn(issn):
        issues.append(
            Issue(
                "issn-check-digit",
                "ISSN",
                f"The check digit of ISSN {_shown(issn)} is wrong: a digit may be misprinted.",
            )
        )
    return issues


def _shown(value: str) -> str:
    return value if len(value) <= _SHOWN else value[: _SHOWN - 1] + "…"
