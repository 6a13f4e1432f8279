"""The names of jobs: `j-` and six characters that nobody mistakes for one another."""

from __future__ import annotations

import secrets

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Digits and small letters without i, l, o and u."""
_LENGTH = 6


def new_id() -> str:
    """A name for a job; of a billion, so that whoever takes it still has to see whether it is free."""
    return "j-" + "".join(secrets.choice(ALPHABET) for _ in range(_LENGTH))


def as_prefix(text: str) -> str:
    """What a user typed for a job's name, as such a name begins: `abc` and `J-ABC` are `j-abc`."""
    name = text.strip().lower()
    return name if name.startswith("j-") else f"j-{name}"
