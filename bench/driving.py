"""What benches of executors have in common: works made as `gleanery submit` makes them, and a way to drive one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from itertools import count, islice
from pathlib import Path

from gleanery.jobs.bundle import digest_of
from gleanery.jobs.executors.executor import Executor
from gleanery.jobs.manifest import Origin
from gleanery.jobs.outcome import Outcome
from gleanery.jobs.work import Shard, Work
from gleanery.settings import Settings
from gleanery.submitting import plan
from gleanery.tasks.declarations import load_task
from gleanery.tasks.records import Record

_IDS = count(1)


def work_of(task: str | Path, settings: Settings, model: str | None = None) -> Work:
    """A task as the work of a job."""
    manifest, bundle, _ = plan(load_task(task), Origin("bench", "-"), settings, model=model)
    return Work(f"j-bench{next(_IDS)}", manifest, digest_of(bundle), bundle)


async def drive(
    executor: Executor, work: Work, records: Iterable[Record], arrived: Callable[[int], None] = lambda count: None
) -> list[Outcome]:
    """The Outcomes of all records of an open work, with as many in flight as the executor likes; nothing is kept.

    `arrived` is told how many have come by now.
    """
    source, ended = iter(records), asyncio.Queue[asyncio.Task[list[Outcome]]]()
    outcomes: list[Outcome] = []
    sizes: dict[asyncio.Task[list[Outcome]], int] = {}
    in_flight = 0
    while True:
        while in_flight < executor.capacity(work):
            part = tuple(islice(source, executor.shard_size(work)))
            if not part:
                break
            task = asyncio.create_task(executor.run(Shard(f"s-{next(_IDS)}", work, part)))
            task.add_done_callback(ended.put_nowait)
            sizes[task] = len(part)
            in_flight += len(part)
        if not sizes:
            return outcomes
        task = await ended.get()
        in_flight -= sizes.pop(task)
        outcomes += task.result()
        arrived(len(outcomes))
