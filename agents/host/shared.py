"""The agent hosts that all jobs of an event loop share, kept warm for the next one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from gleanery.agents.host.pool import Pool

_LINGER = 60.0
"""Seconds that hosts are kept which nobody uses: CrewAI takes seconds to import."""


@dataclass(slots=True)
class _Shared:
    pool: Pool = field(default_factory=Pool)
    users: int = 0
    lingering: asyncio.Task[None] | None = None


_shared: dict[asyncio.AbstractEventLoop, _Shared] = {}


def lease() -> Pool:
    """The hosts of this loop, the first of them on its way by now. To be given back."""
    shared = _shared.setdefault(asyncio.get_running_loop(), _Shared())
    shared.users += 1
    if shared.lingering is not None:
        shared.lingering.cancel()
        shared.lingering = None
    shared.pool.warm()
    return shared.pool


async def give_back() -> None:
    """Say that a lease is over. With the last one the hosts end, if soon there is no other."""
    loop = asyncio.get_running_loop()
    shared = _shared[loop]
    shared.users -= 1
    if not shared.users:
        shared.lingering = loop.create_task(_linger(loop, shared))
        await asyncio.sleep(0)  # a task that is cancelled before its first step would never close them


async def _linger(loop: asyncio.AbstractEventLoop, shared: _Shared) -> None:
    try:
        await asyncio.sleep(_LINGER)
    finally:  # also where the loop is ending, and cancels everything
        if shared.lingering is asyncio.current_task():
            del _shared[loop]
            await shared.pool.aclose()
