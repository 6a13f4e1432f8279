"""A run of a pipeline: its tasks' jobs in a ledger of the pipeline's own, fed and worked on in this process."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, replace
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import orjson

from gleanery.errors import GleaneryError, ModelError, UsageError
from gleanery.jobs.job import ENDED
from gleanery.jobs.ledger.ids import new_id
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.ledger.writer import LedgerWriter
from gleanery.jobs.lock import WorkerLock, holder_of
from gleanery.jobs.manifest import Manifest, Origin
from gleanery.pipeline.answers import FILE as ANSWERS
from gleanery.pipeline.answers import Answers
from gleanery.pipeline.feeding import END, Feeder, Line, walk
from gleanery.pipeline.steps import Step, TaskStep, ToolStep
from gleanery.private import WorkerThread, on_a_thread
from gleanery.submitting import origin_of, plan, records_of, store
from gleanery.tasks.matrix import Matrix
from gleanery.tasks.records import Record, Result

if TYPE_CHECKING:
    from gleanery.jobs.executors.executor import Executor
    from gleanery.jobs.work import Performer, Work
    from gleanery.settings import Settings

_RUN = "run.json"
_POLL = 0.02
_LAST = 5.0
"""Seconds that the worker may take to see that all is done."""
_SWEEPING = 5.0
"""Seconds for taking away what earlier runs left; the next one goes on with it."""

Source = str | Path | Iterable[str | Record] | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What a pipeline is run on, and how. `anew`: nothing is taken from an earlier run."""

    source: Source
    format: Any = "auto"
    field: str | None = None
    limit: int | None = None
    date: Date | None = None
    stdin: BinaryIO | None = None
    anew: bool = False


def home_of(settings: Settings, name: str, place: str) -> Path:
    """The folder of a pipeline of that name that is declared in a place."""
    return settings.home / "pipelines" / f"{name}-{hashlib.sha256(place.encode()).hexdigest()[:8]}"


def forget(home: Path) -> bool:
    """Remove what a pipeline keeps: whether there was anything. UsageError while it is being run."""
    if not home.exists():
        return False
    lock = _locked(home)
    try:
        shutil.rmtree(home)
    finally:
        lock.release()
    return True


