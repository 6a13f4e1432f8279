"""Waiting for a server that went away, and for one that has too much to do."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator

from gleanery.errors import ModelError

FIRST, LONGEST = 0.2, 15.0
"""Seconds before the server is asked the first time, and the most between two times."""

ANSWER = 10.0
"""Seconds that the server may take to say that it is there."""


class Presence:
    """Whether a server is there, asked by one for all that wait. `patience` is seconds. Belongs to one event loop.

    Once patience is over, whoever comes has the server asked once more, at once, and no more than that: a batch shall
    not wait for a lost server again and again. When it has answered (`answered`), there is patience anew.
    """

    def __init__(
        self, alive: Callable[[], Awaitable[bool]], patience: float, *, chance: random.Random | None = None
    ) -> None:
        self._alive, self._patience = alive, patience
        self._chance = chance or random.Random()
        self._prober: asyncio.Task[bool] | None = None
        self._waiting = 0
        self._lost = self._given_up = False

    @property
    def lost(self) -> bool:
        """Whether the server is gone, as far as anybody knows."""
        return self._lost

    def answered(self) -> None:
        """The server has answered somebody."""
        self._lost = self._given_up = False

    async def wait(self) -> bool:
        """Wait for the server that did not answer: True once it does, False when patience is over."""
        if self._prober is None or self._prober.done():
            self._lost = True
            self._prober = asyncio.create_task(self._probe())
        self._waiting += 1
        try:
            return await asyncio.shield(self._prober)
        finally:
            self._waiting -= 1
            if not self._waiting:
                self._prober.cancel()
                self._prober = None

    async def _probe(self) -> bool:
        if self._given_up:
            return await self._answers()
        loop = asyncio.get_running_loop()
        end = loop.time() + self._patience
        delay = FIRST
        while (left := end - loop.time()) > 0:
            await asyncio.sleep(min(left, self._chance.uniform(delay / 2, delay)))
            if await self._answers():
                return True
            delay = min(2 * delay, LONGEST)
        self._given_up = True
        return False

    async def _answers(self) -> bool:
        try:
            async with asyncio.timeout(ANSWER):
                if not await self._alive():
                    return False
        except (TimeoutError, ModelError):
            return False
        self.answered()
        return True


def delays(after: float | None, chance: random.Random | None = None) -> Iterator[float]:
    """Seconds to wait before each further try at a server that has too much to do: at random up to twice as many each
    time, so that those who were refused together do not come back together; never fewer than the server asked for."""
    draw = (chance or random).uniform
    longest = 2 * FIRST
    while True:
        yield (after or 0.0) + draw(0.0, longest)
        longest = min(2 * longest, LONGEST)
