"""Takes out of a text what is secret: credentials of URLs, keys in queries, and secrets that are known."""

from __future__ import annotations

import re
from collections.abc import Iterable

REDACTED = "[redacted]"
_SECRET_QUERY = re.compile(r"([?&](?:[\w-]*(?:key|token|secret|password|signature))=)[^&#\s]*", re.IGNORECASE)
_CREDENTIALS = re.compile(r"(?<=://)[^/?#\s@]*@")


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the credentials of URLs, the values of secret query parameters, and these secrets."""
    if "://" in text:
        text = _CREDENTIALS.sub("", text)
    if "=" in text:
        text = _SECRET_QUERY.sub(rf"\1{REDACTED}", text)
    return without(text, secrets)


def without(text: str, secrets: Iterable[str]) -> str:
    """The text without these secrets."""
    for secret in secrets:
        if secret in text:
            text = text.replace(secret, REDACTED)
    return text
