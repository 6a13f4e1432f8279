"""Runs a task over a source: the one path that the command, the terminal UI and users' scripts take."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from gleanery.errors import UsageError
from gleanery.tasks.declarations import Task, load_task
from gleanery.tasks.matrix import NOTHING, check_source
from gleanery.tasks.records import Record, Recorded, Result

if TYPE_CHECKING:
    from gleanery.settings import Settings
    from gleanery.tasks.sources import Format

_ASYNC_SLICE = 16


class Run(Iterator[Result]):
    """The results of a task over a source, one for each record, in order, as they come.

    `models` are the addresses of those that are asked, in order; `skipped` says in a sentence each why others are not.
    `exchanges` are those with models that served no single record. Closing it ends what is still going on.
    """

    def __init__(
        self,
        results: Generator[Result, None, None],
        models: tuple[str, ...],
        skipped: tuple[str, ...] = (),
        exchanges: tuple[Recorded, ...] = (),
        end: Callable[[], None] | None = None,
    ) -> None:
        self._results, self._end = results, end
        self.models, self.skipped, self.exchanges = models, skipped, exchanges

    def __next__(self) -> Result:
        return next(self._results)

    def close(self) -> None:
        """End the work, begun or not."""
        self._results.close()
        if self._end is not None:
            self._end()


def run(
    task: str | Path | Task,
    source: str | Path | Iterable[str | Record] | None,
    *,
    model: str | None = None,
    date: Date | None = None,
    threads: int = 1,
    format: Format = "auto",
    field: str | None = None,
    stdin: BinaryIO | None = None,
    settings: Settings | None = None,
) -> Run:
    """Run a task and give its results as they come, one for each record, in order.

    `task` is a name, a path or a loaded Task; `source` a file ("-": standard input), or any iterable of strings or
    Records; None: a task of kind `generate` writes what its own prompts ask for. `model` overrides the task's models;
    `date` is the job's date (today), against which years are checked.
    `format` and `field` say how a file is read, see `gleanery.tasks.sources`. `settings`: those of the settings files,
    where none are given. The specialist works on `threads`; results do not depend on it.

    Raises DeclarationError, SettingsError and ModelError at once, SourceError and UsageError where the source is read.
    """
    declared = task if isinstance(task, Task) else load_task(task)
    check_source(declared, source is not None)
    records: Iterable[Record]
    if source is None:
        records = [NOTHING]
    elif isinstance(source, str | Path):
        from gleanery.tasks.sources import read_source

        records = read_source(source, format=format, field=field, stdin=stdin)
    else:
        records = _records(source)
    return _started(declared, records, model, date or Date.today(), threads, settings)


async def arun(
    task: str | Path | Task, source: str | Path | Iterable[str | Record] | None, **options: Any
) -> AsyncIterator[Result]:
    """`run` for asyncio: the same arguments and results; the work is done on threads, off the event loop."""
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


def _started(
    task: Task, records: Iterable[Record], model: str | None, date: Date, threads: int, settings: Settings | None
) -> Run:
    from gleanery.choosing import choose_without_asking
    from gleanery.staging import SPECIALIST, specialist_for

    if settings is None:
        from gleanery.settings import load_settings

        settings = load_settings()
    choice = choose_without_asking(task, model, settings)
    if choice is not None and choice.addresses == (SPECIALIST,) and task.guards is None:
        from gleanery.jobs.local import perform

        results = perform(records, specialist_for(task, date), threads=threads)
        return Run(results, choice.addresses, choice.skipped)
    return _started_on_chat_models(task, records, model, date, settings)


def _started_on_chat_models(
    task: Task, records: Iterable[Record], model: str | None, date: Date, settings: Settings
) -> Run:
    from gleanery.choosing import choose_models
    from gleanery.jobs.concurrent import perform_concurrently
    from gleanery.models.opening import Models
    from gleanery.models.portal import Portal
    from gleanery.models.wire import recording
    from gleanery.pinning import matrix_for
    from gleanery.staging import Staging

    with ExitStack() as opened:
        portal = opened.enter_context(Portal())
        with recording() as exchanges:
            choice = portal.run(choose_models(task, model, settings))
            models = Models(settings.endpoints, settings.gguf, settings.cache_dir)
            opened.callback(lambda: portal.run(models.aclose()))
            opened.callback(portal.cancel)
            skipped = list(choice.skipped)
            if matrix := matrix_for(task, choice.addresses, settings):
                records = matrix.records(records)
            agent = portal.run(Staging(task, settings, date, models).agent(choice.addresses, skipped))
        results = perform_concurrently(records, agent, portal)
        end = opened.pop_all().close
    return Run(_ended(results, end), choice.addresses, tuple(skipped), tuple(exchanges), end)


def _ended(results: Generator[Result, None, None], end: Callable[[], None]) -> Generator[Result, None, None]:
    """The results; what was opened for them is closed at their end, however that comes."""
    try:
        yield from results
    finally:
        results.close()
        end()


def _records(source: Iterable[str | Record]) -> Iterator[Record]:
    for position, item in enumerate(source, 1):
        if isinstance(item, str):
            yield Record(f"r-{position}", position, item)
        elif isinstance(item, Record):
            yield item
        else:
            raise UsageError(f"Item {position} of the source is of type {type(item).__name__}: give str or Record.")
