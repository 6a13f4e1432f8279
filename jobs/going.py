"""One running job: what is sent of it, what comes back, and how it comes to rest."""

from __future__ import annotations

import asyncio
import time
import traceback
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from math import ceil

from gleanery.errors import EndpointError, GleaneryError, LedgerError, ModelNotFoundError
from gleanery.jobs.committer import Parcel
from gleanery.jobs.content import seed_of
from gleanery.jobs.executors.executor import (
    EngineLost,
    Executor,
    Opened,
    ShardFailed,
    ShardSuspect,
    ShardWithdrawn,
)
from gleanery.jobs.house import COMMANDED, House, Rest
from gleanery.jobs.job import Job
from gleanery.jobs.ledger.ledger import PAGE
from gleanery.jobs.meter import Meter
from gleanery.jobs.outcome import Outcome, failed_outcome
from gleanery.jobs.pins import pins_with
from gleanery.jobs.reader import Page
from gleanery.jobs.work import Shard, Work
from gleanery.tasks.records import Record

KILLER = (
    "The process that worked on this record died, also when it had nothing else in hand. "
    "To try it once more: gleanery retry, with this record's id."
)

LOADING = 0.02
"""Seconds until it is looked again for records of a job that is still being loaded."""

PACE = 1.0
"""Seconds between two writings of how a job goes, at least."""


