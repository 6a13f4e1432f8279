"""Opens a job's models, here or in another process: the queue's way to the agents."""

from __future__ import annotations

import asyncio
import gc
import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import date as Date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import orjson

from gleanery.jobs.bundle import unpack
from gleanery.staging import SPECIALIST, Staging, specialist_for

if TYPE_CHECKING:
    from gleanery.agents.specialist import Specialist
    from gleanery.jobs.concurrent import AsyncAgent
    from gleanery.jobs.work import Performer, Work
    from gleanery.models.opening import Models
    from gleanery.models.wire import Exchange
    from gleanery.settings import Settings
    from gleanery.tasks.declarations import Task
    from gleanery.tasks.records import Record, Result
    from gleanery.tools.permissions import Approval, Call

_BATCH = 64
"""Records that a cascade has in flight besides those its chat models work on: the specialist takes many together."""


async def open_performer(
    work: Work,
    *,
    settings: Settings | None = None,
    addresses: Sequence[str] | None = None,
    approve: Callable[[Call], Approval] | None = None,
) -> Performer:
    """The performer of a work. Where it is run by whoever submitted it, `settings` and `addresses` may be given as they
    are; elsewhere they are made of the manifest. `approve` is asked before tools are called that want somebody's leave.

    Raises ModelError where no model can be had, DeclarationError and SettingsError where something declared is wrong.
    """
    manifest = work.manifest
    with TemporaryDirectory(prefix="gleanery-task-") as folder:
        task = unpack(work.bundle, manifest.task, Path(folder))
        task = replace(task, accept=manifest.options["accept"])
        date = Date.fromisoformat(manifest.date)
        models = tuple(addresses or manifest.models)
        if models == (SPECIALIST,) and task.guards is None:
            return EmbeddedPerformer(work, specialist_for(task, date))
        if settings is None:
            from gleanery.pinning import settings_of

            settings = settings_of(manifest)
        return await _open_chat_models(work, task, settings, models, date, approve)


async def open_in_worker(work: Work, *, settings: Settings | None = None) -> Performer:
    """The same in a process that does nothing else: what is loaded by now stays, so the collector need not look at it
    again and again, which would hold up all requests in flight."""
    performer = await open_performer(work, settings=settings)
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    return performer


@dataclass(frozen=True, slots=True)
class EmbeddedPerformer:
    """The specialist, alone."""

    work: Work
    specialist: Specialist
    room: int = 4 * _BATCH
    skipped: tuple[str, ...] = ()
    exchanges: tuple[Exchange, ...] = ()

    @property
    def digests(self) -> Mapping[str, str | None]:
        """That of its weights."""
        return {SPECIALIST: self.specialist.labeller.digest}

    @property
    def fingerprint(self) -> str | None:
        """What its Results depend on."""
        return _fingerprint(self.work, self.digests)

    async def __call__(self, records: Sequence[Record]) -> list[Result]:
        """Perform some records, on a thread: it keeps a core busy."""
        return await asyncio.to_thread(self.specialist, records)

    async def aclose(self) -> None:
        """There is nothing to close."""


@dataclass(frozen=True, slots=True)
class ChatPerformer:
    """A cascade with chat models."""

    work: Work
    agent: AsyncAgent
    models: Models
    digests: Mapping[str, str | None]
    skipped: tuple[str, ...]
    exchanges: tuple[Exchange, ...]

    @property
    def fingerprint(self) -> str | None:
        """What its Results depend on; None for agents, and where a model's digest is not told."""
        if self.work.manifest.kind == "agent" or self.skipped:
            return None
        return _fingerprint(self.work, self.digests)

    @property
    def room(self) -> int:
        """A few more than its models work on."""
        limit = max((door.limit for door in self.models.doors), default=1)
        batch = _BATCH if SPECIALIST in self.digests else 0
        return limit + max(4, limit // 4) + batch

    async def __call__(self, records: Sequence[Record]) -> list[Result]:
        """Perform some records, all at once."""
        if len(records) == 1:
            return [await self.agent(records[0])]
        going = [asyncio.create_task(self.agent(record)) for record in records]
        try:
            return await asyncio.gather(*going)
        finally:  # a model that is not there is not there for the others either
            for task in going:
                task.cancel()

    async def aclose(self) -> None:
        """Close the models."""
        await self.models.aclose()


async def _open_chat_models(
    work: Work,
    task: Task,
    settings: Settings,
    addresses: Sequence[str],
    date: Date,
    approve: Callable[[Call], Approval] | None,
) -> ChatPerformer:
    from gleanery.models.opening import Models
    from gleanery.models.wire import recording

    async with AsyncExitStack() as opened:
        models = Models(settings.endpoints, settings.gguf, settings.cache_dir)
        opened.push_async_callback(models.aclose)
        skipped: list[str] = []
        with recording() as exchanges:
            agent = await Staging(task, settings, date, models, approve).agent(addresses, skipped)
            digests = {door.model: (await door.facts()).digest for door in models.doors}
        if SPECIALIST in addresses:
            from gleanery.models.references.labeller import Labeller

            digests = {SPECIALIST: Labeller().digest, **digests}
        opened.pop_all()
        return ChatPerformer(work, agent, models, digests, tuple(skipped), tuple(exchanges))


def _fingerprint(work: Work, digests: Mapping[str, str | None]) -> str | None:
    """What a Result depends on besides its record: task, models, options, package, and the year that dates are judged
    by. Where a model is served does not matter, nor which job it is."""
    if any(digest is None for digest in digests.values()):
        return None
    manifest = work.manifest
    parts: list[Any] = [
        manifest.version, manifest.task, manifest.kind, work.digest, manifest.options, list(manifest.models),
        dict(digests), manifest.sample, manifest.date[:4],
    ]  # fmt: skip
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()
