"""A record with what became of it, as the ledger keeps it."""

from __future__ import annotations

from dataclasses import dataclass

from gleanery.tasks.records import Record, Status


@dataclass(frozen=True, slots=True)
class Kept:
    """A record with the Result that the ledger holds of it. `number` grows with the order in which results came;
    `body`, `about` are as in Outcome; `exchanges` is where those begin in the wire file (None: none were kept)."""

    number: int
    record: Record
    status: Status
    body: bytes
    about: bytes
    cached: bool
    exchanges: int | None
