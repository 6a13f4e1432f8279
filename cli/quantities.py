"""Ages and sizes as people type them: `90d`, `2GB`."""

from __future__ import annotations

import re

from gleanery.errors import UsageError

_QUANTITY = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*")
_SECONDS = {"h": 3600, "d": 86_400, "w": 7 * 86_400, "y": 365 * 86_400}
_BYTES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def age(text: str) -> float:
    """The seconds of a length of time: `12h`, `90d`, `8w`, `1y`. UsageError where it is none."""
    found = _QUANTITY.fullmatch(text)
    if found is None or found[2].lower() not in _SECONDS:
        raise UsageError(f"`{text}` is no age. Write hours, days, weeks or years: 12h, 90d, 8w, 1y.")
    return float(found[1]) * _SECONDS[found[2].lower()]


def bytes_of(text: str) -> int:
    """The bytes of a size: `500MB`, `2GB`, `1.5GiB`. UsageError where it is none."""
    found = _QUANTITY.fullmatch(text)
    if found is None or found[2].lower() not in _BYTES:
        raise UsageError(f"`{text}` is no size. Write a number with its unit: 500MB, 2GB, 1.5GiB.")
    return int(float(found[1]) * _BYTES[found[2].lower()])
