"""What happened, as rows: for doors that watch, and for whoever asks later."""

from __future__ import annotations

import time

from gleanery.jobs.ledger.database import Database

KEPT = 10_000
"""Events, and answered commands, that are kept."""


def add_event(database: Database, kind: str, text: str, job: str | None = None) -> None:
    """Add an event, within a transaction, and forget those that are too old."""
    number = database.insert(
        "INSERT INTO events (at, job, kind, text) VALUES (?, ?, ?, ?)", (time.time(), job, kind, text)
    )
    database.change("DELETE FROM events WHERE number <= ?", (number - KEPT,))
