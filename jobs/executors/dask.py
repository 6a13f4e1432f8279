"""Performs shards on many machines, or in many processes of this one, through Dask `distributed`."""

from __future__ import annotations

import asyncio
import hashlib
import pickle
import uuid
from collections.abc import Collection, Mapping
from concurrent import futures
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gleanery.errors import EndpointError, ModelError, ModelNotFoundError, UsageError
from gleanery.jobs.executors import dask_tasks
from gleanery.jobs.executors.dask_address import DaskAddress, Tls
from gleanery.jobs.executors.dask_client import Connection, check_workers, security_of
from gleanery.jobs.executors.dask_cluster import LocalCluster
from gleanery.jobs.executors.dask_sizing import DaskSizing
from gleanery.jobs.executors.executor import EngineLost, Opened, ShardFailed, ShardSuspect, ShardWithdrawn
from gleanery.jobs.outcome import Outcome
from gleanery.jobs.work import Opener, Shard, Work

DEADLINE = 60.0
"""Seconds after which it is looked whether the worker that has a shard still lives."""

LONGEST = 3600.0
"""Seconds after which a shard that was begun is taken for hung, though its worker lives."""

OPENING = 300.0
"""Seconds that opening the models may take."""

HURRY = 1.0
"""Seconds for which a worker that does not answer holds up who withdraws or cancels."""

AHEAD = 2
"""Shards in flight for each that is performed: one waits at the worker, so that it never waits for one."""

ATTEMPTS = 2
"""Workers that may fall silent with a shard before it is suspect."""

RESTARTS = 1
"""Workers that may be new to the work of a shard, before it is suspect: the ones before may have died of it."""


