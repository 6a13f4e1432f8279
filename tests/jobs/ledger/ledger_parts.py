"""What the ledger's tests are made of: jobs, records and outcomes, and the counters as the rows themselves say them."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

import orjson

from gleanery.jobs.job import Counts, Job, Verb
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.ledger.writer import Delivery, LedgerWriter
from gleanery.jobs.manifest import Manifest, Origin
from gleanery.jobs.outcome import Outcome
from gleanery.tasks.records import Record, Status

BUNDLE = {"tasks/works/task.yaml": b"name: works\n", "tasks/works/leer.json": b""}


def manifest(task: str = "works") -> Manifest:
    origin = Origin("works.txt", "/somewhere/works.txt")
    models = ("embedded/references",)
    return Manifest(
        task, "extract", "t", "s", None, models, {"a": 1}, {}, {}, "/somewhere", "2026-01-01", "0.1", origin
    )


def records(count: int, first: int = 1) -> list[Record]:
    return [Record(f"r-{n}", n, f"The text of record {n}.") for n in range(first, first + count)]


def outcome(position: int, status: Status = "ok", error: str | None = None) -> Outcome:
    body = {"output": {"n": position}, "spans": {}, "confidence": {}, "status": status, "model": "m", "issues": []}
    about = b'{"attempts":1,"usage":null,"timing":{"total_ms":null}}'
    return Outcome(position, status, orjson.dumps({**body, "error": error}), about)


def submitted(ledger: Ledger, count: int = 0, **options: object) -> Job:
    """A job with so many records, in line."""
    job = ledger.submit(manifest(), BUNDLE, **options)  # type: ignore[arg-type]
    if count:
        ledger.load(job.number, records(count), f"the first {count}")
    ledger.finish_loading(job.number)
    return ledger.job(job.id)


def commit(ledger: Ledger, job: Job, positions: Iterable[int], status: Status = "ok") -> int:
    return LedgerWriter(ledger).commit([Delivery(job.number, outcome(n, status)) for n in positions])


def obeyed(ledger: Ledger, job: str, verb: Verb, **arguments: object) -> tuple[str, bool]:
    """The answer to a command, and whether it was refused."""
    number = ledger.ask(job, verb, arguments)
    said = LedgerWriter(ledger).obey(ledger.command(number))
    command = ledger.command(number)
    assert command.answer == said
    return said, command.refused


def counted(ledger: Ledger, job: int) -> Counts:
    """The counters of a job as counting its rows gives them."""
    value = ledger.database.value
    total = value("SELECT count(*) FROM records WHERE job = ?", (job,))
    by = dict(ledger.database.rows("SELECT status, count(*) FROM results WHERE job = ? GROUP BY status", (job,)))
    cached = value("SELECT count(*) FROM results WHERE job = ? AND cached", (job,))
    ok, review, failed = (by.get(status, 0) for status in ("ok", "review", "failed"))
    return Counts(total, total - ok - review - failed, ok, review, failed, cached)


def left_in(home: Path, text: bytes) -> list[str]:
    """The files in which some text still stands; of a copy, since to open and close the ledger's own file here would
    give up SQLite's locks of it."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["cp", "-R", f"{home}/.", folder], check=True)
        files = [file for file in Path(folder).rglob("*") if file.is_file()]
        return [str(file.relative_to(folder)) for file in files if text in file.read_bytes()]