class PipelineRun(Iterator[Result]):
    """The Results of a pipeline, in the order of the source, as they come. Closing it ends what is still going on.

    What was interrupted goes on where it was, where the pipeline, its tasks and its source are the same; where not,
    what is the same is taken from the run before. `models` are those of its tasks, `skipped` says why others that they
    name are left out, `resumed` whether it goes on.
    """

    def __init__(self, home: Path, steps: Sequence[Step], settings: Settings, asked: Asked) -> None:
        self._settings, self._steps, self._asked = settings, tuple(steps), asked
        self._home = home
        self._addresses: dict[str, Sequence[str]] = {}
        self._failures: dict[str, GleaneryError] = {}
        self._opened: set[str] = set()
        self._closed = False
        planned = self._plan()
        self.skipped = [why for manifest, _ in planned for why in manifest.skipped]
        self.models = tuple(dict.fromkeys(model for manifest, _ in planned for model in manifest.models))
        self._lock = _locked(home)
        try:
            self._ledger = Ledger.open(home)
            self._answers: Answers | None = None
            try:
                self._start(planned)
            except BaseException:
                self._ledger.close()
                raise
        except BaseException:
            self._lock.release()
            raise
        self._results = self._all_results()

    def __next__(self) -> Result:
        return next(self._results)

    def close(self) -> None:
        """End the work, at once if it is not over; what is committed stays."""
        if self._closed:
            return
        self._closed = True
        self._feeder.stop()
        self._work.end()
        self._fed.exception()  # it has returned
        self._results.close()
        if self._answers is not None:
            self._answers.close()
        self._ledger.close()
        self._lock.release()

    # Its beginning

    def _plan(self) -> list[tuple[Manifest, dict[str, bytes]]]:
        """The job of each task, as it will be."""
        asked = self._asked
        planned: list[tuple[Manifest, dict[str, bytes]]] = []
        origin = origin_of(asked.source, asked.format, asked.field, asked.limit)
        for step in self._steps:
            if isinstance(step, TaskStep):
                manifest, bundle, choice = plan(
                    step.task, origin, self._settings, model=step.model, date=asked.date, cache=not asked.anew
                )
                planned.append((manifest, bundle))
                self._addresses[step.name] = choice.addresses
                origin = Origin(f"step {step.name}", f"pipeline:{step.name}")
        return planned

    def _start(self, planned: Sequence[tuple[Manifest, dict[str, bytes]]]) -> None:
        identity = self._identity([manifest for manifest, _ in planned])
        jobs = None if self._asked.anew else self._interrupted(identity)
        self.resumed = jobs is not None
        if jobs is None:
            jobs = self._begin(planned, identity)
        self._jobs, self._said = jobs, {"identity": identity, "jobs": jobs, "done": False}
        names = [step.name for step in self._steps if isinstance(step, TaskStep)]
        self._of_job = {job: self._addresses[name] for job, name in zip(jobs, names, strict=True)}
        self._answers = Answers(self._home, self._settings) if self._uses_tools() else None
        self._line = Line(self._steps, tuple(jobs), self._matrices(planned), self._answers or _no_tools)
        self._feeder = Feeder(self._home, self._line)
        self._source = self._reading()
        self._fed = on_a_thread(self._feeder.run)
        from gleanery.jobs.worker import Worker

        self._work = WorkerThread(Worker(self._home, self._executor, until_idle=True))

    def _interrupted(self, identity: str | None) -> list[str] | None:
        """The jobs of the run before, made ready to go on; None where it was another one, or came to its end."""
        said = _read(self._home / _RUN)
        if identity is None or said.get("identity") != identity or said.get("done"):
            return None
        jobs = [self._ledger.job(id) for id in said["jobs"]]
        writer = LedgerWriter(self._ledger)
        for job in jobs:
            if job.state != "done":
                writer.set_state(job.number, "queued")
        return [job.id for job in jobs]

    def _begin(self, planned: Sequence[tuple[Manifest, dict[str, bytes]]], identity: str | None) -> list[str]:
        """New jobs. Those of earlier runs are stopped; their results are there to be taken over."""
        writer = LedgerWriter(self._ledger)
        for job in self._ledger.jobs():
            if job.state not in ENDED:
                writer.set_state(job.number, "cancelled", "The pipeline was begun anew.")
        (self._home / ANSWERS).unlink(missing_ok=True)
        run = new_id().replace("j-", "p-")
        jobs = [
            self._ledger.submit(replace(manifest, pipeline=run), bundle, state="queued").id
            for manifest, bundle in planned
        ]
        _write(self._home / _RUN, {"identity": identity, "jobs": jobs, "done": False})
        return jobs

    def _identity(self, manifests: Sequence[Manifest]) -> str | None:
        """What makes two runs one; None where the source cannot be read a second time."""
        source = self._asked.source
        if isinstance(source, str | Path):
            path = Path(source)
            if not path.is_file():
                return None
            stat = path.stat()
            read: Any = [stat.st_size, stat.st_mtime_ns]
        elif source is None or isinstance(source, list | tuple):
            read = [asdict(item) if isinstance(item, Record) else item for item in source or ()]
        else:
            return None
        # Not how the source was typed, and not the day: who goes on tomorrow goes on.
        pinned = [replace(m, date="", origin=replace(m.origin, name="")).as_json() for m in manifests]
        said = [read, pinned, [[step.name, step.words] for step in self._steps]]
        return hashlib.sha256(orjson.dumps(said, default=str)).hexdigest()

    def _matrices(self, planned: Sequence[tuple[Manifest, dict[str, bytes]]]) -> tuple[Matrix | None, ...]:
        manifests = (manifest for manifest, _ in planned)
        return tuple(Matrix.from_json(m.matrix, m.models) if m.matrix else None for m in manifests)

    def _uses_tools(self) -> bool:
        return any(isinstance(step, ToolStep) for step in self._steps)

    # Its work

    def _reading(self) -> Future[None]:
        """The records of the source, being stored for the first task."""
        first = self._ledger.job(self._jobs[0])
        if first.loaded:
            done: Future[None] = Future()
            done.set_result(None)
            return done
        asked = self._asked
        given = None if asked.source is None or isinstance(asked.source, str | Path) else asked.source

        def read() -> None:
            with Ledger.open(self._home, create=False) as ledger:
                try:
                    records = records_of(first.manifest.origin, given, asked.stdin)
                    store(ledger, first, records, lambda job, count: None, resuming=first.counts.total > 0)
                except BaseException:
                    self._write_down(identity=None)  # what was read is no beginning to go on from
                    ledger.finish_loading(first.number)
                    raise

        return on_a_thread(read)

    def _all_results(self) -> Generator[Result, None, None]:
        tasks = len(self._jobs)
        way = walk(self._ledger, self._line, tasks)
        while True:
            over = self._work.over.is_set() or (self._fed.done() and self._fed.exception() is not None)
            passed = next(way, END)
            if passed is END:
                break
            if passed is not None:
                yield from (item.final() for item in passed.items if not item.dropped)
            elif over or self._is_lost():
                self._raise_what_ended_it()
            else:
                self._work.over.wait(_POLL)
        self._source.result()
        self._come_to_end()

    def _come_to_end(self) -> None:
        """Keep that it is done, and no more of earlier runs than that."""
        self._work.over.wait(_LAST)
        self._work.end()
        self._write_down(done=True)
        for job in self._ledger.jobs():
            if job.id not in self._jobs:
                self._ledger.ask(job.id, "delete")
        writer = LedgerWriter(self._ledger)
        for command in self._ledger.pending():
            writer.obey(command)
        end = time.monotonic() + _SWEEPING
        while writer.sweep() and time.monotonic() < end:
            pass

    def _is_lost(self) -> bool:
        """Whether the models of a task cannot be had: then the others need not go on."""
        missing = self._failures.keys() - self._opened
        return any(self._ledger.job(job).state in ("failed", "waiting") for job in missing)

    def _raise_what_ended_it(self) -> None:
        if self._fed.done():
            self._fed.result()
        self._work.raise_failure()
        if self._source.done():
            self._source.result()
        for failure in self._failures.values():
            raise failure
        job = next((job for job in map(self._ledger.job, self._jobs) if job.state != "done"), None)
        raise ModelError(job.reason if job and job.reason else "The pipeline ended before all its records were done.")

    def _write_down(self, **said: Any) -> None:
        self._said.update(said)
        _write(self._home / _RUN, self._said)

    def _executor(self) -> Executor:
        from gleanery.jobs.executors.local import LocalExecutor

        return LocalExecutor(self._open, processes=0)

    async def _open(self, work: Work) -> Performer:
        from gleanery.performing import open_performer

        try:
            performer = await open_performer(work, settings=self._settings, addresses=self._of_job.get(work.job))
        except GleaneryError as error:
            self._failures[work.job] = error
            raise
        self._failures.pop(work.job, None)
        self.skipped.extend(performer.skipped)
        self._opened.add(work.job)
        return performer


def _locked(home: Path) -> WorkerLock:
    """The lock of a pipeline's folder, taken. UsageError where somebody has it."""
    lock = WorkerLock(home)
    if not lock.acquire():
        holder = holder_of(home)
        by = f", in process {holder.pid}" if holder else ""
        raise UsageError(f"The pipeline in {home} is being run{by}. Wait for its end.")
    return lock


def _no_tools(step: ToolStep, arguments: Mapping[str, Any]) -> Any:
    raise AssertionError(step)


def _read(file: Path) -> dict[str, Any]:
    try:
        said: dict[str, Any] = orjson.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return said


def _write(file: Path, said: Mapping[str, Any]) -> None:
    """Write it whole, or leave it as it was."""
    new = file.with_suffix(".new")
    new.write_bytes(orjson.dumps(dict(said)))
    os.replace(new, file)  # noqa: PTH105
