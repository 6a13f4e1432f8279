"""The worker's executor, made anew whenever it was lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import Any, TypeVar

from gleanery.jobs.executors.executor import EngineLost, Executor, Opened
from gleanery.jobs.outcome import Outcome
from gleanery.jobs.work import Shard, Work

DELAYS = (0.1, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before a lost executor is made anew, the last over and over."""

PATIENCE = 5.0
"""Seconds that an executor has to withdraw, to cancel, to close: what takes longer is not waited for."""

_Answer = TypeVar("_Answer")


class Engine:
    """An executor that comes back. `changed` is called when it is there, and when it is lost; `failed` is told why it
    can never be there. Belongs to one event loop."""

    def __init__(
        self,
        make: Callable[[], Executor],
        *,
        changed: Callable[[], None],
        failed: Callable[[BaseException], None],
        said: Callable[[str, str], None],
    ) -> None:
        self._make, self._changed, self._failed, self._said = make, changed, failed, said
        self.executor: Executor | None = None
        self._there = asyncio.Event()
        self._users: set[asyncio.Task[Any]] = set()
        self._starting: asyncio.Task[None] | None = None
        self._losses = 0
        self._lost_at: float | None = None
        self._closed = False

    @property
    def lost_for(self) -> float:
        """Seconds since it was lost; 0.0 where it is there."""
        return 0.0 if self._lost_at is None else time.monotonic() - self._lost_at

    def start(self) -> None:
        """Begin to make it ready."""
        self._lost_at = time.monotonic()
        self._starting = asyncio.create_task(self._begin(None))

    async def open(self, work: Work) -> tuple[Executor, Opened]:
        """Open the models of a work, as soon as it is there: with which executor, and what became known."""
        while True:
            await self._there.wait()
            executor = self.executor
            if executor is None:
                continue
            with suppress(EngineLost):
                return executor, await self._through(executor, executor.open(work))

    async def run(self, executor: Executor, shard: Shard) -> list[Outcome]:
        """The Outcomes of a shard. What asks for its cancellation and is not this program is the engine's end."""
        outcomes = await self._through(executor, executor.run(shard))
        self._losses = 0
        return outcomes

    async def withdraw(self, ids: Collection[str]) -> None:
        """Give back shards that were not begun."""
        if self.executor is not None and ids:
            await self._briefly(self.executor.withdraw(ids))

    async def cancel(self, ids: Collection[str]) -> None:
        """End shards at once."""
        if self.executor is not None and ids:
            await self._briefly(self.executor.cancel(ids))

    async def close(self, work: Work) -> None:
        """Close a work's models."""
        if self.executor is not None:
            await self._briefly(self.executor.close(work))

    async def aclose(self) -> None:
        """End everything."""
        self._closed = True
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        if self.executor is not None:
            await self._briefly(self.executor.aclose())

    async def _through(self, executor: Executor, call: Awaitable[_Answer]) -> _Answer:
        task = asyncio.current_task()
        assert task is not None
        self._users.add(task)
        try:
            return await call
        except EngineLost as error:
            self._lose(executor, error)
            raise
        except asyncio.CancelledError:
            if self._closed or (task.cancelling() and executor is self.executor):
                raise
            # Either the executor is lost and `_begin` ended us, or nobody did: then it is one of distributed's, whose
            # FutureCancelledError is a CancelledError too.
            while task.cancelling():
                task.uncancel()
            lost = EngineLost("Its tasks were cancelled.")
            self._lose(executor, lost)
            raise lost from None
        finally:
            self._users.discard(task)

    def _lose(self, executor: Executor, error: EngineLost) -> None:
        if executor is not self.executor or self._closed:
            return
        self.executor, self._lost_at = None, time.monotonic()
        self._there.clear()
        self._said("engine-lost", f"The executor was lost: {error} Its records stay todo; it is made anew.")
        self._starting = asyncio.create_task(self._begin(executor))
        self._changed()

    async def _begin(self, lost: Executor | None) -> None:
        try:
            if lost is not None:
                await self._briefly(lost.aclose())
                for task in self._users:
                    task.cancel()
                await self._delay()
            while not await self._started():
                await self._delay()
        except Exception as error:
            self._failed(error)

    async def _started(self) -> bool:
        executor = self._make()
        try:
            await executor.start()
        except EngineLost as error:
            self._said("engine-lost", f"The executor is not there: {str(error).rstrip('.')}. It is tried again.")
            await self._briefly(executor.aclose())
            return False
        except BaseException:
            await self._briefly(executor.aclose())
            raise
        self.executor, self._lost_at = executor, None
        self._there.set()
        self._changed()
        return True

    async def _delay(self) -> None:
        await asyncio.sleep(DELAYS[min(self._losses, len(DELAYS) - 1)])
        self._losses += 1

    async def _briefly(self, call: Awaitable[None]) -> None:
        """Await what must not keep the worker from going on."""
        try:
            async with asyncio.timeout(PATIENCE):
                await call
        except Exception as error:
            self._said("executor", f"The executor did not do what it was asked: {type(error).__name__}: {error}")