class DaskExecutor:
    """An Executor on the Dask cluster at `address`: `local:N`, `tcp://host:port` or `tls://host:port`.

    `insecure`: plain tcp may leave this machine. A shard should take `shard_seconds`. `deadline`: seconds after which
    it is looked whether the worker that has a shard still lives. `log` is where Dask's own log goes, None: nowhere.
    UsageError where the address is none.
    """

    def __init__(
        self,
        address: str,
        opener: Opener,
        *,
        tls: Tls | None = None,
        insecure: bool = False,
        shard_seconds: float = 10.0,
        deadline: float = DEADLINE,
        log: Path | None = None,
    ) -> None:
        self._address = DaskAddress.parse(address, tls)
        self._opener, self._tls, self._insecure, self._log = opener, tls, insecure, log
        self._shard_seconds, self._deadline = shard_seconds, deadline
        self._run = uuid.uuid4().hex[:8]
        self._works: dict[str, _Known] = {}
        self._flights: dict[str, _Flight] = {}
        self._cluster: LocalCluster | None = None
        self._made: Connection | None = None

    async def start(self) -> None:
        """Reach the scheduler, or start one. EngineLost where nobody answers, UsageError where something is wrong."""
        try:
            import distributed  # noqa: F401
        except ImportError as error:
            raise UsageError('`--dask` needs Dask. Install it: pip install "gleanery[dask]".') from error
        await self._address.check_way(self._insecure)
        where, security = str(self._address), None
        if self._address.scheme == "local":
            self._cluster = await LocalCluster.start(self._address.processes, self._log)
            where, security = self._cluster.address, self._cluster.client_security()
        elif self._tls is not None:
            security = security_of(self._tls)
        try:
            self._made = await Connection.make(where, security, str(self._address), self._log)
        except BaseException:
            await self.aclose()
            raise

    async def open(self, work: Work) -> Opened:
        """Open the models of a work on every worker; all must see the same ones."""
        known = self._known(work)
        connection = self._connection
        await connection.some_worker()
        answers = await connection.ask(dask_tasks.open_here, known.token, known.packed, timeout=OPENING)
        ready: dask_tasks.Ready | None = None
        for worker, answer in answers.items():
            if isinstance(answer, dask_tasks.Carried):
                raise answer.error(worker) or ModelError(f"On the Dask worker {worker}: {answer.message}")
            if isinstance(answer, Exception):
                raise EngineLost(f"The Dask worker {worker} cannot open the models: {answer}.") from answer
            ready = ready or answer
            _compare(ready.opened.digests, answer.opened.digests, worker)
        if ready is None:
            raise EngineLost(f"None of the {len(connection.cores)} Dask workers at {self._address} answers.")
        known.ready = ready
        known.sizing.room = ready.room
        return ready.opened

    def shard_size(self, work: Work) -> int:
        """As many records as take the seconds that a shard should."""
        return self._known(work).sizing.size

    def capacity(self, work: Work) -> int:
        """The records of the shards that the workers perform, and as many again that wait there."""
        cores = sum(self._made.cores.values()) if self._made is not None else 0
        return AHEAD * cores * self.shard_size(work)

    async def run(self, shard: Shard) -> list[Outcome]:
        """The Outcomes of a shard's records."""
        known = self._known(shard.work)
        flight = self._flights[shard.id] = _Flight(pickle.dumps(shard.records, protocol=5))
        try:
            done = await self._done(shard, known, flight)
        finally:
            del self._flights[shard.id]
        if known.ready is not None:
            _compare(known.ready.opened.digests, done.digests, "that joined later")
        known.sizing.learn(len(shard.records), done.seconds, done.room)
        return done.outcomes

    async def withdraw(self, ids: Collection[str]) -> None:
        """Give back the shards that no worker has begun."""
        connection, flights = self._made, self._flying(ids)
        if connection is None or connection.lost is not None:  # what runs learns of it by itself
            return
        answers = await connection.ask(dask_tasks.withdraw_here, [flight.key for flight in flights], timeout=HURRY)
        begun = {key for keys in answers.values() for key in keys}
        if silent := connection.cores.keys() - answers.keys():  # whoever keeps silent may have begun
            begun.update(*(await connection.holding(silent)).values())
        await self._drop(connection, [flight for flight in flights if flight.key not in begun])

    async def cancel(self, ids: Collection[str]) -> None:
        """End the shards, begun or not."""
        connection, flights = self._made, self._flying(ids)
        if connection is None or connection.lost is not None:
            return
        answers = await connection.ask(dask_tasks.cancel_here, [flight.key for flight in flights], timeout=HURRY)
        ended = {key for keys in answers.values() for key in keys}
        if saying_so := [flight.waiting for flight in flights if flight.key in ended and flight.waiting is not None]:
            await asyncio.wait(saying_so, timeout=HURRY)
        await self._drop(connection, [flight for flight in flights if flight.waiting and not flight.waiting.done()])

    async def close(self, work: Work) -> None:
        """Close the models of a work on every worker."""
        known = self._works.pop(work.job, None)
        if known is not None and self._made is not None and self._made.lost is None:
            await self._made.ask(dask_tasks.close_here, known.token)

    async def aclose(self) -> None:
        """Leave the scheduler; end it where it is our own."""
        try:
            if self._made is not None:
                if self._made.lost is None:
                    await self.cancel(list(self._flights))
                    for known in list(self._works.values()):
                        await self.close(known.work)
                await self._made.aclose()
        finally:
            self._made = None
            if self._cluster is not None:
                cluster, self._cluster = self._cluster, None
                await cluster.aclose()

    @property
    def _connection(self) -> Connection:
        if self._made is None:
            raise EngineLost(f"The Dask scheduler at {self._address} was not reached yet.")
        if self._made.lost is not None:
            raise self._made.lose(self._made.lost)
        return self._made

    def _known(self, work: Work) -> _Known:
        if work.job not in self._works:
            packed = pickle.dumps((self._opener, work), protocol=5)
            sizing = DaskSizing(self._shard_seconds, work.embedded)
            self._works[work.job] = _Known(work, packed, hashlib.sha256(packed).hexdigest(), sizing)
        return self._works[work.job]

    def _flying(self, ids: Collection[str]) -> list[_Flight]:
        return [self._flights[id] for id in ids if id in self._flights]

    async def _drop(self, connection: Connection, flights: Collection[_Flight]) -> None:
        """Take shards back from the scheduler: they are withdrawn."""
        for flight in flights:
            flight.withdrawn = True
        await connection.forget([flight.future for flight in flights if flight.future is not None])
        for flight in flights:
            if flight.waiting is not None:
                flight.waiting.cancel()

    async def _done(self, shard: Shard, known: _Known, flight: _Flight) -> dask_tasks.Done:
        silences, lessons = 0, 0
        while True:
            reply = await self._reply(shard, known, flight)
            if isinstance(reply, dask_tasks.Done):
                return reply
            if reply is None:
                silences += 1
                if silences == ATTEMPTS:
                    raise ShardSuspect(f"Shard {shard.id}: {silences} Dask workers fell silent with it in hand.")
            elif reply.why == "unknown":  # a worker that joined later, or was started anew
                lessons += 1
                if lessons > RESTARTS:  # Dask's own count of deaths begins again with each
                    raise ShardSuspect(f"Shard {shard.id}: the Dask workers that had it in hand were started anew.")
                await self._teach(known)
            elif reply.why == "withdrawn":
                raise ShardWithdrawn(shard.id)
            else:
                raise _failure(shard, reply)

    async def _reply(self, shard: Shard, known: _Known, flight: _Flight) -> dask_tasks.Done | dask_tasks.Refused | None:
        """What becomes of a shard at one worker; None: the worker fell silent."""
        connection = self._connection
        flight.attempt += 1
        flight.key = f"gleanery-{shard.work.job}-{self._run}-{shard.id}-{flight.attempt}"
        if flight.withdrawn:
            raise ShardWithdrawn(shard.id)
        flight.future = connection.submit(dask_tasks.perform, known.token, flight.key, flight.records, key=flight.key)
        flight.waiting = asyncio.ensure_future(flight.future.result())
        try:
            while not (await asyncio.wait({flight.waiting}, timeout=self._deadline))[0]:
                if connection.lost is not None:
                    raise connection.lose(connection.lost)
                if not await connection.works_on(flight.key, LONGEST):
                    await connection.ask(dask_tasks.cancel_here, [flight.key])
                    await connection.forget([flight.future])
                    return None
            return self._ended(shard, flight, connection)
        finally:
            flight.waiting.cancel()
            await asyncio.gather(flight.waiting, return_exceptions=True)
            flight.future.release()

    def _ended(self, shard: Shard, flight: _Flight, connection: Connection) -> dask_tasks.Done | dask_tasks.Refused:
        assert flight.waiting is not None
        # Dask says by a CancelledError, asyncio's or that of futures, that the scheduler is lost; we by one that it is
        # withdrawn. Nobody who waits for this shard was cancelled.
        error = asyncio.CancelledError() if flight.waiting.cancelled() else flight.waiting.exception()
        if isinstance(error, asyncio.CancelledError | futures.CancelledError):
            if flight.withdrawn:
                raise ShardWithdrawn(shard.id)
            raise connection.lose("the connection broke")
        if error is None:
            reply: dask_tasks.Done | dask_tasks.Refused = flight.waiting.result()
            return reply
        if isinstance(error, OSError | ImportError | TimeoutError):
            raise connection.lose(f"{type(error).__name__}: {error}") from error
        # KilledWorker above all: the shard's worker died again and again. Innocent shards beside it are told the same.
        raise ShardSuspect(f"Shard {shard.id}: {type(error).__name__}: {error}") from error

    async def _teach(self, known: _Known) -> None:
        connection = self._connection
        await connection.refresh()
        try:
            check_workers(await connection.ask(dask_tasks.learn, known.token, known.packed))
        except UsageError as error:  # told to the user when the connection is made anew
            raise connection.lose(str(error)) from error


