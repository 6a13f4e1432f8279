"""Jobs whose models are not there, and when they are tried again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

DELAYS = (5.0, 10.0, 20.0, 40.0, 60.0)
"""Seconds until a lost endpoint is tried again, the last over and over."""

PATIENCE = 60.0
"""Seconds that a worker with one job waits for an endpoint that it had before."""


@dataclass(slots=True)
class _Wait:
    since: float
    tries: int = 0
    due: float | None = None
    opened: bool = False


class Waits:
    """The waiting jobs by id. A job that is being tried again is still known here, until it is forgotten."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._waits: dict[str, _Wait] = {}

    def again(self, id: str, *, opened: bool) -> float:
        """Let a job wait: the seconds until it is tried again. `opened`: its models were there this time."""
        now = self._clock()
        wait = self._waits.setdefault(id, _Wait(now))
        seconds = DELAYS[min(wait.tries, len(DELAYS) - 1)]
        wait.tries, wait.due, wait.opened = wait.tries + 1, now + seconds, wait.opened or opened
        return seconds

    def due(self) -> list[str]:
        """Those to be tried again now; they wait no more."""
        now = self._clock()
        due = [id for id, wait in self._waits.items() if wait.due is not None and wait.due <= now]
        for id in due:
            self._waits[id].due = None
        return due

    def has(self, id: str) -> bool:
        """Whether a job waits."""
        wait = self._waits.get(id)
        return wait is not None and wait.due is not None

    def in_vain(self, id: str, patience: float) -> bool:
        """Whether a waiting job has waited for so many seconds, or for models that were not there to begin with."""
        wait = self._waits.get(id)
        if wait is None or wait.due is None:
            return False
        return not wait.opened or self._clock() - wait.since >= patience

    def forget(self, id: str) -> None:
        """Its models are there again, or it is no more to be tried."""
        self._waits.pop(id, None)
