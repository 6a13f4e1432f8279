"""What the screens show, read from the ledger: by a thread of its own, ten times a second at most. Knows no Textual."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event as Flag
from typing import Any

import orjson

from gleanery.errors import GleaneryError
from gleanery.jobs.job import ENDED, Event, Job
from gleanery.jobs.ledger.ledger import Kept
from gleanery.jobs.lock import Holder
from gleanery.queue import Queue
from gleanery.tasks.records import Status
from gleanery.tui.wording import printable
from gleanery.watching import INTERVAL, Snapshot, Watcher

_SHARE = 4
"""How many times as long as a look took the feed rests after it."""
_REASONS_EVERY = 2.0
_RETRY = 1.0
"""Seconds until a ledger that could not be read is tried again."""
_LATEST, _EVENTS = 20, 30


@dataclass(frozen=True, slots=True)
class Line:
    """A Result in short: `text` is its title or what else it says, or why it failed."""

    record: str
    status: Status
    text: str


@dataclass(frozen=True, slots=True)
class Details:
    """What is shown of the chosen job besides itself, the newest first. `failures` are reasons, and how often."""

    job: Job
    latest: tuple[Line, ...]
    failures: tuple[tuple[str, int], ...]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class View:
    """All that is shown at one time: the jobs (those to be run in their order, then those that ended, the last one
    first), who works on them, when this was so (seconds since 1970), and the chosen job's details."""

    jobs: tuple[Job, ...] = ()
    worker: Holder | None = None
    at: float = 0.0
    details: Details | None = None


class Feed:
    """Reads the ledger in `home` for as long as `run` goes on, and tells `show` whenever something is another.

    `choose` and `stop` may be called by other threads.
    """

    def __init__(self, home: Path, show: Callable[[View], object], fail: Callable[[str], object]) -> None:
        self.home = home
        self._show, self._fail = show, fail
        self._chosen: str | None = None
        self._woken, self._stopped = Flag(), False

    def choose(self, job: str | None) -> None:
        """Say of which job details are wanted."""
        if job != self._chosen:
            self._chosen = job
            self._woken.set()

    def stop(self) -> None:
        """Let `run` come to its end."""
        self._stopped = True
        self._woken.set()

    def run(self) -> None:
        """Read until told to stop."""
        while not self._stopped:
            try:
                with Queue(self.home) as queue:
                    self._read(queue)
            except GleaneryError as error:
                self._fail(str(error))
                self._rest(_RETRY)

    def _read(self, queue: Queue) -> None:
        watcher, chosen, seen = Watcher(queue), _Chosen(queue, self._chosen), Snapshot(0.0, (), None)
        while not self._stopped:
            began = time.monotonic()
            snapshot = watcher.poll()
            if snapshot is not None or chosen.id != self._chosen:
                seen = snapshot or seen
                chosen = chosen if chosen.id == self._chosen else _Chosen(queue, self._chosen)
                self._show(View(in_order(seen.jobs), seen.worker, seen.at, chosen.read(seen.jobs)))
            self._rest(max(INTERVAL, _SHARE * (time.monotonic() - began)))

    def _rest(self, seconds: float) -> None:
        self._woken.wait(seconds)
        self._woken.clear()


class _Chosen:
    """Reads what is shown of one job besides itself, piece by piece."""

    def __init__(self, queue: Queue, id: str | None) -> None:
        self.id, self._queue = id, queue
        self._events: deque[Event] = deque(maxlen=_EVENTS)
        self._last_event = 0
        self._failures: tuple[tuple[str, int], ...] = ()
        self._failed: int | None = None
        self._failures_at = float("-inf")

    def read(self, jobs: Sequence[Job]) -> Details | None:
        """The details as they are now; None where there is no such job (any more)."""
        job = next((job for job in jobs if job.id == self.id), None)
        if job is None:
            return None
        latest = self._queue.ledger.latest(job.number, limit=_LATEST) if job.counts.done else []
        self._events.extendleft(self._new_events(job.id))
        if job.counts.failed != self._failed and time.monotonic() - self._failures_at > _REASONS_EVERY:
            self._failures = tuple(self._queue.ledger.reasons(job.number)) if job.counts.failed else ()
            self._failed, self._failures_at = job.counts.failed, time.monotonic()
        return Details(job, tuple(map(line_of, latest)), self._failures, tuple(self._events))

    def _new_events(self, job: str) -> Iterator[Event]:
        while page := self._queue.events(job, after=self._last_event):
            self._last_event = page[-1].number
            yield from page


def in_order(jobs: Sequence[Job]) -> tuple[Job, ...]:
    """Jobs as they are shown: those that ended stand below, the last one first."""
    ended = sorted((job for job in jobs if job.state in ENDED), key=lambda job: -(job.ended or job.submitted))
    return (*(job for job in jobs if job.state not in ENDED), *ended)


def line_of(kept: Kept) -> Line:
    """A kept Result in short."""
    body = orjson.loads(kept.body)
    return Line(kept.record.id, kept.status, printable(body["error"] or _said(body["output"]) or kept.record.text))


def _said(output: Any) -> str:
    """An answer's title, or else the plain values that it begins with."""
    if not isinstance(output, dict):
        return "" if output is None else str(output)
    if isinstance(output.get("title"), str):
        return str(output["title"])
    return " · ".join(str(value) for value in output.values() if isinstance(value, str | int | float) and value != "")
