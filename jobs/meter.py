"""How a job goes, measured while it runs."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from heapq import nlargest
from statistics import median

from gleanery.jobs.job import Pace
from gleanery.jobs.outcome import Outcome
from gleanery.tasks.records import Record

SPAN = 10.0
"""Seconds over which the rate is taken."""

CALLS = 200
"""Last calls of which the medians are taken."""

SLOWEST = 5


class Meter:
    """Measures a job; goes on from the pace that was measured before. Times of `clock` are seconds."""

    def __init__(self, pace: Pace, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began = clock()
        self._done: deque[tuple[float, int]] = deque()
        self._in_span = 0
        self._ttft: deque[float] = deque(maxlen=CALLS)
        self._tpot: deque[float] = deque(maxlen=CALLS)
        self._before = pace
        self._tokens, self._slowest = pace.tokens, list(pace.slowest)

    def took_over(self, count: int) -> None:
        """Count records whose Results were there already."""
        self._count(count)

    def done(self, records: Sequence[Record], outcomes: Sequence[Outcome]) -> None:
        """Count records that were performed."""
        self._count(len(outcomes))
        least = self._slowest[-1][1] if len(self._slowest) == SLOWEST else -1.0
        slow = []
        for record, outcome in zip(records, outcomes, strict=True):
            self._tokens += outcome.tokens or 0
            if outcome.ttft_ms is not None:
                self._ttft.append(outcome.ttft_ms)
            if outcome.tpot_ms is not None:
                self._tpot.append(outcome.tpot_ms)
            if outcome.seconds is not None and outcome.seconds > least:
                slow.append((record.id, outcome.seconds))
        if slow:
            self._slowest = nlargest(SLOWEST, [*self._slowest, *slow], key=lambda entry: entry[1])

    @property
    def rate(self) -> float | None:
        """Records a second, lately; None before the first."""
        now = self._clock()
        self._forget(now)
        return self._in_span / max(0.5, min(SPAN, now - self._began)) if self._done else None

    def pace(self, in_flight: int) -> Pace:
        """How the job goes now."""
        return Pace(
            at=time.time(),
            rate=self.rate,
            in_flight=in_flight,
            ttft_ms=median(self._ttft) if self._ttft else self._before.ttft_ms,
            tpot_ms=median(self._tpot) if self._tpot else self._before.tpot_ms,
            tokens=self._tokens,
            slowest=tuple(self._slowest),
        )

    def at_rest(self) -> Pace:
        """What is left to say when it goes no more."""
        pace = self.pace(0)
        return Pace(pace.at, None, 0, pace.ttft_ms, pace.tpot_ms, pace.tokens, pace.slowest)

    def _count(self, count: int) -> None:
        now = self._clock()
        self._forget(now)
        self._in_span += count
        if self._done and now - self._done[-1][0] < 0.1:  # so that a fast job does not make a long list
            then, before = self._done[-1]
            self._done[-1] = (then, before + count)
        else:
            self._done.append((now, count))

    def _forget(self, now: float) -> None:
        while self._done and self._done[0][0] < now - SPAN:
            self._in_span -= self._done.popleft()[1]
