"""`gleanery submit`: a task over a source, put into the queue."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from gleanery.cli.job_argument import completing
from gleanery.cli.options import accept_option, date_option, declared_task, model_option
from gleanery.cli.printing import print_json

if TYPE_CHECKING:
    from gleanery.jobs.job import Job
    from gleanery.queue import Queue

_PATIENCE = 1.0
"""Seconds before the progress of storing is shown."""


@click.command()
@click.argument("task")
@click.argument("source", type=click.Path())
@model_option
@accept_option
@click.option("--input-format", type=click.Choice(["auto", "text", "blocks", "jsonl", "csv"]), default="auto",
              show_default=True,
              help="How to read SOURCE; auto goes by its extension, else one record a line.")  # fmt: skip
@click.option("--blocks", is_flag=True, help="Records are blocks of lines with blank lines between them.")
@click.option("--field", help="The CSV column or JSONL key that holds the text; the others are carried along.")
@click.option("--limit", type=click.IntRange(min=1), help="Take so many records.")
@date_option
@click.option("--priority", type=click.IntRange(-100, 100), default=0, show_default=True,
              help="Jobs of a higher one go first.")  # fmt: skip
@click.option("--after", multiple=True, metavar="JOB", shell_complete=completing(),
              help="Wait until that job is done; may be given several times.")  # fmt: skip
@click.option("--no-cache", is_flag=True, help="Ask the models also where an earlier job holds the answer.")
@click.option("--sample", type=click.IntRange(0), default=0, help="Which of several answers to the same input this is: "
              "another number is not taken from the cache of the others.")  # fmt: skip
@click.option("--wire", type=click.Choice(["full", "failures", "off"]), help="Which exchanges with chat models to "
              "keep.  [default: that of the settings, full]")  # fmt: skip
@click.option("--no-start", is_flag=True, help="Start no worker where none runs.")
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")
@click.option("-q", "--quiet", is_flag=True, help="Print the job's id and nothing else.")
def submit(task: str, source: str, **options: Any) -> None:
    """Put TASK over SOURCE, a file or - for standard input, into the queue, and walk away.

    The records are stored: what happens to SOURCE afterwards does not matter. A worker is started in the background
    where none runs.

    \b
    gleanery submit bibliography refs.txt
    gleanery submit works refs.csv --field citation --model ollama/qwen3:4b --priority 5
    gleanery submit summaries out.jsonl --after j-3k9x2m
    gleanery watch
    """
    declared = declared_task(task, options["accept"])
    from gleanery.cli.run import standard_input
    from gleanery.queue import Queue
    from gleanery.settings import load_settings

    settings = load_settings(overrides={"wire": options["wire"]})
    given: datetime | None = options["date"]
    with Queue(settings=settings) as queue:
        with _told(options) as progress:
            job = queue.submit(
                declared,
                source,
                model=options["model"],
                date=given.date() if given else None,
                format="blocks" if options["blocks"] else options["input_format"],
                field=options["field"],
                limit=options["limit"],
                priority=options["priority"],
                after=options["after"],
                cache=not options["no_cache"],
                sample=options["sample"],
                stdin=standard_input() if source == "-" else None,
                progress=progress,
            )
        if options["as_json"]:
            print_json({"id": job.id, "state": job.state, "records": job.counts.total, "models": list(job.models)})
        elif options["quiet"]:
            click.echo(job.id)
        else:
            click.echo(_in_words(job))
        if not options["no_start"]:
            say_worker(queue, quiet=options["quiet"] or options["as_json"])


def say_worker(queue: Queue, *, quiet: bool = False) -> None:
    """Start a worker where none runs, and say so."""
    holder, started = queue.start_worker()
    if started and not quiet:
        click.echo(f"Started a worker (process {holder.pid}); `gleanery worker stop` ends it.", err=True)


@contextmanager
def _told(options: dict[str, Any]) -> Iterator[Callable[[Job, int], None]]:
    """What tells how many records are stored, and what to do where that is interrupted."""
    shown = not (options["quiet"] or options["as_json"]) and sys.stderr.isatty()
    latest: Job | None = None

    def tell(job: Job, count: int) -> None:
        nonlocal latest
        latest = job
        if shown:
            click.echo(f"\r{job.id}: {count:,} records stored ", err=True, nl=False)

    try:
        yield tell
    except KeyboardInterrupt:
        if latest is not None:
            click.echo(
                f"\nInterrupted. {latest.id} holds the records stored so far; `gleanery resume {latest.id}` stores the "
                f"rest, `gleanery delete {latest.id}` removes it.",
                err=True,
            )
        sys.exit(130)
    finally:
        if shown and latest is not None:
            click.echo("\r\x1b[K", err=True, nl=False)


def _in_words(job: Job) -> str:
    count = f"{job.counts.total:,} record{'' if job.counts.total == 1 else 's'}"
    waits = f" It waits for {' and '.join(job.after)}." if job.state == "waiting" else ""
    what = f"`{job.manifest.task}` over {count} of {job.manifest.origin.name}"
    return f"{job.id}: {what}, with {' then '.join(job.models)}.{waits}"
