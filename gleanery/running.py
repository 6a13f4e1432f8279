"""Runs a task over a source: the one path that the command, the terminal UI and users' scripts take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from gleanery.errors import ModelError, UsageError
from gleanery.tasks.declarations import Task, load_task
from gleanery.tasks.records import Record, Result

if TYPE_CHECKING:
    from gleanery.jobs.local import Agent
    from gleanery.tasks.sources import Format

_ASYNC_SLICE = 16


def run(
    task: str | Path | Task,
    source: str | Path | Iterable[str | Record],
    *,
    model: str | None = None,
    date: Date | None = None,
    threads: int = 1,
    format: Format = "auto",
    field: str | None = None,
    stdin: BinaryIO | None = None,
) -> Generator[Result, None, None]:
    """Run a task and give its results as they come, one for each record, in order.

    `task` is a name, a path or a loaded Task; `source` a file ("-": standard input), or any iterable of strings or
    Records. `model` overrides the task's models; `date` is the job's date (today), against which years are checked.
    `format` and `field` say how a file is read, see `gleanery.tasks.sources`. Results do not depend on `threads`.

    Raises DeclarationError and ModelError at once, SourceError and UsageError where the source is read.
    """
    from gleanery.jobs.local import perform

    declared = task if isinstance(task, Task) else load_task(task)
    agent = agent_for(declared, model, date or Date.today())
    records: Iterable[Record]
    if isinstance(source, str | Path):
        from gleanery.tasks.sources import read_source

        records = read_source(source, format=format, field=field, stdin=stdin)
    else:
        records = _records(source)
    return perform(records, agent, threads=threads)


async def arun(
    task: str | Path | Task, source: str | Path | Iterable[str | Record], **options: Any
) -> AsyncIterator[Result]:
    """`run` for asyncio: the same arguments and results; the work is done on a thread, off the event loop."""
    from gleanery.jobs.local import slices

    loop = asyncio.get_running_loop()
    # One thread: what closes the results, however this ends, stands in line behind what is working on them.
    pool = ThreadPoolExecutor(1, "gleanery-arun")
    try:
        results = await loop.run_in_executor(pool, lambda: run(task, source, **options))
        try:
            parts = slices(results, _ASYNC_SLICE)
            while part := await loop.run_in_executor(pool, next, parts, None):
                for result in part:
                    yield result
        finally:
            pool.submit(results.close)
    finally:
        pool.shutdown(wait=False)


def agent_for(task: Task, model: str | None, date: Date) -> Agent:
    """Who performs the task's records."""
    from gleanery.agents.specialist import MODEL, Specialist

    models = (model,) if model else task.models
    if MODEL not in models:
        raise ModelError(
            f"Task `{task.name}` wants {', '.join(f'`{name}`' for name in models)}, and this version of Gleanery "
            f"has only `{MODEL}`, which parses references. Run `gleanery run bibliography FILE`."
        )
    if task.output != "schema:Reference":
        raise ModelError(
            f"Task `{task.name}`: `{MODEL}` answers with a Reference, so the task's output must be "
            f"`schema:Reference`, not `{task.output}`. Change {task.file}, or take `{MODEL}` from its models."
        )
    from gleanery.models.references.labeller import Labeller

    return Specialist(Labeller(), task.accept, date)


def _records(source: Iterable[str | Record]) -> Iterator[Record]:
    for position, item in enumerate(source, 1):
        if isinstance(item, str):
            yield Record(f"r-{position}", position, item)
        elif isinstance(item, Record):
            yield item
        else:
            raise UsageError(f"Item {position} of the source is of type {type(item).__name__}: give str or Record.")
