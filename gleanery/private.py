"""A run: a job on a ledger of its own, worked on in this process. It can be taken up again where it was interrupted."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from gleanery.errors import GleaneryError, ModelError, UsageError
from gleanery.jobs.executors.executor import Executor
from gleanery.jobs.job import ENDED, Job
from gleanery.jobs.ledger.ids import new_id
from gleanery.jobs.ledger.ledger import Kept, Ledger
from gleanery.jobs.ledger.wire import wire_file
from gleanery.jobs.ledger.writer import LedgerWriter
from gleanery.jobs.lock import WorkerLock, holder_of
from gleanery.jobs.manifest import Origin

if TYPE_CHECKING:
    from gleanery.jobs.work import Performer, Work
    from gleanery.jobs.worker import Worker
    from gleanery.settings import Settings
    from gleanery.tasks.declarations import Task
    from gleanery.tools.permissions import Approval, Call

_OPTIONS = "options.json"
_POLL = 0.02
_LAST = 5.0
"""Seconds that the worker may take to commit what has arrived, when it is told to end at once."""


def folder_of(settings: Settings, job: str) -> Path:
    """Where the private ledger of a run is."""
    return settings.home / "runs" / job


def find_run(settings: Settings, id: str) -> Path:
    """The folder of the interrupted run of that id, or the only one whose id begins so. UsageError where there is none,
    or several."""
    name = id if id.startswith("j-") else f"j-{id}"
    found = sorted(path for path in (settings.home / "runs").glob(f"{name}*") if path.is_dir())
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"`{id}` is the beginning of several runs: {', '.join(path.name for path in found)}.")
    raise UsageError(f"There is no interrupted run `{id}`. A run that came to its end is not kept; its output is.")


def begin(
    task: Task,
    origin: Origin,
    settings: Settings,
    *,
    model: str | None = None,
    date: Date | None = None,
    processes: int = 0,
    options: Mapping[str, Any] | None = None,
    approve: Callable[[Call], Approval] | None = None,
) -> PrivateRun:
    """A run of a task, with a private ledger that holds no records yet. `options` are what its door wants to know when
    it is taken up again; `approve` is asked before tools are called that want somebody's leave.

    Raises DeclarationError and ModelError like `gleanery.submitting.plan`.
    """
    from gleanery.submitting import plan

    manifest, bundle, choice = plan(task, origin, settings, model=model, date=date)
    id = new_id()
    home = folder_of(settings, id)
    with Ledger.open(home) as ledger:
        ledger.submit(manifest, bundle, state="queued", id=id)
    (home / _OPTIONS).write_bytes(orjson.dumps(dict(options or {})))
    return PrivateRun(home, id, settings, addresses=choice.addresses, processes=processes, approve=approve)


def take_up(
    home: Path, settings: Settings, *, processes: int = 0, approve: Callable[[Call], Approval] | None = None
) -> tuple[PrivateRun, dict[str, Any]]:
    """The interrupted run in a folder, and the options that it was begun with.

    UsageError where it is still going on.
    """
    options: dict[str, Any] = orjson.loads((home / _OPTIONS).read_bytes()) if (home / _OPTIONS).exists() else {}
    if (holder := holder_of(home)) is not None:
        raise UsageError(f"The run {home.name} is going on, in process {holder.pid}.")
    run = PrivateRun(home, home.name, settings, processes=processes, approve=approve)
    return run, options


class PrivateRun:
    """The job in the private ledger in `home`, at work from `start` to its end or `close`.

    Its records are stored on one thread, which reads `records`, and worked on by a worker on another; whoever has it
    takes the results. `settings` and `addresses` are what it was submitted with, secrets among them.
    """

    def __init__(
        self,
        home: Path,
        job: str,
        settings: Settings,
        *,
        addresses: Sequence[str] | None = None,
        processes: int = 0,
        approve: Callable[[Call], Approval] | None = None,
    ) -> None:
        self.home = home
        self._approve = approve
        self._settings, self._addresses, self._processes = settings, addresses, processes
        self.ledger = self._ledger = Ledger.open(home, create=False)
        self._id = self._ledger.job(job).id
        self._lock = WorkerLock(home)
        self._failure: GleaneryError | None = None
        self._performer: Performer | None = None
        self._source: Future[None] | None = None
        self._work: WorkerThread | None = None

    @property
    def job(self) -> Job:
        """The job as it stands."""
        return self._ledger.job(self._id)

    @property
    def wire(self) -> Path:
        """Where the exchanges with models are kept."""
        return wire_file(self.home, self._id)

    @property
    def models(self) -> tuple[str, ...]:
        """The addresses that are asked, in order."""
        return self.job.models

    @property
    def skipped(self) -> tuple[str, ...]:
        """Why models of the task were left out."""
        opened = self._performer.skipped if self._performer else ()
        return (*self.job.manifest.skipped, *opened)

    def start(self, store: Callable[[Ledger, Job], None] | None) -> None:
        """Begin to store the records, by `store` on a thread of its own (None: they are all there), and to work."""
        from gleanery.jobs.worker import Worker

        self._lock.__enter__()
        job = self.job
        if job.state in ENDED or job.state in ("paused", "waiting"):
            writer = LedgerWriter(self._ledger)
            writer.set_state(job.number, "queued")
        if store is not None:
            self._source = on_a_thread(lambda: self._store(store))
        self._work = WorkerThread(Worker(self.home, self._executor, only=self._id))

    def results(self) -> Iterator[Kept]:
        """What becomes of the records, in their order, as it comes; ends with the work.

        Raises what the source raised, after the results of the records before it, and what ended the work early:
        ModelError where a model is not there (what is done is given first).
        """
        after = 0
        number = self.job.number
        while True:
            over = self._over()
            page = self._ledger.kept(number, after=after)
            for kept in page:
                if kept.record.position != after + 1:
                    break
                after += 1
                yield kept
            else:
                if page:
                    continue
            if over:
                self._raise_what_ended_it()
                return
            self._wait()

    def end(self) -> int:
        """End the work, at once if it is not over; what is committed stays: how many records that are."""
        if self._work is not None:
            self._work.end()
        return self.job.counts.done

    def close(self) -> None:
        """End the work, and close the ledger."""
        if self._work is not None:
            self._work.end()
        self._ledger.close()
        self._lock.release()

    def forget(self) -> None:
        """Remove the ledger: there is nothing left to take up."""
        shutil.rmtree(self.home, ignore_errors=True)
        with suppress(OSError):  # others stand there, or it is the queue's
            self.home.parent.rmdir()
            self.home.parent.parent.rmdir()

    def _over(self) -> bool:
        return self._work is None or self._work.over.is_set()

    def _wait(self) -> None:
        """Until something may have changed."""
        if self._work is not None:
            self._work.over.wait(_POLL)

    def _raise_what_ended_it(self) -> None:
        if self._source is not None and self._source.done():
            self._source.result()
        if self._work is not None:
            self._work.raise_failure()
        job = self.job
        if job.state == "done":
            return
        if self._failure is not None:
            raise self._failure
        raise ModelError(job.reason or f"The run ended in the state `{job.state}`.")

    def _store(self, store: Callable[[Ledger, Job], None]) -> None:
        """Store the records. What the source raises ends the work with the records before it."""
        with Ledger.open(self.home, create=False) as ledger:
            job = ledger.job(self._id)
            try:
                store(ledger, job)
            except BaseException:
                ledger.finish_loading(job.number)
                raise

    def _executor(self) -> Executor:
        from gleanery.jobs.executors.local import LocalExecutor
        from gleanery.performing import open_performer

        if self._processes:
            return LocalExecutor(open_performer, processes=self._processes)
        return LocalExecutor(self._open, processes=0)

    async def _open(self, work: Work) -> Performer:
        from gleanery.performing import open_performer

        try:
            self._performer = await open_performer(
                work, settings=self._settings, addresses=self._addresses, approve=self._approve
            )
        except GleaneryError as error:
            self._failure = error
            raise
        return self._performer


class WorkerThread:
    """A worker on a thread with an event loop of its own."""

    def __init__(self, worker: Worker) -> None:
        self.over = threading.Event()
        self._worker = worker
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="gleanery-worker", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End it at once, and wait for that."""
        loop, task = self._loop, self._task
        if loop is not None and task is not None and not self.over.is_set():
            loop.call_soon_threadsafe(task.cancel)
        self._thread.join(_LAST)

    def raise_failure(self) -> None:
        """Raise what it ended with."""
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            asyncio.run(self._work())
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            self._failure = error
        finally:
            self.over.set()

    async def _work(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        await self._worker.run()


def on_a_thread(work: Callable[[], None]) -> Future[None]:
    """The work on a daemon thread: it may wait for input that never comes when the process ends."""
    future: Future[None] = Future()

    def run() -> None:
        try:
            work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(None)

    threading.Thread(target=run, name="gleanery-source", daemon=True).start()
    return future
