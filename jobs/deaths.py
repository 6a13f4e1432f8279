"""Jobs that kill their worker: after some deaths without a further result one is given up, so that others get a turn.

A chat task's own Python (its schema, its checks) runs in the worker, and so can end it.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile

from gleanery.jobs.job import Event, Job, State
from gleanery.jobs.ledger.writer import LedgerWriter

MOST = 6
"""Deaths without a result between them after which a job is given up: few would be somebody who tests with kill -9."""

KIND = "died"
_OF_A_DEATH = frozenset({KIND, "queued", "running"})


def put_back(writer: LedgerWriter) -> list[tuple[str, State, str]]:
    """Put jobs back into the queue that a dead worker left running, but for those that kill: what became of each."""
    told: list[tuple[str, State, str]] = []
    for job in writer.ledger.jobs({"running"}):
        writer.note(KIND, death_of(job), job.id)
        times = deaths(job, reversed(writer.ledger.events(job.id)))
        state: State = "queued" if times < MOST else "failed"
        reason = death_of(job) if times < MOST else why_given_up(job, times)
        writer.set_state(job.number, state, reason)
        told.append((job.id, state, reason))
    return told


def death_of(job: Job) -> str:
    """What is noted when a job is found running and nobody works on it."""
    return f"Its worker died after {job.counts.done:,} results."


def deaths(job: Job, events: Iterable[Event]) -> int:
    """How many workers died over the job since its last result, by its last events, the newest first."""
    said = death_of(job)
    since = takewhile(lambda event: event.kind in _OF_A_DEATH, events)
    return sum(event.text == said for event in takewhile(lambda e: e.kind != KIND or e.text == said, since))


def why_given_up(job: Job, times: int) -> str:
    """Why the job is not tried again by itself."""
    return (
        f"{times} workers died over it without a further result. If a record or the task's own Python is to blame, "
        f"mend the task and submit it anew; else try again: gleanery resume {job.id}"
    )
