"""`gleanery pause | resume | cancel | retry | move | delete`: what may be asked of jobs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import click

from gleanery.cli.asking import Asking
from gleanery.cli.job_argument import job_argument, jobs_argument
from gleanery.cli.job_words import records
from gleanery.errors import UsageError
from gleanery.jobs.job import ENDED, STATES

if TYPE_CHECKING:
    from gleanery.jobs.job import Job, State

_PAUSABLE: frozenset[State] = frozenset({"queued", "waiting", "running"})
_RESUMABLE: frozenset[State] = frozenset({"paused", "waiting", "failed", "cancelled", "loading"})
_STOPPED: frozenset[State] = frozenset({"paused", "failed"})
_GOING = frozenset(STATES) - ENDED
_WITH_RESULTS = frozenset(STATES) - {"loading", "queued"}

_json_option = click.option("--json", "as_json", is_flag=True, help="Print a JSON object a line.")
_no_start_option = click.option("--no-start", is_flag=True, help="Start no worker where none runs.")


def _all_option(which: str) -> Callable[[Any], Any]:
    return click.option("--all", "everything", is_flag=True, help=f"All jobs that {which}.")


@click.command()
@jobs_argument(_PAUSABLE)
@_all_option("are queued, waiting or running")
@_json_option
def pause(jobs: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Pause jobs: nothing new is begun, and what is in flight ends and is kept.

    \b
    gleanery pause j-abc123
    gleanery pause --all
    """
    with Asking(as_json) as asking:
        for job in asking.chosen(jobs, _PAUSABLE if everything else None):
            asking.ask(job, "pause", then=f"To go on: gleanery resume {job.id}")


@click.command()
@jobs_argument(_RESUMABLE)
@_all_option("are paused or failed")
@click.option("--openai-batch", type=click.Path(exists=True, dir_okay=False), metavar="RESULTS",
              help="Take results that were made elsewhere from this file, and ask no model: see `gleanery export "
              "--openai-batch`.")  # fmt: skip
@_no_start_option
@_json_option
def resume(jobs: tuple[str, ...], everything: bool, openai_batch: str | None, no_start: bool, as_json: bool) -> None:
    """Let jobs go on that are paused, failed, cancelled or waiting; what is done is not done again.

    A job whose loading was interrupted reads the rest of its source first.

    \b
    gleanery resume j-abc123
    gleanery resume --all
    gleanery resume j-abc123 --openai-batch results.jsonl
    """
    with Asking(as_json) as asking:
        for job in asking.chosen(jobs, _STOPPED if everything else None):
            if openai_batch:
                asking.take_back(job, openai_batch)
            elif job.state == "loading":
                asking.load(job)
            else:
                asking.ask(job, "resume", then=f"Next: gleanery watch {job.id}")
        if openai_batch is None:
            asking.start_worker(no_start)


