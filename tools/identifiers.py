"""`check_identifier`: syntax and check digits of DOI, ISBN, ISSN, arXiv and ORCID, without a network."""

from __future__ import annotations

import re
from typing import Literal

from gleanery.tasks.references.identifiers import find_arxiv, valid_doi, valid_isbn, valid_issn
from gleanery.tools.tool import tool

Scheme = Literal["DOI", "ISBN", "ISSN", "arXiv", "ORCID"]

_ORCID = re.compile(r"\d{4}-\d{4}-\d{4}-\d{3}[\dX]")
_PREFIX = re.compile(
    r"^(?:https?://(?:dx\.)?(?:doi\.org|arxiv\.org/(?:abs|pdf)|orcid\.org)/|(?:doi|isbn|issn|arxiv|orcid)[:\s]+)", re.I
)
_DASHES = re.compile(r"[\s‐‑‒–-]+")


@tool
def check_identifier(scheme: Scheme, value: str) -> dict[str, str | bool]:
    """Check whether an identifier is well formed, and whether its check digit is right. Says nothing about whether
    it is registered: no network is asked."""
    bare = _PREFIX.sub("", value.strip()).rstrip(".,;")
    normalised = _normalised(scheme, bare)
    valid = _CHECKS[scheme](normalised)
    return {"scheme": scheme, "value": normalised, "valid": valid, "why": "" if valid else _WHY[scheme]}


def _normalised(scheme: Scheme, value: str) -> str:
    if scheme == "ISBN":
        return _DASHES.sub("", value).upper()
    if scheme in ("ISSN", "ORCID"):
        digits = _DASHES.sub("", value).upper()
        return "-".join(digits[at : at + 4] for at in range(0, len(digits), 4))
    return value


def _valid_arxiv(value: str) -> bool:
    found = find_arxiv(value, 0, len(value))
    return found is not None and found.start == 0 and found.end == len(value)


def _valid_orcid(value: str) -> bool:
    """The check of ISO 7064 MOD 11-2 over sixteen characters."""
    if not _ORCID.fullmatch(value):
        return False
    digits = value.replace("-", "")
    total = 0
    for digit in digits[:-1]:
        total = (total + int(digit)) * 2
    check = (12 - total % 11) % 11
    return digits[-1] == ("X" if check == 10 else str(check))


_CHECKS = {"DOI": valid_doi, "ISBN": valid_isbn, "ISSN": valid_issn, "arXiv": _valid_arxiv, "ORCID": _valid_orcid}
_CHECKED = "has {} digits of which the last checks the others: one of them is wrong, missing or too many."
_WHY = {
    "DOI": "A DOI has the form 10.1234/something.",
    "ISBN": f"An ISBN {_CHECKED.format('10 or 13')}",
    "ISSN": f"An ISSN {_CHECKED.format(8)}",
    "arXiv": "An arXiv identifier has the form 1501.00001 or hep-th/9901001.",
    "ORCID": f"An ORCID iD {_CHECKED.format(16)}",
}
