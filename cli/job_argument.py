"""Job ids on the command line: completed with Tab, and looked up by a beginning that only one has."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from gleanery.jobs.job import Job, State
    from gleanery.queue import Queue

Completer = Callable[[click.Context, click.Parameter, str], "list[CompletionItem]"]


def completing(states: Collection[State] | None = None) -> Completer:
    """Completes the ids of jobs in those states (all), with what they are beside them."""

    def complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        given = context.params.get(parameter.name or "") or ()
        return [
            CompletionItem(job.id, help=f"{job.state}: {job.manifest.task} {job.manifest.origin.name}")
            for job in _jobs(states)
            if job.id.startswith(incomplete) and job.id not in given
        ]

    return complete


def jobs_argument(states: Collection[State] | None = None) -> Callable[[Any], Any]:
    """The argument JOB..., which may be left out; ids of jobs in those states are completed."""
    return click.argument("jobs", nargs=-1, metavar="[JOB]...", shell_complete=completing(states))


def job_argument(states: Collection[State] | None = None) -> Callable[[Any], Any]:
    """The argument JOB."""
    return click.argument("job", metavar="JOB", shell_complete=completing(states))


def named_jobs(queue: Queue, ids: Collection[str]) -> list[Job]:
    """The jobs of those ids or beginnings of ids, each once; UsageError where there is none, or several."""
    found = {job.id: job for job in map(queue.job, ids)}
    return list(found.values())


def _jobs(states: Collection[State] | None) -> list[Job]:
    """The jobs; none where the ledger is not there, or says anything else: nobody reads an error while completing."""
    from gleanery.errors import GleaneryError
    from gleanery.jobs.ledger.ledger import Ledger
    from gleanery.settings import load_settings

    try:
        with Ledger.open(load_settings().home, create=False) as ledger:
            return ledger.jobs(states)
    except GleaneryError:
        return []