@click.command()
@jobs_argument(_GOING)
@_all_option("have not ended")
@_json_option
def cancel(jobs: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """Cancel jobs: requests in flight are aborted, and what is done is kept.

    \b
    gleanery cancel j-abc123
    gleanery cancel --all
    """
    with Asking(as_json) as asking:
        for job in asking.chosen(jobs, _GOING if everything else None):
            kept = f"{records(job.counts.done)} are done: gleanery export {job.id} -o FILE" if job.counts.done else ""
            asking.ask(job, "cancel", then=kept)


@click.command()
@jobs_argument(_WITH_RESULTS)
@click.option("--failed", is_flag=True, help="Records that failed; the default.")
@click.option("--review", is_flag=True, help="Records in review.")
@click.option("--record", "ids", metavar="ID", multiple=True, help="This record; repeatable.")
@click.option("--model", metavar="PROVIDER/NAME", help="All records with this model, as a new job beside the old.")
@_all_option("have failed records")
@_no_start_option
@_json_option
def retry(
    jobs: tuple[str, ...],
    failed: bool,
    review: bool,
    ids: tuple[str, ...],
    model: str | None,
    everything: bool,
    no_start: bool,
    as_json: bool,
) -> None:
    """Do records of jobs again: those that failed, those in review, or chosen ones. Their results until now are kept.

    \b
    gleanery retry j-abc123                          what failed
    gleanery retry j-abc123 --failed --review
    gleanery retry j-abc123 --record r-7 --record r-9
    gleanery retry j-abc123 --model ollama/qwen3:8b  everything, as a new job, to be compared
    """
    if model and (failed or review or ids):
        raise UsageError("--model does all records in a new job: give it without --failed, --review and --record.")
    if ids and len(jobs) != 1:
        raise UsageError("--record names a record of one job: give one JOB.")
    wanted = {"ids": list(ids)} if ids else {"statuses": _statuses(failed, review)}
    with Asking(as_json) as asking:
        chosen = asking.chosen(jobs, _WITH_RESULTS if everything else None)
        for job in chosen:
            if everything and not job.counts.failed:
                continue
            if model:
                asking.again(job, model)
            else:
                asking.ask(job, "retry", then=f"Next: gleanery watch {job.id}", **wanted)
        asking.start_worker(no_start)


def _statuses(failed: bool, review: bool) -> list[str]:
    return [name for name, wanted in (("failed", failed or not review), ("review", review)) if wanted]


@click.command()
@job_argument(_GOING)
@click.option("--first", is_flag=True, help="Before all others of its priority.")
@click.option("--last", is_flag=True, help="Behind all others of its priority.")
@click.option("--before", metavar="JOB", help="Before that job.")
@click.option("--after", metavar="JOB", help="Behind that job.")
@click.option("--priority", type=int, help="Jobs of a higher priority run first; 0 is usual.")
@_json_option
def move(
    job: str, first: bool, last: bool, before: str | None, after: str | None, priority: int | None, as_json: bool
) -> None:
    """Move a job to another place in the queue.

    \b
    gleanery move j-abc123 --first
    gleanery move j-abc123 --before j-xyz789
    gleanery move j-abc123 --priority 5
    """
    places = [*(["first"] if first else []), *(["last"] if last else []), *filter(None, (before, after))]
    if len(places) > 1 or not (places or priority is not None):
        raise UsageError("Say where to: one of --first, --last, --before JOB, --after JOB, or --priority N.")
    with Asking(as_json) as asking:
        where: dict[str, Any] = {"to": places[0]} if first or last else {}
        where |= {name: asking.queue.job(id).id for name, id in (("before", before), ("after", after)) if id}
        where |= {} if priority is None else {"priority": priority}
        asking.ask(asking.queue.job(job), "move", then="The order: gleanery jobs", **where)


@click.command()
@jobs_argument()
@_all_option("have ended")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_json_option
def delete(jobs: tuple[str, ...], everything: bool, yes: bool, as_json: bool) -> None:
    """Delete jobs with their records, results and exchanges. They cannot be brought back.

    \b
    gleanery delete j-abc123
    gleanery delete --all --yes
    """
    with Asking(as_json) as asking:
        chosen = asking.chosen(jobs, ENDED if everything else None)
        if chosen and not yes:
            _ask_before(chosen)
        for job in chosen:
            asking.ask(job, "delete")


def _ask_before(jobs: Collection[Job]) -> None:
    for job in jobs:
        what = f"{job.manifest.task} {job.manifest.origin.name}, {job.state}"
        click.echo(f"{job.id}  {what}: {records(job.counts.total)}, {job.counts.done:,} done", err=True)
    if not sys.stdin.isatty():
        raise UsageError("Deleting asks first, and nobody can answer here. Add --yes, or export what you need before.")
    noun = "this job" if len(jobs) == 1 else f"these {len(jobs)} jobs"
    click.confirm(f"Delete {noun} for good?", abort=True, err=True)
