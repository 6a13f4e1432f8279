"""How much room a ledger takes, and which jobs go when it is to take less: ended ones, the oldest first."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from gleanery.errors import LedgerError
from gleanery.jobs.job import ENDED, Job, State
from gleanery.jobs.ledger.ledger import FILE, Ledger
from gleanery.jobs.ledger.wire import wire_file
from gleanery.jobs.ledger.writer import LedgerWriter
from gleanery.jobs.lock import WorkerLock, holder_of

_ROW = 60
"""Bytes of a row besides its texts, its places in indexes included: an estimate."""


@dataclass(frozen=True, slots=True)
class Room:
    """Bytes on disk: of the ledger's file with its write-ahead log, and of the wire files."""

    ledger: int
    wire: int

    @property
    def all(self) -> int:
        """Both."""
        return self.ledger + self.wire


@dataclass(frozen=True, slots=True)
class Leaving:
    """A job that is to be deleted, and about how many bytes it takes."""

    job: Job
    size: int


def size_of(home: Path) -> Room:
    """How much room the ledger in `home` takes."""
    files = [home / f"{FILE}{suffix}" for suffix in ("", "-wal")]
    return Room(sum(map(_size, files)), sum(map(_size, (home / "wire").glob("*.wire"))))


def to_delete(
    ledger: Ledger,
    *,
    older_than: float | None = None,
    keep_size: int | None = None,
    states: Collection[State] = ENDED,
) -> list[Leaving]:
    """The jobs in those states that ended more than `older_than` seconds ago; and of the others the oldest, for as long
    as what is left takes more than `keep_size` bytes. A job that others still wait for stays."""
    jobs = ledger.jobs()
    wanted = {id for job in jobs if job.state not in ENDED for id in job.after}
    ended = [job for job in jobs if job.state in ENDED and job.state in states and job.id not in wanted]
    before = -1.0 if older_than is None else time.time() - older_than
    left = size_of(ledger.home).all
    found: list[Leaving] = []
    for job in sorted(ended, key=_end):
        if _end(job) <= before or (keep_size is not None and left > keep_size):
            found.append(Leaving(job, _size_of_job(ledger, job)))
            left -= found[-1].size
    return found


def old_runs(home: Path, older_than: float) -> list[Path]:
    """The folders of runs that were interrupted more than `older_than` seconds ago, and never taken up again."""
    before = time.time() - older_than
    folders = sorted(path for path in (home / "runs").glob("j-*") if path.is_dir())
    return [path for path in folders if holder_of(path) is None and _last_change(path) <= before]


def give_back_room(ledger: Ledger) -> bool:
    """Take away what deleted jobs left, and give the room back to the disk; False where that is left to a worker that
    runs, or somebody who reads is in the way."""
    lock = WorkerLock(ledger.home)
    if not lock.acquire():
        return False
    try:
        writer = LedgerWriter(ledger)
        while writer.sweep():
            pass
        return ledger.database.empty_log()
    finally:
        lock.release()


def _end(job: Job) -> float:
    return job.submitted if job.ended is None else job.ended


def _size_of_job(ledger: Ledger, job: Job) -> int:
    count = "count(*) * ? + total(length(body) + length(about))"
    results = ledger.database.value(f"SELECT {count} FROM results WHERE job = ?", (_ROW, job.number))
    count = "count(*) * ? + total(length(CAST(text AS BLOB)) + ifnull(length(carried), 0) + ifnull(length(issues), 0))"
    records = ledger.database.value(f"SELECT {count} FROM records WHERE job = ?", (_ROW, job.number))
    return int(results + records) + _size(wire_file(ledger.home, job.id))


def _last_change(folder: Path) -> float:
    return max((path.stat().st_mtime for path in folder.iterdir()), default=folder.stat().st_mtime)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise LedgerError(f"{path} cannot be looked at: {error.strerror}.") from error
