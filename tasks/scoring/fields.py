"""The fields that are scored, which corpus annotates which, and the form in which two values of one are compared."""

from __future__ import annotations

import re
from typing import Any

CSL_KEYS = {
    "author": "author",
    "title": "title",
    "container_title": "container-title",
    "year": "issued",
    "volume": "volume",
    "issue": "issue",
    "pages": "page",
    "publisher": "publisher",
    "location": "publisher-place",
    "editor": "editor",
    "doi": "DOI",
    "url": "URL",
}
"""Every scored field, and the CSL-JSON key that holds it."""

FIELDS = tuple(CSL_KEYS)
NAME_FIELDS = ("author", "editor")


def _all_but(*left_out: str) -> tuple[str, ...]:
    return tuple(field for field in FIELDS if field not in left_out)


ANNOTATED = {
    "grobid": FIELDS,
    "anystyle": FIELDS,
    "rdmpage": FIELDS,
    "umass": _all_but("doi", "url"),
    "parscit": _all_but("issue", "doi", "url"),
    "excite": _all_but("location", "doi"),
    "geocite": _all_but("location", "doi"),
    "outcite": _all_but("location", "doi"),
    "cermine": ("author", "title", "container_title", "year", "volume", "issue", "pages"),
    "linkedbooks": ("author", "title", "year", "publisher", "location", "pages"),
    "bir2024": ("author", "title", "year", "volume", "pages"),
}
"""What each known corpus annotates, by the beginning of its name: an absent field means "none" only where it does."""

_CONNECTIVES = re.compile(r"\b et \s* al \b \.? | \b (?: and | und | et | e | y ) \b | & | \b others \b", re.VERBOSE)
_DASHES = re.compile(r"\s*[\u2010-\u2015\u2212-]+\s*")
_SPACES = re.compile(r"\s+")


def annotated(source: str) -> tuple[str, ...]:
    """The fields that a corpus annotates; all of them for a corpus that is not known."""
    known = [prefix for prefix in ANNOTATED if source.startswith(prefix)]
    return ANNOTATED[max(known, key=len)] if known else FIELDS


def is_persons(value: Any) -> bool:
    """Whether names are given as persons (`{"family", "given"}`) instead of as one printed string."""
    names = _listed(value)
    return bool(names) and isinstance(names[0], dict)


def comparable(field: str, value: Any, *, persons: bool) -> str:
    """A field's value as the text that is compared; empty where there is none.

    Persons are compared by their family names in order, printed names without "and" and "et al.", pages whatever their
    dash, DOIs whatever their case and spacing. Of a field that occurs more than once the first value counts.
    """
    if value is None:
        return ""
    if field in NAME_FIELDS:
        text = _families(value) if persons else _names(value)
    else:
        text = str(next(iter(value), "") if isinstance(value, list) else value)
    if field == "pages":
        text = _DASHES.sub("-", text)
    elif field == "doi":
        text = text.lower().replace(" ", "")
    return _SPACES.sub(" ", text).strip()


def _listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, str | dict) else list(value or ())


def _families(value: Any) -> str:
    return " ".join(
        name if isinstance(name, str) else name.get("family") or name.get("literal") or name.get("given") or ""
        for name in _listed(value)
    )


def _names(value: Any) -> str:
    whole = (name if isinstance(name, str) else _whole_name(name) for name in _listed(value))
    return _CONNECTIVES.sub(" ", " ".join(whole))


def _whole_name(name: dict[str, str]) -> str:
    return " ".join(part for part in (name.get("family") or name.get("literal"), name.get("given")) if part)
