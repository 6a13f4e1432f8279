"""`gleanery watch`: jobs as they go, until nothing more will happen to them."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

import click

from gleanery.cli.job_argument import jobs_argument, named_jobs
from gleanery.cli.job_words import counted, duration, event_json, job_json, latencies, rate, reason_of, state_of
from gleanery.jobs.job import ENDED, STATES

if TYPE_CHECKING:
    from gleanery.jobs.job import Job
    from gleanery.queue import Queue
    from gleanery.watching import Snapshot

_GOING = frozenset(STATES) - ENDED
_EVERY = 2.0
"""Seconds between two lines on how far a job is, where there is no terminal."""
_NO_WORKER = "No worker runs, so nothing goes on: gleanery worker start"


@click.command(
    epilog="Exit codes: 0 all are done and no record failed, 1 one is paused or cancelled, or waits in vain, "
    "3 one cannot go on, 4 some records failed, 130 Ctrl-C: the jobs go on."
)
@jobs_argument(_GOING)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line whenever something changes.")
def watch(jobs: tuple[str, ...], as_json: bool) -> None:
    """Watch jobs go, until all have ended or are at rest; without JOB all that have not ended.

    Ctrl-C leaves the watching, and the jobs go on. Ids may be cut short: j-ab means j-abc123, if no other begins so.

    \b
    gleanery watch
    gleanery watch j-abc123 && gleanery export j-abc123 -o refs.bib
    gleanery watch --json | jq -c 'select(.type == "job") | [.id, .done, .rate]'
    """
    from gleanery.queue import Queue

    with Queue() as queue:
        watched = named_jobs(queue, jobs) if jobs else queue.jobs(_GOING)
        if not watched:
            click.echo("Nothing to watch: no job is under way. `gleanery jobs --all` lists those that ended.", err=True)
            return
        sys.exit(watch_jobs(queue, [job.id for job in watched], as_json=as_json))


def watch_jobs(queue: Queue, ids: Sequence[str], *, as_json: bool = False) -> int:
    """Show jobs on standard output until they have ended or are at rest, and give the exit code; Ctrl-C gives 130."""
    try:
        snapshot = _shown(_until_over(queue, ids), as_json=as_json)
    except KeyboardInterrupt:
        going = "The jobs go on" if queue.worker() else "The jobs are kept, but no worker runs"
        pause = f"gleanery pause {shlex.join(ids)}"
        click.echo(f"\nStopped watching. {going}; to halt them: {pause}", err=True)
        return 130
    for id in ids:
        if id not in {job.id for job in snapshot.jobs}:
            click.echo(f"{id} was deleted.", err=True)
    if not as_json:
        for job in snapshot.jobs:
            click.echo(next_step(job, snapshot), err=True)
    return exit_code(ids, snapshot)


def exit_code(ids: Sequence[str], snapshot: Snapshot) -> int:
    """What became of the jobs: the worst of it."""
    states = {job.state for job in snapshot.jobs}
    if "failed" in states:
        return 3
    if len(snapshot.jobs) < len(ids) or states - {"done"}:
        return 1
    return 4 if any(job.counts.failed for job in snapshot.jobs) else 0


def next_step(job: Job, snapshot: Snapshot) -> str:
    """What became of a job, and what may be done next."""
    said = f"{job.id} is {job.state}"
    if job.state == "done":
        done = f"{said}: {counted(job.counts)}."
        retry = f", or try again: gleanery retry {job.id}" if job.counts.failed else ""
        return f"{done} Next: gleanery export {job.id} -o FILE{retry}"
    why = reason_of(job).rstrip(".")
    go_on = f"{f' ({why})' if why else ''}, with {job.counts.todo:,} still to do."
    if job.id in snapshot.stuck:
        return f"{said}{go_on} What it waits for will not be done by itself: gleanery resume {job.id}"
    how = f" To go on: gleanery resume {job.id}"
    return f"{said}{go_on}" if "gleanery resume" in why else f"{said}{go_on}{how}"


def _until_over(queue: Queue, ids: Sequence[str]) -> Iterator[Snapshot]:
    from gleanery.watching import watch as watching

    for snapshot in watching(queue, ids):
        yield snapshot
        if snapshot.over:
            return


class _View(Protocol):
    """What shows snapshots."""

    def show(self, snapshot: Snapshot) -> None:
        """Show one."""


def _shown(snapshots: Iterator[Snapshot], *, as_json: bool) -> Snapshot:
    """Show the snapshots one after another; the last of them."""
    if sys.stdout.isatty() and not as_json:
        from gleanery.cli.watch_bars import shown_as_bars

        return shown_as_bars(snapshots, _NO_WORKER)
    view: _View = _JsonLines() if as_json else _Lines()
    for snapshot in snapshots:
        view.show(snapshot)
    return snapshot


class _JsonLines:
    """Every change as a JSON object a line: `type` is "job", "event" or "worker"."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._worker: int | None = -1

    def show(self, snapshot: Snapshot) -> None:
        """Print what has changed since the last one."""
        pid = snapshot.worker.pid if snapshot.worker else None
        if pid != self._worker:
            self._worker = pid
            _print({"type": "worker", "pid": pid})
        for event in snapshot.events:
            _print({"type": "event", **event_json(event)})
        for job in snapshot.jobs:
            if self._jobs.get(job.id) != job:
                self._jobs[job.id] = job
                _print({"type": "job", **job_json(job, snapshot.at)})


class _Lines:
    """A line for every change of a job's state at once, and every few seconds one for how far it is."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[str, int, float]] = {}
        self._alone = False

    def show(self, snapshot: Snapshot) -> None:
        """Print what is worth a line."""
        if snapshot.worker is None and not self._alone and not snapshot.over:
            click.echo(_NO_WORKER, err=True)
        self._alone = snapshot.worker is None
        now = time.monotonic()
        for job in snapshot.jobs:
            state, done, at = self._said.get(job.id, ("", -1, 0.0))
            if state_of(job) != state or (job.counts.done != done and now - at > _EVERY):
                self._said[job.id] = (state_of(job), job.counts.done, now)
                click.echo(
                    f"{time.strftime('%H:%M:%S', time.localtime(snapshot.at))} {progress_line(job, snapshot.at)}"
                )
                sys.stdout.flush()


def progress_line(job: Job, now: float) -> str:
    """How far a job is, in a line."""
    from gleanery.watching import rate_of, seconds_left

    counts = job.counts
    parts = [f"{job.id} {state_of(job)} {counts.done:,}/{counts.total:,}"]
    parts += [f"{count:,} {name}" for name, count in (("review", counts.review), ("failed", counts.failed)) if count]
    parts += filter(None, (rate(rate_of(job, now)), latencies(job)))
    left = seconds_left(job, now)
    parts += [f"{duration(left)} left"] if left is not None and job.state == "running" else []
    why = reason_of(job)
    return ", ".join(parts) + (f": {why}" if why else "")


def _print(value: object) -> None:
    from gleanery.tasks.exports.jsonl import json_bytes

    click.echo(json_bytes(value))
    sys.stdout.flush()
