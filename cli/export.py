"""`gleanery export`: what is committed of a job, at any time."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast, get_args

import click
import orjson

from gleanery.cli.destination import Destination
from gleanery.cli.job_argument import job_argument
from gleanery.tasks.records import Result, Status

if TYPE_CHECKING:
    from gleanery.jobs.job import Job
    from gleanery.queue import Queue
    from gleanery.tasks.declarations import Task

_STATUSES: tuple[Status, ...] = get_args(Status)


def _read_statuses(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[Status, ...] | None:
    if value is None:
        return None
    names = tuple(name.strip() for name in value.split(","))
    if unknown := [name for name in names if name not in _STATUSES]:
        raise click.BadParameter(f"`{unknown[0]}` is no status. Give some of {','.join(_STATUSES)}.")
    return cast("tuple[Status, ...]", names)


@click.command(
    epilog="Exit codes: 0 nothing in it failed, 1 the output cannot be written, 2 wrong usage, 4 some records failed "
    "(with --fail-on review: or are in review)."
)
@job_argument()
@click.option("-o", "--output", type=click.Path(), help="Write here: .jsonl, .json (CSL), .bib, .ris, .csv or .tsv.")
@click.option("--format", "format_name", help="The output's format, when its extension does not say: jsonl, csl-json, "
              "bibtex, ris, csv, tsv.")  # fmt: skip
@click.option("--status", "statuses", callback=_read_statuses, metavar="STATUS,...",
              help="Only results of this status: ok, review, failed.")  # fmt: skip
@click.option("--full", is_flag=True, help="JSONL with attempts, usage in tokens, timing and cached.")
@click.option("--json", "as_json", is_flag=True, help="JSONL on standard output even on a terminal; with -o, the "
              "summary as JSON.")  # fmt: skip
@click.option("--openai-batch", is_flag=True, help="Write requests for the records that are still to do, as `vllm "
              "run-batch` takes them; `gleanery resume JOB --openai-batch FILE` takes back the answers.")  # fmt: skip
@click.option("--server", type=click.Choice(["vllm", "llama-server", "openai"]), default="vllm", show_default=True,
              help="Who will run those requests.")  # fmt: skip
@click.option("--fail-on", type=click.Choice(["failed", "review"]), default="failed", show_default=True,
              help="What makes the exit code 4.")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="No summary.")
def export(job: str, statuses: tuple[Status, ...] | None, fail_on: str, quiet: bool, **options: Any) -> None:
    """Write the results of JOB in the order of its records: all that are committed, while it runs too.

    \b
    gleanery export j-abc123                            a table on a terminal, JSONL in a pipe
    gleanery export j-abc123 -o refs.bib                BibTeX; .json is CSL-JSON, .ris RIS, .csv a table
    gleanery export j-abc123 -o doubtful.csv --status review,failed
    gleanery export j-abc123 --full | jq .usage
    gleanery export j-abc123 --openai-batch -o requests.jsonl
    """
    from gleanery.queue import Queue

    if options["openai_batch"]:
        write_requests(job, options["output"], options["server"], quiet)
        return
    destination = Destination(options["output"], options["format_name"], options["full"], options["as_json"])
    with Queue() as queue:
        found = queue.job(job)
        written = write_results(queue, found, destination, statuses)
        now = queue.job(found.id)
    if not quiet:
        _say(now, written, destination, statuses, as_json=options["as_json"])
    sys.exit(written.exit_code(fail_on))


def write_requests(id: str, output: str | None, server: Any, quiet: bool) -> None:
    """Write the requests of a job's records that are still to do."""
    from gleanery.batching import write_job
    from gleanery.queue import Queue
    from gleanery.tasks.exports.whole import whole_file

    with Queue() as queue, whole_file(output or "-") as stream:
        job = queue.job(id)
        written = write_job(queue.ledger, job, stream, server=server)
    if not quiet:
        left_out = f", without {written.left_out:,} that lack a column of the prompt" if written.left_out else ""
        click.echo(f"{written.requests:,} requests to {job.models[-1]}{left_out}.", err=True)
        click.echo(f"Next: run them, then: gleanery resume {job.id} --openai-batch RESULTS.jsonl", err=True)


@dataclass(slots=True)
class Written:
    """What an export holds. `left_out` are results that its format cannot say; `reasons` the issues of those in review,
    `doubtful` the first record that is not ok."""

    statuses: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    left_out: int = 0
    doubtful: str | None = None

    @property
    def records(self) -> int:
        """How many results."""
        return self.statuses.total()

    def add(self, id: str, status: Status, codes: Iterable[str]) -> None:
        """Count one; `codes` are those of its issues."""
        self.statuses[status] += 1
        if status != "ok" and self.doubtful is None:
            self.doubtful = id
        if status == "review":
            self.reasons.update(set(codes))

    def exit_code(self, fail_on: str) -> int:
        """4 where a record failed, or is in review and that counts as failing; else 0."""
        return 4 if self.statuses["failed"] or (fail_on == "review" and self.statuses["review"]) else 0


