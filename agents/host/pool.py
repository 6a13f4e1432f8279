"""The agent hosts of this process: as many as there is work for, at most one for every core, replaced when they die."""

from __future__ import annotations

import asyncio
from time import monotonic

from gleanery.agents.assignment import Assignment, Findings, GaveUpError
from gleanery.agents.host.process import HostLost, HostProcess, Services
from gleanery.errors import EndpointError, ModelError, WorkerError
from gleanery.models.gguf.sizing import cores

ROOM = 32
"""Records in a host at once: each has a thread there."""
DEADLINE = 60.0
MEMORY = 4 * 2**30
_ENOUGH = 2
"""Records that a host works on itself, from which on another host is worth its start."""
_TRIES, _PATIENCE = 3, 10.0
"""Starts that may fail one after another before it is given up, and for how many seconds."""


class Pool:
    """At most `most` hosts (None: a core each), started when they are needed. Belongs to one event loop.

    `deadline` is in seconds, `memory` in bytes, for each host: see HostProcess.
    """

    def __init__(
        self, most: int | None = None, *, deadline: float = DEADLINE, memory: int | None = MEMORY, room: int = ROOM
    ) -> None:
        self._most, self._deadline, self._memory, self._room = most or cores(), deadline, memory, room
        self._lives: dict[HostProcess, asyncio.Task[None]] = {}
        self._ready: set[HostProcess] = set()
        self._emptying: HostProcess | None = None
        self._alone = asyncio.Lock()
        self._waiters: list[asyncio.Future[None]] = []
        self._failures: list[str] = []
        self._patience = 0.0

    @property
    def pids(self) -> list[int]:
        """The hosts that can work, or do."""
        return [host.pid for host in self._ready if host.alive]

    def warm(self) -> None:
        """Start a host where there is none, and do not wait for it."""
        if not self._lives:
            self._grow()

    async def ready(self) -> None:
        """Wait until a host can work; ModelError where none gets so far."""
        try:
            await self._host()
        except EndpointError as error:
            raise ModelError(str(error)) from None

    async def perform(self, assignment: Assignment, services: Services) -> Findings:
        """Have a record worked on. Where a host dies with several in it, each is worked on once more by itself; who
        then kills its host has a `failure`.

        EndpointError where no host can be had: the records are not to blame.
        """
        host = await self._host()
        try:
            return await host.perform(assignment, services)
        except HostLost:
            pass
        async with self._alone:
            try:
                return await (await self._empty_host()).perform(assignment, services)
            except HostLost as lost:
                said = f"Its process died over this record twice, the second time with nothing else in it. {lost}"
                return Findings("", GaveUpError(said), 0)
            finally:
                self._emptying = None
                self._changed()

    async def aclose(self) -> None:
        """End the hosts."""
        for host in self._lives:
            host.kill()
        await asyncio.gather(*self._lives.values(), return_exceptions=True)

    async def _host(self) -> HostProcess:
        """The host that has least to do, of those that have room."""
        while True:
            hosts = [host for host in self._ready if host.alive and host is not self._emptying]
            host = min(hosts, key=lambda host: (host.busy, host.load), default=None)
            if host is None or host.busy >= _ENOUGH or host.load >= self._room:
                self._grow()
            if host is not None and host.load < self._room:
                return host
            await self._change()

    async def _empty_host(self) -> HostProcess:
        """A host with no record in it, into which no other gets before `_emptying` is another."""
        while True:
            hosts = [host for host in self._ready if host.alive]
            if not hosts:
                self._grow()
            elif self._emptying not in hosts or self._emptying.load:
                self._emptying = min(hosts, key=lambda host: (host.load, host is not self._emptying))
            if self._emptying in hosts and not self._emptying.load:
                return self._emptying
            await self._change()

    async def _change(self) -> None:
        """Wait until something is otherwise. EndpointError where nothing will be: no host lives or starts."""
        if not self._lives and self._failures:
            raise EndpointError(f"No process can be had that runs agents. {self._failures[-1]}")
        change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(change)
        await change

    def _grow(self) -> None:
        """Start another host, where there may be more and none is being started; it takes seconds of a core."""
        if len(self._failures) >= _TRIES and monotonic() > self._patience:
            self._failures.clear()
        if len(self._lives) >= self._most or len(self._lives) > len(self._ready) or len(self._failures) >= _TRIES:
            return
        try:
            host = HostProcess(self._deadline, self._memory, self._changed)
        except OSError as error:
            self._failed(f"The system starts none: {error}.")
            return
        self._lives[host] = asyncio.create_task(self._live(host))

    async def _live(self, host: HostProcess) -> None:
        """Make a host ready, and see it off when it ends."""
        try:
            await host.start()
            self._failures.clear()
            self._ready.add(host)
            self._changed()
            await host.ended()
        except (HostLost, WorkerError) as error:
            self._failed(str(error))
        finally:
            host.kill()
            await host.ended()
            self._ready.discard(host)
            del self._lives[host]
            self._changed()

    def _failed(self, why: str) -> None:
        self._failures.append(why)
        self._patience = monotonic() + _PATIENCE

    def _changed(self) -> None:
        """A host is ready, has room, or has ended."""
        waiters, self._waiters = self._waiters, []
        for change in waiters:
            if not change.done():
                change.set_result(None)
