"""Watching jobs: what has changed in the queue since one looked last, for doors that show it as it comes."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gleanery.errors import UsageError
from gleanery.jobs.job import ENDED

if TYPE_CHECKING:
    from gleanery.jobs.job import Event, Job
    from gleanery.jobs.ledger.ledger import Kept
    from gleanery.jobs.lock import Holder
    from gleanery.queue import Queue

INTERVAL = 0.1
"""Seconds between two looks at the ledger."""
HEARTBEAT = 1.0
"""Seconds after which a watcher looks again though nothing was written: the worker may have died."""
STALE = 60.0
"""Seconds after which a measured rate says nothing any more."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The watched jobs at one moment (`at`, seconds since 1970), in the order in which they run.

    `events` and `results` are those since the snapshot before; results the newest first, and only the last few.
    `stuck` are the ids of jobs that wait for one that is at rest itself.
    """

    at: float
    jobs: tuple[Job, ...]
    worker: Holder | None
    events: tuple[Event, ...] = ()
    results: tuple[tuple[Job, Kept], ...] = ()
    stuck: frozenset[str] = frozenset()

    def at_rest(self, job: Job) -> bool:
        """Whether nothing more will happen to a job by itself: it has ended, is paused, or waits in vain."""
        return not job.pending and (job.state in ENDED or job.state == "paused" or job.id in self.stuck)

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to any of them."""
        return all(map(self.at_rest, self.jobs))


class Watcher:
    """Looks at jobs again and again: those of `ids`, or without any all there are and will be.

    `results`: how many of the last results a snapshot holds at most. Used by the thread that the queue belongs to.
    """

    def __init__(self, queue: Queue, ids: Sequence[str] = (), *, results: int = 0) -> None:
        self._queue = queue
        self._ids = tuple(dict.fromkeys(queue.job(id).id for id in ids))
        self._results = results
        self._changed: int | None = None
        self._looked = 0.0
        self._event = self._last_event()
        self._result = max((kept.number for kept in queue.ledger.latest(limit=1)), default=0)

    def poll(self, *, again: bool = False) -> Snapshot | None:
        """A snapshot, where something was written since the last one or a second has passed; else None.

        `again`: in any case, as after having written something oneself.
        """
        changed, now = self._queue.ledger.changed(), time.monotonic()
        if not again and changed == self._changed and now - self._looked < HEARTBEAT:
            return None
        self._changed, self._looked = changed, now
        return self._snapshot()

    def _snapshot(self) -> Snapshot:
        # Events before jobs: what an event tells of, the jobs then show.
        events = self._new_events()
        jobs = self._jobs()
        return Snapshot(
            time.time(), jobs, self._queue.worker(), events, self._new_results(jobs), frozenset(self._stuck(jobs))
        )

    def _jobs(self) -> tuple[Job, ...]:
        """The jobs; those that were deleted meanwhile are left out."""
        if not self._ids:
            return tuple(self._queue.jobs())
        found = (self._find(id) for id in self._ids)
        return tuple(job for job in found if job is not None)

    def _find(self, id: str) -> Job | None:
        try:
            return self._queue.job(id)
        except UsageError:
            return None

    def _new_events(self) -> tuple[Event, ...]:
        events: list[Event] = []
        while page := self._queue.events(after=self._event):
            self._event = page[-1].number
            events += page
        return tuple(event for event in events if not self._ids or event.job in self._ids)

    def _last_event(self) -> int:
        last = 0
        while page := self._queue.events(after=last):
            last = page[-1].number
        return last

    def _new_results(self, jobs: Sequence[Job]) -> tuple[tuple[Job, Kept], ...]:
        if not self._results:
            return ()
        found = [(job, kept) for job in jobs for kept in self._latest(job)]
        found.sort(key=lambda one: one[1].number, reverse=True)
        self._result = max((kept.number for _, kept in found), default=self._result)
        return tuple(found[: self._results])

    def _latest(self, job: Job) -> Sequence[Kept]:
        if not job.counts.done:
            return ()
        return self._queue.ledger.latest(job.number, after=self._result, limit=self._results)

    def _stuck(self, jobs: Sequence[Job]) -> Iterator[str]:
        known = {job.id: job for job in jobs}
        for job in jobs:
            if job.state == "waiting" and self._waits_in_vain(job, known, frozenset()):
                yield job.id

    def _waits_in_vain(self, job: Job, known: dict[str, Job], seen: frozenset[str]) -> bool:
        """Whether one of those it waits for will not be done by itself."""
        for id in job.after:
            first = known.get(id) or self._find(id)
            if first is None or first.state in ("failed", "cancelled", "paused"):
                return True
            if first.state == "waiting" and id not in seen and self._waits_in_vain(first, known, seen | {id}):
                return True
        return False


def watch(queue: Queue, ids: Sequence[str] = (), interval: float = INTERVAL, *, results: int = 0) -> Iterator[Snapshot]:
    """Snapshots of the jobs: one at once, then one whenever something was written, and at least one a second.

    It looks every `interval` seconds and never ends by itself: whoever has seen enough (`Snapshot.over`) breaks off.
    """
    watcher = Watcher(queue, ids, results=results)
    while True:
        snapshot = watcher.poll()
        if snapshot is not None:
            yield snapshot
        time.sleep(interval)


def rate_of(job: Job, now: float) -> float | None:
    """Records a second, while it runs and that is known."""
    measured = job.pace.at is not None and now - job.pace.at < STALE
    return job.pace.rate if job.state == "running" and measured else None


def seconds_left(job: Job, now: float) -> float | None:
    """How long a job will still take at its present rate; None where that cannot be known."""
    rate = rate_of(job, now)
    return job.counts.todo / rate if rate and job.loaded else None
