"""The worker: takes jobs off the queue, has their records performed, and commits what becomes of them."""

from __future__ import annotations

import asyncio
import os
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from importlib.metadata import version
from itertools import count
from pathlib import Path

from gleanery.errors import UsageError, WorkerError
from gleanery.jobs.committer import Committer, Parcel
from gleanery.jobs.deaths import put_back
from gleanery.jobs.engine import Engine
from gleanery.jobs.executors.executor import Executor
from gleanery.jobs.going import Going
from gleanery.jobs.house import COMMANDED, STEPPED_DOWN, House, Rest
from gleanery.jobs.job import ENDED, Command, Job, State
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.ledger.writer import LedgerWriter
from gleanery.jobs.lineup import lineup, why_it_waits
from gleanery.jobs.reader import Reader
from gleanery.jobs.status import memory, write_status
from gleanery.jobs.waits import PATIENCE, Waits

GRACE = 30.0
"""Seconds that what is in flight has to end when the worker is told to stop."""

LOOK = 0.05
"""Seconds between two looks for commands."""

STATUS = 0.5
"""Seconds between two writings of the status."""

_TROUBLES = ("error", "executor", "engine-lost")
_LIVE: tuple[State, ...] = ("queued", "waiting", "running")


class Worker:
    """Works on the ledger in `home` through an executor, for as long as `run` is awaited. Its caller holds the lock.

    `make_executor` is called again whenever the engine was lost. `log` gets a line for each decision. `only`: the id of
    the one job to work on, at whose end `run` returns (also when it is paused, waits for a lost endpoint longer than
    its patience, failed or was cancelled); without it, it works until it is told to stop. `until_idle`: it returns when
    nothing is left that could run. Then, where models are not there to begin with, they are not waited for. `clock`
    (seconds) is what waiting for endpoints goes by.
    """

    def __init__(
        self,
        home: Path,
        make_executor: Callable[[], Executor],
        *,
        log: Callable[[str], None] = lambda line: None,
        grace: float = GRACE,
        only: str | None = None,
        until_idle: bool = False,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._home, self._make_executor, self._log = home, make_executor, log
        self._grace, self._only, self._until_idle, self._patience = grace, only, until_idle, patience
        self._began, self._version = time.time(), version("gleanery")
        self._waits = Waits(clock)
        self._goings: dict[str, Going] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._endings: set[asyncio.Task[None]] = set()
        self._jobs: list[Job] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = self._nudged = self._closed = False
        self._stop_by: float | None = None
        self._error: BaseException | None = None
        self._last_error: str | None = None
        self._seen, self._last_event = -1, 0
        self._drained: set[str] = set()
        self._urgent = True
        self._was_busy = True
        self._status_at = 0.0

    async def run(self) -> None:
        """Work. Cancelling it ends at once; what is committed stays, the rest is todo."""
        self._loop = asyncio.get_running_loop()
        self._wake = asyncio.Event()
        with Ledger.open(self._home) as self._ledger:
            self._committer = Committer(self._home, committed=self._committed, failed=self._fail)
            self._engine = Engine(self._make_executor, changed=self._engine_changed, failed=self._fail, said=self._say)
            self._reader = Reader(self._home)
            self._house = House(
                self._engine, self._reader, self._committer, self._nudge, self._say, self._fail, count(1),
                asyncio.Lock(),
            )  # fmt: skip
            try:
                self._committer.start()
                self._engine.start()
                await self._put_back()
                await self._work()
            finally:
                await self._close()
        if self._error is not None:
            raise self._error

    def stop(self) -> None:
        """Admit nothing more, let what is in flight end within the grace time, commit, and return from `run`."""
        self._stopping = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stir)

    def load(self) -> dict[str, object]:
        """What it is doing: jobs running, records in flight, records a second, memory in bytes."""
        goings = list(self._goings.values())
        return {
            "pid": os.getpid(),
            "began": self._began,
            "version": self._version,
            "at": time.time(),
            "jobs": [going.job.id for going in goings],
            "in_flight": sum(going.in_flight for going in goings),
            "rate": round(sum(going.meter.rate or 0.0 for going in goings), 2),
            "memory": memory(),
            "error": self._last_error,
        }

    @property
    def commits(self) -> int:
        """How many transactions with results there were."""
        return self._committer.commits

    # Its life

    async def _put_back(self) -> None:
        """Jobs that a dead worker left running are queued again, but for those that kill one after another."""
        for id, state, reason in await self._committer.write(put_back):
            self._log(_line(id, state, reason))

    async def _work(self) -> None:
        while self._error is None and not await self._is_over():
            await self._look()
            self._tell()
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._wake.wait()
            self._wake.clear()

    async def _is_over(self) -> bool:
        if self._stopping:
            return await self._is_stopped()
        if (self._only or self._until_idle) and self._engine.lost_for > self._patience:
            raise WorkerError(f"The executor is not there: {self._last_error or 'it does not start.'}")
        if self._goings or self._urgent:
            return False
        if self._only:
            state = self._jobs[0].state
            return state in ENDED or state == "paused" or self._waits.in_vain(self._only, self._patience)
        return self._until_idle and all(
            job.state == "waiting" and (not self._waits.has(job.id) or self._waits.in_vain(job.id, self._patience))
            for job in self._jobs
        )

    async def _is_stopped(self) -> bool:
        now = time.monotonic()
        if self._stop_by is None:
            self._say("worker", f"Stops: {self._in_flight()} records in flight have {self._grace:g} s to end.")
            self._stop_by = now + self._grace
            for going in self._goings.values():
                going.bring_to(STEPPED_DOWN)
        elif now >= self._stop_by and self._goings:
            self._say("worker", f"The grace time is over: {self._in_flight()} records in flight are given back.")
            await asyncio.gather(*(going.abort() for going in self._goings.values()))
            if self._tasks:
                await asyncio.wait(self._tasks.values(), timeout=1.0)
            return True
        return not self._goings

    async def _close(self) -> None:
        """End everything: first make safe what has arrived, then what could take its time."""
        self._closed = True
        goings, tasks = list(self._goings.values()), [*self._tasks.values(), *self._endings]
        for task in tasks:
            task.cancel()
        for going in goings:
            tasks += going.drop()
            if not going.ended:
                self._rest(going, COMMANDED if going.rest is COMMANDED else STEPPED_DOWN)
        self._committer.close()
        try:
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._engine.aclose()
        finally:
            self._reader.close()
            self._tell_now()

    # What it is told

    async def _look(self) -> None:
        """Obey commands, and see to it that the right jobs run."""
        if (seen := self._ledger.changed()) != self._seen:
            self._seen = seen
            for command in self._ledger.pending():
                await self._obey(command)
            if events := self._ledger.events(after=self._last_event):  # there is one for all that changes in the queue
                self._last_event, self._urgent = events[-1].number, True
        for id in self._waits.due():
            self._urgent = True
            await self._set_state(self._ledger.job(id), "queued", "It is tried again.")
        drained = {id for id, going in self._goings.items() if going.drained}
        if self._urgent or drained != self._drained:
            self._urgent, self._drained = False, drained
            await self._arrange()
        for going in self._goings.values():
            going.tell_pace()
        self._nudge()  # executors find room without telling

    async def _obey(self, command: Command) -> None:
        going = self._goings.get(command.job)
        if going is not None and command.verb in ("pause", "cancel"):
            going.bring_to(COMMANDED)
        deleted = command.verb == "delete" and going is not None and going.rest is COMMANDED
        if going is not None and (command.verb == "cancel" or deleted):
            ending = asyncio.create_task(going.abort())
            self._endings.add(ending)
            ending.add_done_callback(self._endings.discard)
            if deleted:  # nothing of it must arrive after that
                await asyncio.wait([ending, self._tasks[command.job]], timeout=2.0)
        answer = await self._committer.write(lambda writer: writer.obey(command))
        self._log(f"{command.job}: {command.verb}: {answer}")
        if command.verb in ("resume", "cancel", "pause", "delete"):
            self._waits.forget(command.job)
        if going is not None and command.verb == "retry":
            going.look_again()
        self._urgent = True

    async def _arrange(self) -> None:
        """Start, take up and stop jobs, as the queue is now."""
        self._jobs = [self._ledger.job(self._only)] if self._only else self._ledger.jobs(_LIVE)
        if self._stopping:
            return
        able = [job for job in self._jobs if job.state in ("queued", "running") and not self._comes_to_rest(job.id)]
        for job in self._jobs:
            if job.state == "waiting" and await self._goes_on(job):
                self._urgent = True
        line = {job.id: job for job in lineup(able, self._drained)}
        for id, going in self._goings.items():
            if id not in line and going.rest is None:
                going.bring_to(STEPPED_DOWN)
                self._log(f"{id}: makes way for another job.")
        for job in line.values():
            await self._start(job)

    def _comes_to_rest(self, id: str) -> bool:
        """Whether a job is about to be brought to a state by what became of it, whatever the ledger says still."""
        going = self._goings.get(id)
        return going is not None and (going.ended or going.rest not in (None, COMMANDED, STEPPED_DOWN))

    async def _start(self, job: Job) -> None:
        going = self._goings.get(job.id)
        if self._comes_to_rest(job.id) or (going is not None and going.rest is None):
            return
        if job.state != "running":
            await self._set_state(job, "running")
        if going is not None:
            if not going.ended:
                going.take_up(job)
            return  # one that came to rest just now is started anew when it is gone
        going = self._goings[job.id] = Going(job, self._house)
        self._tasks[job.id] = asyncio.create_task(self._live(going))
        self._log(f"{job.id}: runs `{job.manifest.task}` with {', '.join(job.models)}; {job.counts.todo:,} to do.")

    async def _live(self, going: Going) -> None:
        """A running job from its start to its rest."""
        try:
            await self._bring_to_rest(going, await going.run())
        except Exception as error:
            self._fail(error)

    async def _bring_to_rest(self, going: Going, rest: Rest) -> None:
        if going.sound:
            self._waits.forget(going.job.id)
        if rest.state == "waiting":
            seconds = self._waits.again(going.job.id, opened=going.opened)
            rest = Rest("waiting", f"{(rest.reason or '').rstrip('.')}. It is tried again in {seconds:g} s.")
        await asyncio.wrap_future(self._rest(going, rest))
        await self._committer.release(going.job.id)
        del self._goings[going.job.id], self._tasks[going.job.id]
        self._urgent = True
        self._stir()

    async def _goes_on(self, job: Job) -> bool:
        """Whether a waiting job is to be queued now: those that it comes after are done, or its endpoint is tried."""
        if self._waits.has(job.id) or job.id in self._goings:
            return False
        reason = why_it_waits(job, {id: self._state_of(id) for id in job.after})
        if reason is None:
            await self._set_state(job, "queued")
        elif reason != job.reason:
            await self._set_state(job, "waiting", reason)
        return reason is None

    def _state_of(self, id: str) -> State | None:
        try:
            return self._ledger.job(id).state
        except UsageError:
            return None

    # What it writes and says

    def _rest(self, going: Going, rest: Rest) -> Future[None]:
        """Keep how a job went, and what it is brought to, after all its Results."""
        number, pace = going.job.number, going.meter.at_rest()

        def act(writer: LedgerWriter) -> None:
            writer.commit((), {number: pace})
            if rest.state is not None:
                writer.set_state(number, rest.state, rest.reason)

        def log(written: Future[None]) -> None:
            if rest.state is not None and not written.cancelled() and written.exception() is None:
                self._log(_line(going.job.id, rest.state, rest.reason))

        if rest.state in ("failed", "waiting"):
            self._last_error = rest.reason
        written = self._committer.post(act)
        written.add_done_callback(log)
        return written

    async def _set_state(self, job: Job, state: State, reason: str | None = None) -> None:
        await self._committer.write(lambda writer: writer.set_state(job.number, state, reason))
        self._log(_line(job.id, state, reason))

    def _say(self, kind: str, text: str, job: str | None = None) -> None:
        """Keep an event, and log it."""
        if kind in _TROUBLES:
            self._last_error = text
        self._committer.post(lambda writer: writer.note(kind, text, job))
        self._log(f"{job}: {text}" if job else text)

    def _tell(self) -> None:
        """Write the status now and then, and when it comes to rest."""
        busy = bool(self._goings)
        if (busy or self._was_busy) and time.monotonic() - self._status_at >= STATUS:
            self._was_busy = busy
            self._tell_now()

    def _tell_now(self) -> None:
        self._status_at = time.monotonic()
        with suppress(OSError):  # it is for looking at only
            write_status(self._home, self.load())

    def _in_flight(self) -> int:
        return sum(going.in_flight for going in self._goings.values())

    # What its parts call

    def _stir(self) -> None:
        self._wake.set()

    def _fail(self, error: BaseException) -> None:
        self._error = self._error or error
        self._last_error = str(error)
        self._stir()

    def _engine_changed(self) -> None:
        for going in self._goings.values():
            going.stir()
        self._nudge()

    def _committed(self, parcels: Sequence[Parcel]) -> None:
        for parcel in parcels:
            if (going := self._goings.get(parcel.job.id)) is not None:
                going.committed(parcel)
        self._nudge()

    def _nudge(self) -> None:
        if not self._nudged and self._loop is not None:
            self._nudged = True
            self._loop.call_soon(self._admit)

    def _admit(self) -> None:
        """Send shards of the running jobs in turn, as long as there is room."""
        self._nudged = False
        if self._stopping or self._closed or self._error is not None:
            return
        try:
            turns = deque(self._goings.values())
            while turns and not self._committer.full:
                going = turns.popleft()
                if going.send():
                    turns.append(going)
        except Exception as error:
            self._fail(error)


def _line(id: str, state: State, reason: str | None) -> str:
    return f"{id}: {state}: {reason}" if reason else f"{id}: {state}."
