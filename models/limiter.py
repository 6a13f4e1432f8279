"""How many requests a server gets at once: places that are waited for in order, as many as pay.

A server that tells how many it works on at once gets a few more than that, so that the next request lies ready when one
ends. Of any other it is found out: more at once are worth it as long as the server gets more done for it.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable

START = 4
MOST = 256

WORTH = 1.15
"""Twice as many at once must bring so many times the work, or the server is full."""

SAME = 0.9
"""Half as many at once are enough if they bring this share of the work."""

WINDOW = 8
"""Replies at least over which the work is measured."""

QUIET = 32
"""Windows after which it is looked whether the server can do more, or less, than it could."""

COOL_DOWN = 1.0
"""Seconds after an overload in which others are its echo: of requests that were on their way already."""


class Limiter:
    """Places for requests at one server; `fixed` is how many, None: it is found out. Belongs to one event loop."""

    def __init__(self, fixed: int | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._fixed, self._clock = fixed, clock
        self._search = _Search()
        self._in_flight = 0
        self._waiters: OrderedDict[asyncio.Future[None], None] = OrderedDict()

    @property
    def limit(self) -> int:
        """How many may be in flight now."""
        return self._search.limit if self._fixed is None else self._fixed

    @property
    def in_flight(self) -> int:
        """How many places are taken."""
        return self._in_flight

    @property
    def waiting(self) -> int:
        """How many wait for a place."""
        return len(self._waiters)

    def told(self, slots: int | None) -> None:
        """Take what the server says of how many requests it works on at once; None: it does not say."""
        if slots is not None:
            self._search.told(slots)
            self._admit()

    async def enter(self) -> float:
        """Wait for a place, first come first served, and take it: the seconds waited."""
        if self._in_flight < self.limit:  # then nobody waits
            self._in_flight += 1
            return 0.0
        began = self._clock()
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters[place] = None
        self._search.wanted = True
        try:
            await place
        except asyncio.CancelledError:
            if place.cancelled():
                self._waiters.pop(place, None)
            else:  # it was given just as we were cancelled: pass it on
                self._in_flight -= 1
                self._admit()
            raise
        return self._clock() - began

    def leave(self, *, seconds: float | None = None, tokens: int = 0, overloaded: bool = False) -> None:
        """Give the place back. `seconds` is how long the reply took, None: there was none; `tokens` it had, where the
        server counts them; `overloaded`: the server said that it takes no more."""
        if self._fixed is None:
            if self._in_flight >= self._search.limit:
                self._search.wanted = True
            if overloaded:
                self._search.overloaded(self._clock())
            elif seconds is not None:
                self._search.done(self._clock(), tokens or 1)
        self._in_flight -= 1
        if self._waiters:
            self._admit()

    def _admit(self) -> None:
        while self._waiters and self._in_flight < self.limit:
            place, _ = self._waiters.popitem(last=False)
            if not place.done():
                self._in_flight += 1
                place.set_result(None)


class _Search:
    """Finds the limit by the work done in a window of replies: tokens a second, or replies where nobody counts tokens.

    By Little's law, at a given limit, latency and work are one measure: when the one rises without the other, the
    requests only queue in the server. It looks down first: at a slow server, too many in flight run into time-outs.
    `wanted`: since the window began, all places were taken; a window without that says nothing.
    """

    def __init__(self) -> None:
        self.limit = START
        self.wanted = False
        self._slots: int | None = None
        self._ceiling = MOST
        self._found, self._work_of_found = START, 0.0
        self._then: Callable[[float], None] = self._measured
        self._quiet = 0
        self._calm_at = 0.0
        self._began: float | None = None
        self._replies = self._work = 0

    def told(self, slots: int) -> None:
        """The server has so many slots. Said again, it changes nothing."""
        if slots != self._slots:
            self._slots = slots
            self._ceiling = self._most
            self._set(self._ceiling, self._recovering)

    def overloaded(self, now: float) -> None:
        """Halve the limit, and come back to just below where it was."""
        if now >= self._calm_at:
            self._calm_at = now + COOL_DOWN
            self._ceiling = max(1, self.limit - 1)
            self._set(max(1, self.limit // 2), self._recovering)

    def done(self, now: float, work: int) -> None:
        """Count a reply; after a window of them, decide."""
        self._replies += 1
        if self._began is None:  # the replies in flight when the limit changed are not its work
            if self._replies >= self.limit:
                self._restart(now)
            return
        self._work += work
        if self._replies >= max(WINDOW, 2 * self.limit) and now > self._began:
            rate, wanted = self._work / (now - self._began), self.wanted
            self._restart(now)
            if wanted:
                self._then(rate)

    @property
    def _most(self) -> int:
        return MOST if self._slots is None else _with_spare(self._slots)

    def _restart(self, now: float | None) -> None:
        self._began, self._replies, self._work, self.wanted = now, 0, 0, False

    def _set(self, limit: int, then: Callable[[float], None]) -> None:
        self.limit, self._then, self._quiet = min(limit, self._ceiling), then, 0
        self._restart(None)

    # What to do with the work of a window, one method for each stage of the search.

    def _measured(self, rate: float) -> None:
        self._found, self._work_of_found = self.limit, rate
        if self.limit > 1:
            self._set(self.limit // 2, self._halved)
        else:
            self._set(2, self._doubled)

    def _halved(self, rate: float) -> None:
        if rate < SAME * self._work_of_found:
            self._set(2 * self._found, self._doubled)
            return
        self._found, self._work_of_found = self.limit, max(rate, self._work_of_found)
        if self.limit > 1:
            self._set(self.limit // 2, self._halved)
        else:
            self._settle()

    def _doubled(self, rate: float) -> None:
        if rate < WORTH * self._work_of_found:
            self._settle()
            return
        self._found, self._work_of_found = self.limit, rate
        if self.limit < self._ceiling:
            self._set(2 * self.limit, self._doubled)
        else:
            self._settle()

    def _settle(self) -> None:
        self._set(_with_spare(self._found), self._settled)

    def _settled(self, _rate: float) -> None:
        self._quiet += 1
        if self._quiet >= QUIET:
            self._set(self._found, self._measured)

    def _recovering(self, _rate: float) -> None:
        if self.limit < self._ceiling:
            self._set(self.limit + _spare(self.limit), self._recovering)
            return
        self._quiet += 1
        if self._quiet < QUIET:
            return
        self._ceiling = self._most
        self._set(self.limit, self._measured if self._slots is None else self._recovering)


def _spare(slots: int) -> int:
    """Requests that lie ready, so that no slot waits for the next one."""
    return max(1, slots // 4)


def _with_spare(slots: int) -> int:
    return min(MOST, slots + _spare(slots))