class Going:
    """A job that runs. `run` is its life; everything else is called on the same event loop while it lasts.

    `sound`: a shard of it came back since it began, so its models are there. `opened`: they were once. `ended`: it can
    no more be taken up again.
    """

    def __init__(self, job: Job, house: House) -> None:
        self.job, self._house = job, house
        self.rest: Rest | None = None
        self.sound = self.opened = self.ended = False
        self.in_flight = 0
        self.meter = Meter(job.pace)
        self._work: Work | None = None
        self._executor: Executor | None = None
        self._seed: bytes | None = None
        self._ready: deque[Record] = deque()
        self._contents: dict[int, bytes] = {}
        self._held: set[int] = set()
        self._uncommitted = 0
        self._cursor = 0
        self._exhausted = self._again = False
        self._suspects: list[Sequence[Record]] = []
        self._shards: dict[str, asyncio.Task[None]] = {}
        self._opening: asyncio.Task[tuple[Executor, Opened]] | None = None
        self._low = PAGE // 2
        self._stirred = asyncio.Event()
        self._told_at, self._told = 0.0, 0

    # What the worker asks of it

    @property
    def drained(self) -> bool:
        """Whether all its records are sent."""
        return self._exhausted and not self._ready and not self._suspects

    def bring_to(self, rest: Rest) -> None:
        """Let it come to rest: nothing more is sent. What a command wants goes before what it came to by itself."""
        if self.rest is None or rest is COMMANDED:
            self.rest = rest
        if self._opening is not None:
            self._opening.cancel()
        self.stir()

    def stir(self) -> None:
        """Have it look what is to be done."""
        self._stirred.set()

    def take_up(self, job: Job) -> None:
        """Go on, before it came to rest."""
        self.job, self.rest = job, None
        self.look_again()

    def look_again(self) -> None:
        """Look for records to do from the first one on: some that had Results may have none any more."""
        self._cursor, self._exhausted, self._again = 0, False, False
        self._stirred.set()

    async def abort(self) -> None:
        """End what is in flight at once."""
        await self._house.engine.cancel(list(self._shards))
        if tasks := list(self._shards.values()):
            _, slow = await asyncio.wait(tasks, timeout=1.0)
            self.drop(slow)

    def drop(self, tasks: Iterable[asyncio.Task[None]] | None = None) -> list[asyncio.Task[None]]:
        """End the waiting for shards, without a word to the executor."""
        ended = list(self._shards.values() if tasks is None else tasks)
        for task in ended:
            task.cancel()
        return ended

    def send(self) -> bool:
        """Send a shard, where there is room and something to send: whether one was sent."""
        work, executor = self._work, self._executor
        if work is None or executor is None or executor is not self._house.engine.executor:
            return False
        if self.rest is not None or self._suspects or not self._ready:
            return False
        capacity = executor.capacity(work)
        size = min(executor.shard_size(work), capacity)
        if size < 1 or self.in_flight + size > capacity:
            return False
        if self._exhausted:  # the last ones are dealt out, so that nobody idles while another has a whole shard to do
            size = min(size, ceil(len(self._ready) * size / capacity))
        records = tuple(self._ready.popleft() for _ in range(min(size, len(self._ready))))
        self._start(executor, self._shard(work, records))
        if len(self._ready) < self._low:
            self._stirred.set()
        return True

    def committed(self, parcel: Parcel) -> None:
        """A parcel of it is on disk."""
        self._held.difference_update(outcome.position for outcome in parcel.outcomes)
        self._uncommitted -= len(parcel.outcomes)
        if self._uncommitted == 0:
            self._stirred.set()

    def tell_pace(self) -> None:
        """Have its pace kept, where it is time and nothing was committed that had it with it."""
        if self.in_flight != self._told and time.monotonic() - self._told_at >= PACE:
            self._told_at, self._told = time.monotonic(), self.in_flight
            number, pace = self.job.number, self.meter.pace(self.in_flight)
            self._house.committer.post(lambda writer: writer.commit((), {number: pace}))

    # Its life

    async def run(self) -> Rest:
        """Have the job's records performed until it comes to rest, of which it tells how."""
        while self.rest is None:
            await self._watched(self._perform)
            await self._house.engine.withdraw(list(self._shards))
            while (self._shards or self._uncommitted) and self.rest is not None:
                await self._stir()
        self.ended, rest = True, self.rest
        if self._work is not None:
            await self._house.engine.close(self._work)
        return rest

    async def _watched(self, act: Callable[[], Awaitable[None]]) -> None:
        """Do something for the job; what goes wrong brings it to rest."""
        try:
            await act()
        except (EndpointError, ModelNotFoundError) as error:
            self.bring_to(Rest("waiting", str(error)))
        except LedgerError:
            raise
        except GleaneryError as error:
            self.bring_to(Rest("failed", str(error)))
        except Exception as error:
            where = traceback.extract_tb(error.__traceback__)[-1]
            if self.rest is None:
                self._house.said("error", "".join(traceback.format_exception(error)).rstrip(), None)
            self.bring_to(
                Rest(
                    "failed",
                    f"Gleanery itself failed: {type(error).__name__}: {error} ({where.name}, line {where.lineno}). "
                    f"The worker's log has the rest. To try again: gleanery resume {self.job.id}",
                )
            )

    async def _perform(self) -> None:
        """Open the models, read records, and see to it that they are sent, until it comes to rest."""
        if self._work is None:
            self._work = await self._house.reader.work(self.job)
        while self.rest is None:
            if self._finished() and await self._is_done():
                self.bring_to(Rest("done"))
            elif self._executor is None or self._executor is not self._house.engine.executor:
                await self._open(self._work)
            elif self._suspects and not self._shards:
                await self._clear(self._executor, self._work)
            elif not self._exhausted and len(self._ready) < self._low:
                self._low = max(PAGE // 2, 2 * self._executor.shard_size(self._work))
                await self._read()
            else:
                await self._stir()

    async def _stir(self) -> None:
        await self._stirred.wait()
        self._stirred.clear()

    def _finished(self) -> bool:
        if self._cursor == 0 and self.job.loaded and self.job.counts.todo == 0:
            return True
        return self.drained and not self._shards and not self._uncommitted

    async def _is_done(self) -> bool:
        """Ask the ledger, and not what we think that we have done."""
        self.job = await self._house.reader.job(self.job.id)
        if self.job.loaded and self.job.counts.todo == 0:
            return True
        if self._again:
            self.bring_to(
                Rest(
                    "failed",
                    f"The ledger counts {_records(self.job.counts.todo)} to do, but has none. Look what is wrong with "
                    "it: gleanery ledger check",
                )
            )
            return False
        drained = self.drained
        self.look_again()
        self._again = drained
        return False

    async def _open(self, work: Work) -> None:
        self._opening = asyncio.create_task(self._house.engine.open(work))
        try:
            executor, opened = await self._opening
        except asyncio.CancelledError:
            if self.rest is not None and self._opening.cancelled():
                return  # `bring_to` did so
            raise
        finally:
            self._opening = None
        self.opened = True
        for sentence in opened.skipped:
            self._house.said("skipped", sentence, self.job.id)
        await self._house.committer.keep(self.job, opened.exchanges)
        await self._pin(opened)
        self._seed, self._executor = seed_of(work, opened), executor
        self._house.admit()

    async def _pin(self, opened: Opened) -> None:
        """Keep which models these are. A job that began with others is paused; resumed, it takes these."""
        pins, otherwise = pins_with(self.job, opened.digests)
        if pins != self.job.pins:
            number = self.job.number
            await self._house.committer.write(lambda writer: writer.pin(number, pins))
            self.job = replace(self.job, pins=pins)
        if otherwise is not None:
            self.bring_to(Rest("paused", otherwise))

    async def _read(self) -> None:
        """Read a page of records, and leave out those that are in hand already."""
        held = frozenset(self._held)  # also what is committed while we read
        after, self._cursor = self._cursor, -1
        page = await self._house.reader.page(self.job, after, self._seed)
        rewound = self._cursor != -1
        if not rewound:
            self._cursor = page.records[-1].position if page.records else after
        fresh = [r for r in page.records if r.position not in held and r.position not in self._held]
        if fresh:
            self._again = False
            self._take(fresh, page)
        if page.records or rewound:
            return
        if page.loaded:
            self._exhausted = True
        else:
            await asyncio.sleep(LOADING)

    def _take(self, fresh: list[Record], page: Page) -> None:
        self._held.update(record.position for record in fresh)
        known = [record for record in fresh if record.position in page.known]
        self._ready.extend(record for record in fresh if record.position not in page.known)
        for record in fresh:
            if record.position in page.contents:
                self._contents[record.position] = page.contents[record.position]
        if known:
            self.meter.took_over(len(known))
            self._deliver(known, [page.known[record.position] for record in known], cached=True)
        self._house.admit()

    # Shards

    def _shard(self, work: Work, records: Sequence[Record]) -> Shard:
        return Shard(f"s-{next(self._house.numbers)}", work, tuple(records))

    def _start(self, executor: Executor, shard: Shard) -> asyncio.Task[None]:
        self.in_flight += len(shard.records)
        task = asyncio.create_task(self._run(executor, shard))
        self._shards[shard.id] = task
        task.add_done_callback(lambda _: self._over(shard))
        return task

    def _over(self, shard: Shard) -> None:
        del self._shards[shard.id]
        self.in_flight -= len(shard.records)
        if not self._shards:
            self._stirred.set()
        self._house.admit()

    async def _run(self, executor: Executor, shard: Shard) -> None:
        """Have a shard performed. Its records end in the committer, or here again."""
        back: list[Sequence[Record]] = [shard.records]

        async def act() -> None:
            try:
                self._arrived(shard.records, await self._house.engine.run(executor, shard))
                back.clear()
            except (ShardWithdrawn, EngineLost):
                pass
            except ShardSuspect:
                self._suspects.append(back.pop())
            except ShardFailed as error:
                self._refuse(back.pop(), str(error))

        try:
            await self._watched(act)
        except LedgerError as error:
            self._house.failed(error)
        finally:
            for records in back:
                self._ready.extendleft(reversed(records))
                self._stirred.set()

    def _arrived(self, records: Sequence[Record], outcomes: Sequence[Outcome]) -> None:
        if [outcome.position for outcome in outcomes] != [record.position for record in records]:
            raise RuntimeError(f"{len(records)} records were sent, and {len(outcomes)} outcomes of others came back")
        self.sound = True
        self.meter.done(records, outcomes)
        self._deliver(records, outcomes)

    def _refuse(self, records: Sequence[Record], error: str) -> None:
        """Give records up: each gets a failed Result."""
        model = self.job.models[0] if self.job.models else ""
        self._deliver(records, [failed_outcome(record, model, error) for record in records])

    def _deliver(self, records: Sequence[Record], outcomes: Sequence[Outcome], *, cached: bool = False) -> None:
        contents: dict[int, bytes] = {}
        for outcome in outcomes:
            if (content := self._contents.pop(outcome.position, None)) is not None:
                contents[outcome.position] = content
        pace, now = None, time.monotonic()
        if now - self._told_at >= PACE:
            self._told_at, self._told, pace = now, self.in_flight, self.meter.pace(self.in_flight)
        self._uncommitted += len(outcomes)
        self._house.committer.deliver(Parcel(self.job, records, outcomes, contents, cached, pace))

    async def _clear(self, executor: Executor, work: Work) -> None:
        """Try suspects alone, in halves, down to the record that kills; nothing else of the job is in flight."""
        async with self._house.quarantine:
            while self._suspects and self.rest is None and executor is self._house.engine.executor:
                records, others = self._suspects[0], len(self._suspects)
                self._house.said("suspect", f"{_records(len(records))} from {records[0].id} on: alone.", self.job.id)
                await asyncio.wait([self._start(executor, self._shard(work, records))])
                died = self._suspects.pop() if len(self._suspects) > others else None
                del self._suspects[0]  # only now, so that nothing else was sent
                if died is not None and len(died) > 1:
                    middle = len(died) // 2
                    self._suspects[:0] = [died[:middle], died[middle:]]
                elif died is not None:
                    self._house.said("suspect", f"{died[0].id} kills what works on it.", self.job.id)
                    self._refuse(died, KILLER)
        self._house.admit()


def _records(count: int) -> str:
    return "1 record" if count == 1 else f"{count:,} records"
