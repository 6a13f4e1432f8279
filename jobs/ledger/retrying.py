"""Records are done again: their results step aside, and they are todo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from gleanery.errors import UsageError
from gleanery.jobs.job import ENDED
from gleanery.jobs.ledger.database import Database
from gleanery.jobs.ledger.events import add_event
from gleanery.jobs.ledger.states import enqueue
from gleanery.tasks.records import Status

_CHUNK = 2000
"""Results that are superseded in one transaction."""

_SUPERSEDE = """
INSERT INTO superseded (number, job, position, status, body, about, cached, exchanges, at)
SELECT number, job, position, status, body, about, cached, exchanges, at FROM results WHERE number IN ({0})
"""
_COUNT = """
UPDATE jobs SET todo = todo + ?, ok = ok - ?, review = review - ?, failed = failed - ?, cached = cached - ?
WHERE number = ?
"""
_Found = list[tuple[int, Status, int]]
"""Numbers, statuses, and whether they were cached, of results."""


def retry(
    database: Database,
    job: int,
    statuses: Sequence[Status] = (),
    ids: Sequence[str] = (),
    finish: Callable[[int], None] = lambda count: None,
) -> int:
    """Supersede results, some at a time: how many. `finish` is told in the last transaction. An ended job is queued in
    the first. UsageError where a record of `ids` is not there; nothing is changed then."""
    positions = _positions(database, job, ids)
    count = 0
    while True:
        with database.writing():
            if positions:
                some, positions = positions[:_CHUNK], positions[_CHUNK:]
                found, more = _at(database, job, some), bool(positions)
            else:
                found = _of(database, job, statuses)
                more = len(found) == _CHUNK
            if found:
                _supersede(database, job, found)
                _go_on(database, job)
            count += len(found)
            if not more:
                if count:
                    id = database.value("SELECT id FROM jobs WHERE number = ?", (job,))
                    add_event(database, "retry", f"{count} records of {id} are to be done again.", id)
                finish(count)
                return count


def _supersede(database: Database, job: int, found: _Found) -> None:
    numbers = [number for number, _, _ in found]
    marks = ",".join("?" * len(numbers))
    database.change(_SUPERSEDE.format(marks), numbers)
    database.change(f"DELETE FROM results WHERE number IN ({marks})", numbers)
    n = Counter(status for _, status, _ in found)
    cached = sum(cached for _, _, cached in found)
    database.change(_COUNT, (len(found), n["ok"], n["review"], n["failed"], cached, job))


def _go_on(database: Database, job: int) -> None:
    if database.value("SELECT state FROM jobs WHERE number = ?", (job,)) in ENDED:
        enqueue(database, job)


def _of(database: Database, job: int, statuses: Sequence[Status]) -> _Found:
    """The first results of those statuses."""
    found: _Found = []
    for status in statuses:
        rare = "" if status == "ok" else "AND status <> 'ok' "  # so that SQLite may use the index of rare ones
        query = (
            f"SELECT number, status, cached FROM results WHERE job = ? AND status = ? {rare}ORDER BY position LIMIT ?"
        )
        found += database.rows(query, (job, status, _CHUNK - len(found)))
    return found


def _at(database: Database, job: int, positions: Sequence[int]) -> _Found:
    """The results of the records at those positions that have one."""
    marks = ",".join("?" * len(positions))
    query = f"SELECT number, status, cached FROM results WHERE job = ? AND position IN ({marks})"
    return database.rows(query, (job, *positions))


def _positions(database: Database, job: int, ids: Sequence[str]) -> list[int]:
    found: dict[str, list[int]] = {}
    with database.reading():
        for begin in range(0, len(ids), _CHUNK):
            some = list(ids[begin : begin + _CHUNK])
            query = f"SELECT id, position FROM records WHERE job = ? AND id IN ({','.join('?' * len(some))})"
            for id, position in database.rows(query, (job, *some)):
                found.setdefault(id, []).append(position)
    missing = [id for id in ids if id not in found]
    if missing:
        names = ", ".join(f"`{id}`" for id in missing[:5]) + (" ..." if len(missing) > 5 else "")
        raise UsageError(f"It has no record {names}. The export's `id` is what a record is called.")
    return sorted(position for id in found for position in found[id])
