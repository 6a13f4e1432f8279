"""`gleanery jobs`: what is in the queue."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from gleanery.jobs.job import ENDED, STATES

if TYPE_CHECKING:
    from gleanery.jobs.job import Job, State
    from gleanery.jobs.lock import Holder

_DAY = 86_400.0


@click.command()
@click.option(
    "--state", "states", type=click.Choice(STATES), multiple=True, help="Only jobs in this state; repeatable."
)
@click.option("--task", help="Only jobs of this task.")
@click.option("--all", "everything", is_flag=True, help="Also jobs that ended more than a day ago.")
@click.option("--limit", type=click.IntRange(min=1), help="So many jobs at most.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line instead of a table.")
def jobs(states: tuple[State, ...], task: str | None, everything: bool, limit: int | None, as_json: bool) -> None:
    """List the jobs of the queue, in the order in which they run: those not ended, and those ended in the last day.

    \b
    gleanery jobs
    gleanery jobs --state failed --state cancelled --all
    gleanery jobs --json | jq 'select(.failed > 0).id'
    """
    from gleanery.queue import Queue

    now = time.time()
    with Queue() as queue:
        found = [job for job in queue.jobs(states or None) if task in (None, job.manifest.task)]
        worker = queue.worker()
    recent = [job for job in found if everything or states or not _old(job, now)]
    shown = _ended_last(recent)[:limit]
    if as_json:
        from gleanery.cli.job_words import job_json
        from gleanery.tasks.exports.jsonl import json_bytes

        for job in shown:
            click.echo(json_bytes(job_json(job, now)))
        return
    if shown:
        _print(shown, now)
    _say_what_is_not_shown(len(shown), len(recent), len(found), filtered=bool(states or task))
    _say_who_works(shown, worker)


def _old(job: Job, now: float) -> bool:
    return job.state in ENDED and now - (job.ended or job.submitted) > _DAY


def _ended_last(found: Sequence[Job]) -> list[Job]:
    """What goes on first, in its order; then what has ended, the latest first."""
    ended = sorted((job for job in found if job.state in ENDED), key=lambda job: job.ended or 0.0, reverse=True)
    return [*(job for job in found if job.state not in ENDED), *ended]


def _print(shown: Sequence[Job], now: float) -> None:
    from gleanery.cli import job_table

    if not sys.stdout.isatty():
        from gleanery.cli.printing import print_table

        columns, rows, right = job_table.plain_rows(shown, now)
        print_table(columns, rows, right=right)
        return
    from rich.console import Console

    console = Console(highlight=False)
    for line in job_table.terminal_lines(shown, now, console.width):
        console.print(line, no_wrap=True, overflow="ellipsis", crop=True)


def _say_what_is_not_shown(shown: int, recent: int, found: int, *, filtered: bool) -> None:
    if not found:
        wanted = (
            "No such jobs: gleanery jobs --all" if filtered else "No jobs yet: gleanery submit bibliography refs.txt"
        )
        click.echo(wanted, err=True)
    elif shown < recent:
        click.echo(f"{recent - shown:,} more: gleanery jobs --limit {recent}", err=True)
    elif recent < found:
        older = found - recent
        click.echo(f"{older:,} {'job' if older == 1 else 'jobs'} that ended before: gleanery jobs --all", err=True)


def _say_who_works(shown: Sequence[Job], worker: Holder | None) -> None:
    if all(job.state in ENDED for job in shown):
        return
    if worker is None:
        click.echo("No worker runs, so nothing goes on: gleanery worker start", err=True)
    elif sys.stderr.isatty():
        click.echo(f"A worker runs (process {worker.pid}).", err=True)