def write_results(
    queue: Queue, job: Job, destination: Destination, statuses: Collection[Status] | None = None
) -> Written:
    """Write what is committed of a job, in the order of its records; a file is there whole, or as it was before."""
    written = Written()
    with task_of(queue, job) as task:
        destination.check(task)
        marked = task.generation.duplicates if task.generation else None
        if destination.format.name == "jsonl" and not destination.is_table and marked is None:
            _write_lines(queue, job, destination, statuses, written)
        else:
            results = _results(queue, job, statuses, marked)
            _write_with_exporter(results, task, destination, written)
    return written


def _results(queue: Queue, job: Job, statuses: Collection[Status] | None, marked: float | None) -> Iterator[Result]:
    """The job's results; near-duplicates among all of them are marked, from a likeness of `marked` on."""
    if marked is None:
        return queue.results(job, statuses)
    from gleanery.tasks.duplicates import DuplicateMarker

    all_marked = map(DuplicateMarker(marked), queue.results(job))
    return (result for result in all_marked if statuses is None or result.status in statuses)


def _write_lines(
    queue: Queue, job: Job, destination: Destination, statuses: Collection[Status] | None, written: Written
) -> None:
    """The kept bytes as they are: they are what the exporter would write, and need no reading."""
    from gleanery.jobs.outcome import line_of
    from gleanery.tasks.exports.whole import whole_file

    with whole_file(destination.path or "-") as stream:
        for kept in queue.kept(job, statuses):
            about = kept.about if destination.full else None
            stream.write(line_of(kept.record, kept.body, about, cached=kept.cached))
            codes = (issue["code"] for issue in orjson.loads(kept.body)["issues"]) if kept.status == "review" else ()
            written.add(kept.record.id, kept.status, codes)


def _write_with_exporter(results: Iterator[Result], task: Task, destination: Destination, written: Written) -> None:
    with destination.open(task) as exporter:
        for result in results:
            exporter.write(result)
            written.add(result.id, result.status, (issue.code for issue in result.issues))
        exporter.close()
        written.left_out = exporter.left_out


@contextmanager
def task_of(queue: Queue, job: Job) -> Iterator[Task]:
    """The task of a job as it was when it was submitted; its files are there as long as the block lasts."""
    from tempfile import TemporaryDirectory

    from gleanery.jobs.bundle import unpack

    with TemporaryDirectory(prefix="gleanery-") as folder:
        yield unpack(queue.ledger.bundle(job.bundle), job.manifest.task, Path(folder))


def _say(
    job: Job, written: Written, destination: Destination, statuses: Collection[Status] | None, *, as_json: bool
) -> None:
    if as_json and destination.file:
        from gleanery.tasks.exports.jsonl import json_bytes

        click.echo(json_bytes(_summary(job, written, destination.file)))
        return
    click.echo(_sentence(job, written, destination), err=True)
    if written.reasons:
        click.echo(f"In review: {', '.join(f'{code} {n:,}' for code, n in written.reasons.most_common())}.", err=True)
    if job.counts.todo and not statuses:
        again = "they come as the job goes" if job.state in ("running", "queued") else f"gleanery resume {job.id}"
        click.echo(f"Still to do: {job.counts.todo:,} of {job.counts.total:,} ({job.state}); {again}.", err=True)
    elif written.doubtful and destination.file:
        click.echo(f"Next: look at what is not ok, such as: gleanery show {job.id}:{written.doubtful}", err=True)


def _sentence(job: Job, written: Written, destination: Destination) -> str:
    from gleanery.cli.job_words import records

    words = ((written.statuses["ok"], "ok"), (written.statuses["review"], "in review"))
    counts = ", ".join(f"{count:,} {word}" for count, word in (*words, (written.statuses["failed"], "failed")) if count)
    left_out = f", {written.left_out:,} of which the format cannot say" if written.left_out else ""
    where = f" to {destination.file}" if destination.file else ""
    return f"Wrote {records(written.records)} of {job.id}{where}{f': {counts}' if counts else ''}{left_out}."


def _summary(job: Job, written: Written, file: str) -> dict[str, Any]:
    return {
        "job": job.id,
        "state": job.state,
        "records": written.records,
        **{status: written.statuses[status] for status in _STATUSES},
        "reasons": dict(written.reasons.most_common()),
        "left_out": written.left_out,
        "todo": job.counts.todo,
        "output": file,
    }
