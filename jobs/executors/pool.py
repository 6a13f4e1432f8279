"""Processes of this machine that perform shards, one for every core: kept busy, and replaced when they die."""

from __future__ import annotations

import asyncio
import pickle
from contextlib import suppress
from math import inf

from gleanery.errors import GleaneryError, ModelError
from gleanery.jobs.executors.executor import EngineLost, Opened, ShardSuspect
from gleanery.jobs.executors.messages import Performed
from gleanery.jobs.executors.process import HostLost, HostProcess
from gleanery.jobs.work import Opener, Shard, Work

_AHEAD = 2
"""Shards that a process has at once: one in hand, one lying ready."""

_TRIES = 3


class Pool:
    """At most `most` processes, started when they are needed; `deadline` is in seconds for a shard.

    `waiting` are the ids of the shards that no process has yet. Belongs to one event loop.
    """

    def __init__(self, opener: Opener, most: int, deadline: float) -> None:
        self._opener, self._most, self._deadline = opener, most, deadline
        self._works: dict[str, Work] = {}
        self._lives: dict[HostProcess, asyncio.Task[None]] = {}
        self._ready: set[HostProcess] = set()
        self._waiters: list[asyncio.Future[None]] = []
        self._failures: list[str] = []
        self.waiting: set[str] = set()

    @property
    def pids(self) -> list[int]:
        """The processes that are ready to perform, or do."""
        return [host.pid for host in self._ready if host.alive]

    async def open(self, work: Work) -> Opened:
        """Open a work in the processes that there are, one at least; those that are started later open it then.

        ModelError where no process gets so far; what the opener raises.
        """
        self._works[work.job] = work
        self._failures.clear()
        try:
            while True:
                host = await self._free_host(inf)
                with suppress(HostLost):
                    opened = await host.open(work)
                    await asyncio.gather(*(host.open(work) for host in self._ready), return_exceptions=True)
                    return opened
        except EngineLost as lost:
            self._works.pop(work.job, None)
            raise ModelError(f"The models of {work.job} cannot be opened. {lost}") from None
        except GleaneryError:
            self._works.pop(work.job, None)
            raise

    async def perform(self, shard: Shard) -> Performed:
        """Have a shard performed. ShardSuspect where a process dies with it in hand, EngineLost where none lives."""
        while True:
            host = await self._host_for(shard)
            try:
                return await host.perform(shard)
            except HostLost as lost:
                if lost.begun:
                    raise ShardSuspect(str(lost)) from None

    def close(self, work: Work) -> None:
        """Close a work."""
        self._works.pop(work.job, None)
        for host in self._ready:
            host.close(work.job)

    async def aclose(self) -> None:
        """End the processes."""
        for host in self._lives:
            host.kill()
        await asyncio.gather(*self._lives.values())

    async def _host_for(self, shard: Shard) -> HostProcess:
        """A process with room for the shard, its work open there."""
        self.waiting.add(shard.id)
        try:
            while True:
                host = await self._free_host(_AHEAD)
                with suppress(HostLost):
                    await host.open(shard.work)
                    return host
        finally:
            self.waiting.discard(shard.id)

    async def _free_host(self, ahead: float) -> HostProcess:
        """The process that has least to do, once one has less than `ahead`. EngineLost where none can be had."""
        while True:
            alive = [host for host in self._ready if host.alive]
            host = min(alive, key=lambda host: host.load, default=None)
            if host is not None and host.load < ahead:
                return host
            if len(self._failures) >= _TRIES and not self._lives:
                raise EngineLost(f"No process stays alive for it. {self._failures[-1]}")
            if len(self._failures) < _TRIES and len(self._lives) < self._most and not self._grow():
                continue
            change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(change)
            await change

    def _grow(self) -> bool:
        """Start another process; whether that could be done."""
        try:
            host = HostProcess(self._deadline, self._changed)
        except OSError as error:
            self._failures.append(f"It cannot be started: {error}.")
            return False
        self._lives[host] = asyncio.create_task(self._live(host))
        return True

    async def _live(self, host: HostProcess) -> None:
        """Make a process ready, and see it off when it ends."""
        try:
            await host.start(pickle.dumps(self._opener))
            for work in list(self._works.values()):
                with suppress(GleaneryError):  # told to whoever has a shard of that work
                    await host.open(work)
            self._failures.clear()
            self._ready.add(host)
            self._changed()
            await host.ended()
        except HostLost as lost:
            self._failures.append(str(lost))
        finally:
            host.kill()
            await host.ended()
            self._ready.discard(host)
            del self._lives[host]
            self._changed()

    def _changed(self) -> None:
        """A process has answered, is ready, or has ended."""
        waiters, self._waiters = self._waiters, []
        for change in waiters:
            if not change.done():
                change.set_result(None)
