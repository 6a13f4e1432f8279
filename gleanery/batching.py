"""A task over a source as an OpenAI batch: its requests written for another program to run, its results read back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date as Date
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, BinaryIO, Literal

from gleanery.errors import UsageError
from gleanery.tasks.declarations import Task
from gleanery.tasks.records import Record, Result

if TYPE_CHECKING:
    from gleanery.agents.extractor import Extractor
    from gleanery.jobs.job import Job
    from gleanery.jobs.ledger.ledger import Ledger
    from gleanery.jobs.openai_batch import BatchChat, Written
    from gleanery.settings import Settings

_TOGETHER = 500
Server = Literal["vllm", "llama-server", "openai"]


def batch_model(task: Task, model: str | None, settings: Settings) -> str:
    """The address of the one model that a batch is for; UsageError where that cannot be told."""
    from gleanery.choosing import choose_without_asking

    choice = choose_without_asking(task, model, settings)
    return _only_one(choice.addresses if choice else ())


def write_batch(
    task: Task,
    records: Iterable[Record],
    stream: BinaryIO,
    *,
    model: str,
    settings: Settings,
    server: Server = "vllm",
) -> Written:
    """Write the requests that ask a model about some records, in the words of the server that will run them.

    `model` is its address (openai/NAME). Nothing is asked of a server.
    """
    from gleanery.jobs.openai_batch import BatchChat, write_batch
    from gleanery.models.endpoint import parse_address
    from gleanery.models.openai.dialects import LLAMA_SERVER, OPENAI, VLLM

    dialect = {"vllm": VLLM, "llama-server": LLAMA_SERVER, "openai": OPENAI}[server]
    extractor = _extractor(task, BatchChat(model, None), settings, Date.today())
    return write_batch(records, extractor, parse_address(model).name, dialect, stream)


def write_job(ledger: Ledger, job: Job, stream: BinaryIO, *, server: Server = "vllm") -> Written:
    """Write the requests of a stored job, for the records that are still to do."""
    from gleanery.pinning import settings_of

    settings, model = settings_of(job.manifest), _only_one(job.models)
    with _task_of(ledger, job) as task:
        return write_batch(task, _todo(ledger, job), stream, model=model, settings=settings, server=server)


def take_back(ledger: Ledger, job: Job, stream: BinaryIO, *, name: str = "the file") -> TakenBack:
    """Keep what became of a job's requests elsewhere as its results. A record without a reply stays to do.

    WorkerError where a worker runs: there is one who writes results. UsageError where the file holds no replies.
    """
    from gleanery.jobs.ledger.writer import Delivery, LedgerWriter
    from gleanery.jobs.lock import WorkerLock
    from gleanery.jobs.openai_batch import BatchChat, read_batch
    from gleanery.jobs.outcome import outcome_of
    from gleanery.models.openai.batch import BatchReplies
    from gleanery.pinning import settings_of

    model = _only_one(job.models)
    replies, settings = BatchReplies(stream, model, name), settings_of(job.manifest)
    chat = BatchChat(model, replies)
    taken = 0
    with WorkerLock(ledger.home), _task_of(ledger, job) as task:
        writer = LedgerWriter(ledger)
        extractor = _extractor(task, chat, replace(settings, retries=0), Date.fromisoformat(job.manifest.date))
        for page in _batched(record for record in _todo(ledger, job) if record.id in replies):
            results = read_batch(page, extractor, chat)
            kept = [Delivery(job.number, outcome_of(*pair)) for pair in zip(page, results, strict=True)]
            taken += writer.commit(kept)
        left = ledger.job(job.id).counts.todo
        if not left and job.loaded:
            writer.set_state(job.number, "done")
    return TakenBack(taken, left, replies.unasked, replies.torn)


@dataclass(frozen=True, slots=True)
class TakenBack:
    """How many results were kept, and how many records are left to do; how many replies belong to no such record, and
    how many lines are no JSON."""

    taken: int
    left: int
    unknown: int
    torn: int


class BatchResults(Iterator[Result]):
    """The Results of a batch, one for each record, in order."""

    def __init__(
        self,
        task: Task,
        records: Iterable[Record],
        stream: BinaryIO,
        *,
        model: str,
        settings: Settings,
        date: Date | None = None,
        name: str = "the file",
    ) -> None:
        from gleanery.jobs.openai_batch import BatchChat, read_batch
        from gleanery.models.openai.batch import BatchReplies

        self._replies = BatchReplies(stream, model, name)
        chat = BatchChat(model, self._replies)
        extractor = _extractor(task, chat, replace(settings, retries=0), date or Date.today())
        self._results = read_batch(records, extractor, chat)

    def __next__(self) -> Result:
        return next(self._results)

    def close(self) -> None:
        """Read no further."""
        self._results.close()

    @property
    def unknown(self) -> int:
        """How many replies belong to no record that was asked for."""
        return self._replies.unasked

    @property
    def torn(self) -> int:
        """How many lines of the file are no JSON."""
        return self._replies.torn


def _only_one(addresses: Sequence[str]) -> str:
    """The one among them that is at an OpenAI-compatible server."""
    found = [address for address in addresses if address.startswith("openai/")]
    if len(found) == 1:
        return found[0]
    raise UsageError(
        "A batch is for one model of an OpenAI-compatible server: say which with --model openai/NAME, the name by "
        "which that server knows it."
    )


@contextmanager
def _task_of(ledger: Ledger, job: Job) -> Iterator[Task]:
    """The job's task, as it was submitted."""
    from gleanery.jobs.bundle import unpack

    with TemporaryDirectory(prefix="gleanery-task-") as folder:
        task = unpack(ledger.bundle(job.bundle), job.manifest.task, Path(folder))
        yield replace(task, accept=job.manifest.options["accept"])


def _todo(ledger: Ledger, job: Job) -> Iterator[Record]:
    after = 0
    while page := ledger.todo(job.number, after=after):
        yield from page
        after = page[-1].position


def _batched(records: Iterator[Record]) -> Iterator[list[Record]]:
    """The records in lists of as many as are committed together."""
    while page := list(islice(records, _TOGETHER)):
        yield page


def _extractor(task: Task, chat: BatchChat, settings: Settings, date: Date) -> Extractor:
    from gleanery.models.opening import Models
    from gleanery.staging import Staging

    if task.guards is not None:
        raise UsageError(f"Task `{task.name}` has a guard, which no batch asks. Use `gleanery run`.")
    if task.kind != "extract":
        raise UsageError(
            f"Task `{task.name}` is of kind `{task.kind}`, whose records take more than one request each. Only "
            "`extract` tasks can go through a batch: use `gleanery run`."
        )
    return Staging(task, settings, date, Models({})).extractor(task, chat)
