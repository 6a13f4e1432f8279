"""A deleted job is gone at once; its rows are taken away some at a time, so that nobody is kept waiting, and leave
nothing behind in the file."""

from __future__ import annotations

import time
from pathlib import Path

from gleanery.errors import LedgerError
from gleanery.jobs.ledger.database import Database
from gleanery.jobs.ledger.wire import wire_file

_CHUNK = 1000
"""Rows, and then pages, that are taken away in one transaction."""
_PAUSE = 0.002
"""Seconds between two transactions, in which others get at the write lock."""

_ROWS = (
    "DELETE FROM results WHERE number IN (SELECT number FROM results WHERE job = ? LIMIT ?)",
    "DELETE FROM superseded WHERE number IN (SELECT number FROM superseded WHERE job = ? LIMIT ?)",
    "DELETE FROM records WHERE job = ?1 AND position IN (SELECT position FROM records WHERE job = ?1 LIMIT ?2)",
)


def take_out(database: Database, job: int, id: str) -> None:
    """Take a job out of the queue, within a transaction; what is large is left to `Deleting`. Commands that wait for
    an answer stay until they have it."""
    bundle = database.value("SELECT bundle FROM jobs WHERE number = ?", (job,))
    database.change("INSERT INTO deletions VALUES (?, ?)", (job, id))
    database.change("DELETE FROM dependencies WHERE after = ?", (id,))
    database.change("DELETE FROM jobs WHERE number = ?", (job,))
    database.change(
        "DELETE FROM bundles WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM jobs WHERE bundle = ?1)", (bundle,)
    )
    database.change("DELETE FROM events WHERE job = ?", (id,))
    database.change("DELETE FROM commands WHERE job = ? AND answered IS NOT NULL", (id,))
    database.change("UPDATE commands SET arguments = x'7B7D' WHERE job = ?", (id,))


class Deleting:
    """Takes away what deleted jobs left: also jobs that a worker deleted which died over it."""

    def __init__(self, database: Database, home: Path) -> None:
        self._database = database
        self._home = home
        self._leaves_traces = True  # of a worker before this one, perhaps

    def sweep(self, seconds: float) -> bool:
        """Work at it for about that long: whether there is more to do."""
        deadline = time.monotonic() + seconds
        while (found := self._database.row("SELECT job, id FROM deletions LIMIT 1")) is not None:
            job, id = found
            if not self._take_some(job):
                self._finish(job, id)
            if time.monotonic() > deadline:
                return True
            time.sleep(_PAUSE)
        return self._give_back(deadline)

    def _take_some(self, job: int) -> bool:
        """Whether some rows of the job were left."""
        with self._database.writing():
            self._leaves_traces = True
            return any(self._database.change(statement, (job, _CHUNK)) for statement in _ROWS)

    def _finish(self, job: int, id: str) -> None:
        file = wire_file(self._home, id)
        try:
            file.unlink(missing_ok=True)
        except OSError as error:
            raise LedgerError(
                f"{file}, the wire record of a deleted job, cannot be deleted: {error.strerror}."
            ) from error
        with self._database.writing():
            self._database.change("DELETE FROM deletions WHERE job = ?", (job,))

    def _give_back(self, deadline: float) -> bool:
        """Give the room back to the disk, and empty the write-ahead log, in which the rows still stand."""
        if not self._leaves_traces:
            return False
        while self._database.give_back(_CHUNK):
            if time.monotonic() > deadline:
                return True
            time.sleep(_PAUSE)
        # Where a reader is in the way, whoever asks next does it: nobody should have to wait for that reader.
        self._leaves_traces = not self._database.empty_log()
        return False
