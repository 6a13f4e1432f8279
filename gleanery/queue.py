"""The queue of jobs as doors and scripts see it: submit and walk away, look, ask the worker for something."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date as Date
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

from gleanery.errors import UsageError, WorkerError
from gleanery.jobs.job import Event, Job, State, Verb
from gleanery.jobs.ledger.ledger import Kept, Ledger
from gleanery.jobs.lock import Holder, WorkerLock, holder_of
from gleanery.tasks.declarations import Task, load_task
from gleanery.tasks.records import Record, Result, Status

if TYPE_CHECKING:
    from gleanery.settings import Settings
    from gleanery.tasks.sources import Format

PATIENCE = 15.0
"""Seconds that the worker may take to answer."""
_POLL = 0.02
_SWEEPING = 5.0
"""Seconds for taking away what deleted jobs left; the next worker goes on with it."""


class Queue:
    """The queue of the ledger in the folder `home` (that of the settings). Used by one thread at a time.

    with Queue() as queue:
        job = queue.submit("bibliography", "references.txt")
        queue.start_worker()
    """

    def __init__(self, home: Path | None = None, *, settings: Settings | None = None) -> None:
        self._settings = settings
        self.home = home or self.settings.home
        self.ledger = Ledger.open(self.home)

    @property
    def settings(self) -> Settings:
        """The settings that jobs are submitted with."""
        if self._settings is None:
            from gleanery.settings import load_settings

            self._settings = load_settings()
        return self._settings

    def __enter__(self) -> Queue:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the ledger; the worker goes on."""
        self.ledger.close()

    # Looking

    def jobs(self, states: Collection[State] | None = None) -> list[Job]:
        """The jobs, in the order in which they run."""
        return self.ledger.jobs(states)

    def job(self, id: str) -> Job:
        """The job of that id, or the only one whose id begins so. UsageError where there is none, or several."""
        return self.ledger.job(id)

    def kept(self, job: Job, statuses: Collection[Status] | None = None) -> Iterator[Kept]:
        """What is committed of a job, in the order of its records, running or not; read in pages."""
        after = 0
        while page := self.ledger.kept(job.number, after=after, statuses=statuses):
            yield from page
            after = page[-1].record.position

    def results(self, job: Job, statuses: Collection[Status] | None = None) -> Iterator[Result]:
        """The same as Results."""
        from gleanery.jobs.outcome import result_of

        for kept in self.kept(job, statuses):
            yield result_of(kept.record, kept.body, kept.about, cached=kept.cached)

    def events(self, job: str | None = None, *, after: int = 0) -> list[Event]:
        """What happened since the event numbered `after`."""
        return self.ledger.events(job, after=after)

    def worker(self) -> Holder | None:
        """The process that works on the queue; None where none does."""
        return holder_of(self.home)

    # Submitting

    def submit(
        self,
        task: str | Path | Task,
        source: str | Path | Iterable[str | Record] | None,
        *,
        model: str | None = None,
        date: Date | None = None,
        format: Format = "auto",
        field: str | None = None,
        limit: int | None = None,
        priority: int = 0,
        after: Sequence[str] = (),
        cache: bool = True,
        sample: int = 0,
        stdin: BinaryIO | None = None,
        progress: Callable[[Job, int], None] = lambda job, count: None,
    ) -> Job:
        """Store a job with its records. `progress` is told how many records are stored, chunk by chunk, and the job.

        The job waits for those of `after`. Arguments otherwise as of `gleanery.run`. An interruption leaves the job in
        state `loading`, from where `resume_loading` takes it up.
        """
        from gleanery.pinning import check_addresses
        from gleanery.submitting import begun, origin_of, plan, records_of, store

        declared = task if isinstance(task, Task) else load_task(task)
        origin = origin_of(source, format, field, limit)
        records = records_of(origin, None if isinstance(source, str | Path) else source, stdin)
        manifest, bundle, choice = plan(
            declared, origin, self.settings, model=model, date=date, cache=cache, sample=sample
        )
        check_addresses(choice.addresses)
        waits = [self.job(id).id for id in after]
        records = begun(records)
        job = self.ledger.submit(manifest, bundle, priority=priority, after=waits)
        store(self.ledger, job, records, progress)
        return self.job(job.id)

    def resume_loading(self, job: Job, progress: Callable[[Job, int], None] = lambda job, count: None) -> Job:
        """Store the rest of a job's records; UsageError where its source has changed, or cannot be read again."""
        from gleanery.submitting import copied, records_of, store

        origin = job.manifest.origin
        if job.manifest.again_of is not None:
            old = self.job(job.manifest.again_of)
            store(self.ledger, job, copied(self.ledger, old.number), progress, resuming=True)
            return self.job(job.id)
        if origin.path in ("", "-"):
            where = "standard input" if origin.path else "a script"
            raise UsageError(
                f"{job.id} was interrupted while its records came from {where}, which cannot be read again. Submit "
                f"them anew, and remove this one: gleanery delete {job.id}"
            )
        store(self.ledger, job, records_of(origin), progress, resuming=True)
        return self.job(job.id)

    def again(self, job: Job, *, model: str | None = None, cache: bool = True, sample: int | None = None) -> Job:
        """A new job with the records of an old one, whose results stay beside it: for another model, for one.

        UsageError where the old one does not have all its records yet.
        """
        from gleanery.pinning import check_addresses
        from gleanery.submitting import copied, renewed, store

        if not job.loaded:
            raise UsageError(f"{job.id} does not have all its records yet. `gleanery resume {job.id}` reads the rest.")
        models = (model,) if model else None
        check_addresses(models or ())
        manifest = renewed(job.manifest, again_of=job.id, models=models)
        manifest = replace(manifest, cache=cache, sample=manifest.sample if sample is None else sample)
        new = self.ledger.submit(manifest, self.ledger.bundle(job.bundle), priority=job.priority)
        store(self.ledger, new, copied(self.ledger, job.number), lambda job, count: None)
        return self.job(new.id)

    # Asking the worker

    def ask(self, job: str, verb: Verb, **arguments: Any) -> str:
        """Ask for something, and give the answer, a sentence. Where no worker runs, it is done here and now.

        UsageError where it cannot be done, with the reason; WorkerError where the worker does not answer.
        """
        number = self.ledger.ask(self.job(job).id, verb, arguments)
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            command = self.ledger.command(number)
            if command.answer is not None:
                if command.refused:
                    raise UsageError(command.answer)
                return command.answer
            if not self._obey():
                time.sleep(_POLL)
        raise WorkerError(
            f"The worker has not answered within {PATIENCE:g} seconds: `gleanery worker status` says whether it is "
            f"alive. What you asked for ({verb} {job}) is kept, and is done when it gets to it."
        )

    def start_worker(self) -> tuple[Holder, bool]:
        """The process that works on the queue, started where none does, and whether it was started now."""
        from gleanery.background import start_worker

        return start_worker(self.home)

    def _obey(self) -> bool:
        """Do what was asked, where no worker is there to do it: for that moment, we are the worker."""
        lock = WorkerLock(self.home)
        if not lock.acquire():
            return False
        try:
            from gleanery.jobs.ledger.writer import LedgerWriter

            writer = LedgerWriter(self.ledger)
            for command in self.ledger.pending():
                writer.obey(command)
            end = time.monotonic() + _SWEEPING
            while writer.sweep() and time.monotonic() < end:
                pass
        finally:
            lock.release()
        return True


def submit(task: str | Path | Task, source: str | Path | Iterable[str | Record] | None, **options: Any) -> Job:
    """Put a task over a source into the queue, and have a worker run: the job as it was stored.

    `options` are those of `Queue.submit`.
    """
    with Queue() as queue:
        job = queue.submit(task, source, **options)
        queue.start_worker()
        return job
