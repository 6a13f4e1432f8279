"""An executor that does what a test says, and what it takes to let a worker work with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gleanery.jobs.executors.executor import Opened, ShardWithdrawn
from gleanery.jobs.job import Job, State
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.manifest import Manifest, Origin
from gleanery.jobs.outcome import Outcome, line_of, outcome_of
from gleanery.jobs.work import Shard, Work
from gleanery.jobs.worker import Worker
from gleanery.tasks.records import Record, Result

MODEL = "ollama/scripted"

Script = Callable[[Shard], Awaitable[None]]


@dataclass(frozen=True)
class Said:
    """An exchange that never was."""

    text: str

    def as_json(self) -> dict[str, Any]:
        """As exchanges stand in the wire record."""
        return {"request": {"body": self.text}, "reply": {"body": "y"}}


def result_for(record: Record) -> Result:
    """The one Result that a record can have."""
    output = {"title": record.text.upper()}
    exchanges = (Said(record.text),)
    timing = {"first_token_ms": 5.0, "per_token_ms": 0.5}
    return Result(
        record.id, record.text, output, {}, {}, "ok", MODEL, record.issues,
        milliseconds=10.0 + record.position, usage={"completion": 3}, timing=timing, exchanges=exchanges,
    )  # fmt: skip


def outcome_for(record: Record) -> Outcome:
    """The same, to be kept."""
    return outcome_of(record, result_for(record))


@dataclass
class ScriptedExecutor:
    """Performs shards of `size` records, `room` records at a time and `slots` shards, each in so many seconds.

    `script` is awaited for each shard that is begun, and may raise; so may `opening` for each work. `begun` has the
    records in the order in which they were begun, with the time.
    """

    size: int = 4
    room: int = 16
    slots: int = 1000
    seconds: float = 0.0
    digests: Mapping[str, str | None] = field(default_factory=lambda: {MODEL: "d1"})
    fingerprint: str | None = "f1"
    script: Script | None = None
    opening: Callable[[Work], Awaitable[None]] | None = None
    begun: list[tuple[float, str, str]] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    ended: bool = False
    in_flight: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        self._tasks: dict[str, asyncio.Task[list[Outcome]]] = {}
        self._begun: set[str] = set()

    async def start(self) -> None:
        """Nothing to do but what belongs to the loop."""
        self._slots = asyncio.Semaphore(self.slots)

    async def open(self, work: Work) -> Opened:
        """Open a work."""
        if self.opening is not None:
            await self.opening(work)
        self.opened.append(work.job)
        return Opened(self.digests, self.fingerprint)

    def shard_size(self, work: Work) -> int:
        """As the test says."""
        return self.size

    def capacity(self, work: Work) -> int:
        """As the test says."""
        return self.room

    async def run(self, shard: Shard) -> list[Outcome]:
        """Perform a shard."""
        self.in_flight += len(shard.records)
        self.most = max(self.most, self.in_flight)
        task = self._tasks[shard.id] = asyncio.create_task(self._perform(shard))
        try:
            await asyncio.wait([task])
        finally:
            self.in_flight -= len(shard.records)
            task.cancel()
            del self._tasks[shard.id]
        if task.cancelled():
            raise ShardWithdrawn
        return task.result()

    async def _perform(self, shard: Shard) -> list[Outcome]:
        async with self._slots:
            self._begun.add(shard.id)
            self.begun += [(time.monotonic(), shard.work.job, record.id) for record in shard.records]
            if self.script is not None:
                await self.script(shard)
            if self.seconds:
                await asyncio.sleep(self.seconds)
            return [outcome_for(record) for record in shard.records]

    async def withdraw(self, ids: Collection[str]) -> None:
        """Those that wait for a slot."""
        await self.cancel([id for id in ids if id not in self._begun])

    async def cancel(self, ids: Collection[str]) -> None:
        """End shards."""
        for id in ids:
            if id in self._tasks:
                self._tasks[id].cancel()

    async def close(self, work: Work) -> None:
        """Close a work."""
        self.closed.append(work.job)

    async def aclose(self) -> None:
        """End everything."""
        self.ended = True
        await self.cancel(list(self._tasks))

    def records(self, job: str | None = None) -> list[str]:
        """The records that were begun, in order."""
        return [record for _, its_job, record in self.begun if job in (None, its_job)]


def manifest(**changes: Any) -> Manifest:
    """The manifest of a job of a model that does not exist."""
    values: dict[str, Any] = {
        "task": "shout", "kind": "extract", "task_digest": "t", "schema_digest": "s", "prompt_digest": None,
        "models": (MODEL,), "options": {"temperature": 0.0}, "endpoints": {}, "gguf": {}, "folder": "/",
        "date": "2026-11-21", "version": "0", "origin": Origin("-", "-"), "cache": False,
    }  # fmt: skip
    return Manifest(**{**values, **changes})


def some_records(count: int, first: int = 1, text: str = "text") -> list[Record]:
    """Records that all say something else."""
    return [Record(f"r-{n}", n, f"{text} {n}") for n in range(first, first + count)]


def submit(
    ledger: Ledger,
    records: int | list[Record],
    *,
    priority: int = 0,
    after: tuple[str, ...] = (),
    state: State = "loading",
    **changes: Any,
) -> Job:
    """A job whose records are all stored; with `state` "queued" it has none yet, and may run."""
    job = ledger.submit(manifest(**changes), {"task.yaml": b"name: shout"}, state=state, priority=priority, after=after)
    ledger.load(job.number, some_records(records) if isinstance(records, int) else records, "digest")
    if state == "loading":
        ledger.finish_loading(job.number)
    return ledger.job(job.id)


def export(ledger: Ledger, job: Job) -> bytes:
    """What `gleanery export` writes."""
    lines, after = [], 0
    while page := ledger.kept(job.number, after=after):
        lines += [line_of(kept.record, kept.body) for kept in page]
        after = page[-1].record.position
    return b"".join(lines)


def expected(count: int) -> bytes:
    """What it must be for records that nothing befell."""
    return b"".join(line_of(record, outcome_for(record).body) for record in some_records(count))


async def until(true: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until something holds."""
    by = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < by, "it never came true"
        await asyncio.sleep(0.005)


@asynccontextmanager
async def at_work(home: Path, executor: Any, **options: Any) -> AsyncIterator[Worker]:
    """A worker that works meanwhile, with one executor or those that a function makes."""
    make = executor if callable(executor) else lambda: executor
    worker = Worker(home, make, **{"grace": 2.0, **options})
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        await asyncio.wait_for(task, 10)