@dataclass(slots=True)
class _Known:
    """A work as workers are told of it, and how it goes."""

    work: Work
    packed: bytes
    token: str
    sizing: DaskSizing
    ready: dask_tasks.Ready | None = None


@dataclass(slots=True)
class _Flight:
    """A shard on its way: its records, pickled, and where it is."""

    records: bytes
    attempt: int = 0
    key: str = ""
    withdrawn: bool = False
    future: Any = None
    waiting: asyncio.Future[Any] | None = field(default=None)


def _compare(first: Mapping[str, str | None], other: Mapping[str, str | None], worker: str) -> None:
    """ModelNotFoundError where two workers see different models under one name."""
    for address, digest in first.items():
        if other.get(address) != digest:
            raise ModelNotFoundError(
                f"The Dask worker {worker} has another `{address}` than the first one: {other.get(address)}, not "
                f"{digest}. Give all workers the same model."
            )


def _failure(shard: Shard, reply: dask_tasks.Refused) -> Exception:
    assert reply.error is not None
    error = reply.error.error()
    if reply.error.kind == ShardSuspect.__name__:
        return ShardSuspect(f"Shard {shard.id}: {reply.error.message}")
    if isinstance(error, EndpointError | ModelNotFoundError):
        return error
    return ShardFailed(reply.error.message or f"Shard {shard.id} failed.")
