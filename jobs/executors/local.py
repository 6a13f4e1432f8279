"""Performs shards on this machine: what waits for chat models here on the event loop, the specialist on every core."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from time import perf_counter

from gleanery.jobs.executors.executor import Opened, ShardWithdrawn, opened_by
from gleanery.jobs.executors.performing import outcomes_of
from gleanery.jobs.executors.pool import Pool
from gleanery.jobs.executors.shard_sizes import ShardSizes
from gleanery.jobs.outcome import Outcome
from gleanery.jobs.work import Opener, Performer, Shard, Work
from gleanery.models.gguf.sizing import cores
from gleanery.models.wire import recording

_SHARDS = 3
"""Shards in flight for every process: one in hand, one lying ready, one on its way."""


@dataclass(slots=True)
class _Going:
    task: asyncio.Task[list[Outcome]]
    begun: Callable[[], bool]
    withdrawn: bool = False


class LocalExecutor:
    """An Executor on this machine. Belongs to one event loop.

    A work of the embedded specialist alone is performed in at most `processes` processes of our own (one for each core
    that may be used; 0: on a thread of this one), to which the opener must be known by name; a shard for which one of
    them takes more than `deadline` seconds is suspect. Any other work is performed on the event loop, a record a shard.
    """

    def __init__(self, opener: Opener, *, processes: int | None = None, deadline: float = 120.0) -> None:
        self._opener = opener
        self._here = processes == 0
        self._processes = processes or (1 if self._here else cores())
        self._pool = Pool(opener, self._processes, deadline)
        self._performers: dict[str, Performer] = {}
        self._sizes: dict[str, ShardSizes] = {}
        self._going: dict[str, _Going] = {}

    @property
    def pids(self) -> list[int]:
        """The processes that perform for it now."""
        return self._pool.pids

    async def start(self) -> None:
        """Processes are started when they are first needed."""

    async def open(self, work: Work) -> Opened:
        """Open the models of a work. Raises what the opener raises, ModelError where no process can be had."""
        if work.embedded:
            self._sizes[work.job] = ShardSizes(self._processes)
        if self._elsewhere(work):
            return await self._pool.open(work)
        if work.job not in self._performers:
            self._performers[work.job] = await self._opener(work)
        return opened_by(self._performers[work.job])

    def shard_size(self, work: Work) -> int:
        """A moment's work for a process, once that is known; a record each where a server is waited for."""
        return self._sizes[work.job].size if work.embedded else 1

    def capacity(self, work: Work) -> int:
        """What keeps every core busy, or as much as the work's models want."""
        if work.embedded:
            return _SHARDS * self._processes * self.shard_size(work)
        return self._performers[work.job].room

    async def run(self, shard: Shard) -> list[Outcome]:
        """Perform a shard of an open work."""
        with recording() as exchanges:
            if self._elsewhere(shard.work):
                task = asyncio.create_task(self._perform_elsewhere(shard))
                going = _Going(task, lambda: shard.id not in self._pool.waiting)
            else:
                task = asyncio.create_task(self._perform_here(shard))
                going = _Going(task, lambda: bool(exchanges))
        self._going[shard.id] = going
        try:
            return await task
        except asyncio.CancelledError:
            if going.withdrawn:
                raise ShardWithdrawn(f"{shard.id} was taken back.") from None
            raise
        finally:
            del self._going[shard.id]

    async def withdraw(self, ids: Collection[str]) -> None:
        """Give back those of the shards that were not begun yet."""
        await asyncio.sleep(0)  # one whose task was made just now is going then
        self._end(id for id in ids if id in self._going and not self._going[id].begun())

    async def cancel(self, ids: Collection[str]) -> None:
        """End the shards at once; the connections of their requests are closed, by which a server knows."""
        await asyncio.sleep(0)
        self._end(id for id in ids if id in self._going)

    async def close(self, work: Work) -> None:
        """Close the models of a work."""
        self._sizes.pop(work.job, None)
        if self._elsewhere(work):
            self._pool.close(work)
        elif (performer := self._performers.pop(work.job, None)) is not None:
            await performer.aclose()

    async def aclose(self) -> None:
        """End what is going on, close the models, end the processes."""
        tasks = [going.task for going in self._going.values()]
        self._end(list(self._going))
        await asyncio.gather(*tasks, return_exceptions=True)
        while self._performers:
            await self._performers.popitem()[1].aclose()
        await self._pool.aclose()

    def _elsewhere(self, work: Work) -> bool:
        """Whether other processes perform it."""
        return work.embedded and not self._here

    async def _perform_here(self, shard: Shard) -> list[Outcome]:
        performer, sizes = self._performers[shard.work.job], self._sizes.get(shard.work.job)
        if sizes is None:
            return await outcomes_of(performer, shard.records)
        sizes.begun()
        began = perf_counter()
        outcomes = await outcomes_of(performer, shard.records)
        sizes.took(len(shard.records), perf_counter() - began)
        return outcomes

    async def _perform_elsewhere(self, shard: Shard) -> list[Outcome]:
        sizes = self._sizes[shard.work.job]
        sizes.begun()
        performed = await self._pool.perform(shard)
        sizes.took(len(shard.records), performed.seconds)
        return performed.outcomes

    def _end(self, ids: Iterable[str]) -> None:
        for id in ids:
            self._going[id].withdrawn = True
            self._going[id].task.cancel()
