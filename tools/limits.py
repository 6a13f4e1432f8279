"""A time limit on functions that know of none."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

from gleanery.errors import UsageError

MOST_UNENDED = 16
"""Calls of one tool that were given up and still run, from which on it is called no more: threads cannot be ended."""
_unended: Counter[str] = Counter()
_lock = threading.Lock()


class TimeUpError(Exception):
    """A function did not end in its time. It is given up, and may still be at it."""


class FailedError(Exception):
    """A function raised something, which may be SystemExit; it is the cause."""

    def __init__(self, cause: BaseException) -> None:
        super().__init__()
        self.cause = cause


def within(seconds: float, name: str, work: Callable[[], Any]) -> Any:
    """What `work` returns within so many seconds; FailedError where it raises, TimeUpError where it does not end.

    UsageError where too many calls of the same name never ended.
    """
    if _unended[name] >= MOST_UNENDED:
        raise UsageError(f"{_unended[name]} calls of {name} have not ended, so it is called no more. Go on without it.")
    run = _Run(name, work)
    run.start()
    if not run.done.wait(seconds) and run.give_up():
        raise TimeUpError
    if run.error is not None:
        raise FailedError(run.error)
    return run.answer


class _Run(threading.Thread):
    """One call, on a thread of its own, with the context of who calls."""

    def __init__(self, name: str, work: Callable[[], Any]) -> None:
        super().__init__(name=f"gleanery-{name}", daemon=True)
        self.done = threading.Event()
        self.answer: Any = None
        self.error: BaseException | None = None
        self._called, self._work, self._context, self._given_up = name, work, copy_context(), False

    def run(self) -> None:
        """Make the call."""
        try:
            self.answer = self._context.run(self._work)
        except BaseException as error:
            self.error = error
        with _lock:
            self.done.set()
            if self._given_up:
                _unended[self._called] -= 1

    def give_up(self) -> bool:
        """Whether the call is given up: not where it has just ended."""
        with _lock:
            if self.done.is_set():
                return False
            self._given_up = True
            _unended[self._called] += 1
            return True
