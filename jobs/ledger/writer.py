"""What only the worker writes: results, counters, states. Whoever makes a LedgerWriter holds the worker's lock."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from gleanery.jobs.job import Command, Pace, State
from gleanery.jobs.ledger.commands import obey
from gleanery.jobs.ledger.deleting import Deleting
from gleanery.jobs.ledger.events import add_event
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.ledger.retrying import retry
from gleanery.jobs.ledger.states import change_state
from gleanery.jobs.outcome import Outcome
from gleanery.tasks.records import Status

_INSERT = """
INSERT INTO results (job, position, status, body, about, cached, content, exchanges, at)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 WHERE EXISTS (SELECT 1 FROM records WHERE job = ?1 AND position = ?2)
ON CONFLICT (job, position) DO NOTHING
"""
_COUNT = """
UPDATE jobs SET todo = todo - ?, ok = ok + ?, review = review + ?, failed = failed + ?, cached = cached + ?
WHERE number = ?
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """An Outcome of a job's record, to be kept. `content` is what it depends on, where it may be reused; `exchanges`
    where they begin in the wire file."""

    job: int
    outcome: Outcome
    content: bytes | None = None
    cached: bool = False
    exchanges: int | None = None


class LedgerWriter:
    """Writes through the connection of a Ledger; used by the one thread that the Ledger belongs to."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._database = ledger.database
        self._deleting = Deleting(ledger.database, ledger.home)

    def commit(self, deliveries: Sequence[Delivery], paces: Mapping[int, Pace] | None = None) -> int:
        """Keep results with their counters, and how jobs go, in one durable transaction: how many were new.

        A record that has a Result keeps it. A result for a record or a job that is not there any more is dropped.
        """
        if not deliveries and not paces:
            return 0
        new: dict[int, Counter[str]] = {}
        with self._database.writing():
            there = {job for job in {delivery.job for delivery in deliveries} if self._is_there(job)}
            now = time.time()
            for delivery in deliveries:
                if delivery.job in there and self._insert(delivery, now):
                    new.setdefault(delivery.job, Counter()).update(_counted(delivery))
            for job, n in new.items():
                counts = (n["todo"], n["ok"], n["review"], n["failed"], n["cached"])
                self._database.change(_COUNT, (*counts, job))
            for job, pace in (paces or {}).items():
                self._database.change("UPDATE jobs SET pace = ? WHERE number = ?", (orjson.dumps(pace.as_json()), job))
        self._database.keep_log_short()
        return sum(n["todo"] for n in new.values())

    def set_state(self, job: int, state: State, reason: str | None = None) -> None:
        """Bring a job into a state, with an event that says so; `started` and `ended` are kept with it."""
        with self._database.writing():
            change_state(self._database, job, state, reason)

    def pin(self, job: int, pins: Mapping[str, str | None]) -> None:
        """Keep the digests of a job's models."""
        with self._database.writing():
            self._database.change("UPDATE jobs SET pins = ? WHERE number = ?", (orjson.dumps(dict(pins)), job))

    def note(self, kind: str, text: str, job: str | None = None) -> None:
        """Keep an event; only the last ten thousand are kept."""
        with self._database.writing():
            add_event(self._database, kind, text, job)

    def obey(self, command: Command) -> str:
        """Do what a door asked, in one transaction with the answer (a sentence), which is returned.

        pause: into `paused`. resume: a paused, waiting, failed or cancelled job goes on. cancel: into `cancelled`.
        retry (`statuses` or `ids`; without them, failed ones): their results are superseded, the records todo again, an
        ended job is queued. move (`to`: "first", "last", or `before`/`after` a job's id; `priority`). delete: the job
        with all its rows and its wire file, of a large one as much as there is time for: `sweep` does the rest; a
        running one is refused. What cannot be done is answered with the reason, and the command is `refused`.
        """
        answer = obey(self._database, command)
        if command.verb == "delete":
            self.sweep()
        return answer

    def retry(self, job: int, statuses: Sequence[Status] = (), ids: Sequence[str] = ()) -> int:
        """Supersede the results of those statuses, or of those records: how many records are todo again.

        An ended job is queued. UsageError where a record of `ids` is not there. In several transactions, where there
        are many.
        """
        return retry(self._database, job, statuses, ids)

    def sweep(self, seconds: float = 0.1) -> bool:
        """Take away what deleted jobs left, for about that long: whether there is more of it. Cheap where there is
        nothing; to be called when there is time, until it is False."""
        return self._deleting.sweep(seconds)

    def _is_there(self, job: int) -> bool:
        return self._database.value("SELECT 1 FROM jobs WHERE number = ?", (job,)) is not None

    def _insert(self, delivery: Delivery, now: float) -> bool:
        outcome = delivery.outcome
        values = (delivery.job, outcome.position, outcome.status, outcome.body, outcome.about, int(delivery.cached))
        return self._database.change(_INSERT, (*values, delivery.content, delivery.exchanges, now)) > 0


def _counted(delivery: Delivery) -> dict[str, int]:
    return {"todo": 1, delivery.outcome.status: 1, "cached": int(delivery.cached)}
