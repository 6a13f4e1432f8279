"""An event loop whose time passes at once: an hour of sleeping takes as long as what is done in it.

    async def main(clock: Callable[[], float]) -> None:
        await asyncio.sleep(3600)
        assert clock() == 3600.0

    simulate(main)

For what talks to nobody outside the loop: no sockets, threads or processes.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any


class _NoWait(selectors.SelectSelector):
    """Instead of waiting, lets the time pass."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[Any]:
        self.now += timeout or 0.0
        return super().select(0)


class _SimulatedLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.clock = _NoWait()
        super().__init__(self.clock)

    def time(self) -> float:
        return self.clock.now


def simulate(main: Callable[[Callable[[], float]], Coroutine[Any, Any, None]]) -> None:
    """Run main(clock) without waiting for anything."""
    with asyncio.Runner(loop_factory=_SimulatedLoop) as runner:
        loop = runner.get_loop()
        runner.run(main(loop.time))
