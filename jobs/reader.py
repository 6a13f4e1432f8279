"""Reads jobs' records for the worker, on a thread and a connection of its own, so that the event loop never waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from gleanery.jobs.content import content_of
from gleanery.jobs.job import Job
from gleanery.jobs.ledger.ledger import PAGE, Ledger
from gleanery.jobs.outcome import Outcome
from gleanery.jobs.work import Work
from gleanery.tasks.records import Record

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Page:
    """Records that are todo, in order. `contents` and `known` (Results that can be taken over) go by position.

    `loaded`: when it was read, the records of the job were all stored.
    """

    records: list[Record]
    contents: dict[int, bytes]
    known: dict[int, Outcome]
    loaded: bool


class Reader:
    """Reads the ledger in `home` for an event loop."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._thread = ThreadPoolExecutor(1, "gleanery-reading")
        self._ledger: Ledger | None = None

    async def job(self, id: str) -> Job:
        """A job as it is now."""
        return await self._ask(lambda ledger: ledger.job(id))

    async def work(self, job: Job) -> Work:
        """How a job's records are performed."""
        bundle = await self._ask(lambda ledger: ledger.bundle(job.bundle))
        return Work(job.id, job.manifest, job.bundle, bundle)

    async def page(self, job: Job, after: int, seed: bytes | None) -> Page:
        """The next records behind the position `after`; with a `seed`, also which of them are known."""
        return await self._ask(lambda ledger: _page(ledger, job, after, seed))

    def close(self) -> None:
        """Close the connection and end the thread."""
        self._thread.submit(self._close)
        self._thread.shutdown()

    async def _ask(self, question: Callable[[Ledger], _Answer]) -> _Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, question)

    def _answer(self, question: Callable[[Ledger], _Answer]) -> _Answer:
        if self._ledger is None:
            self._ledger = Ledger.open(self._home, create=False)
        return question(self._ledger)

    def _close(self) -> None:
        if self._ledger is not None:
            self._ledger.close()


def _page(ledger: Ledger, job: Job, after: int, seed: bytes | None) -> Page:
    loaded = job.loaded or ledger.job(job.id).loaded  # asked first: what is stored later makes no end look final
    records = ledger.todo(job.number, after=after, limit=PAGE)
    if seed is None or not records:
        return Page(records, {}, {}, loaded)
    contents = {record.position: content_of(seed, record) for record in records}
    kept = ledger.reusable(list(contents.values()))
    known = {
        position: replace(kept[content], position=position, exchanges=())
        for position, content in contents.items()
        if content in kept and not ledger.superseded(job.number, position)  # who retries wants another answer
    }
    return Page(records, contents, known, loaded)
