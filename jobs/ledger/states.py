"""The states of a job, changed in its row."""

from __future__ import annotations

import time

from gleanery.jobs.job import ENDED, State
from gleanery.jobs.ledger.database import Database
from gleanery.jobs.ledger.events import add_event


def change_state(database: Database, job: int, state: State, reason: str | None = None) -> None:
    """Bring a job into a state, within a transaction, with an event of that kind; no job, no change."""
    id = database.value("SELECT id FROM jobs WHERE number = ?", (job,))
    if id is None:
        return
    now = time.time()
    database.change(
        "UPDATE jobs SET state = ?1, reason = ?2, ended = ?3, "
        "started = CASE WHEN ?1 = 'running' THEN coalesce(started, ?4) ELSE started END WHERE number = ?5",
        (state, reason, now if state in ENDED else None, now, job),
    )
    add_event(database, state, f"{id} is {state}{f': {reason}' if reason else '.'}", id)


def enqueue(database: Database, job: int) -> State:
    """Bring a job in line, within a transaction: `loading` where records are missing, `waiting` where a job that it is
    after is not done, else `queued`."""
    loaded = database.value("SELECT loaded FROM jobs WHERE number = ?", (job,))
    unmet = unmet_of(database, job)
    if not loaded:
        change_state(database, job, "loading")
        return "loading"
    if unmet:
        change_state(database, job, "waiting", f"Waits for {', '.join(unmet)}.")
        return "waiting"
    change_state(database, job, "queued")
    return "queued"


def unmet_of(database: Database, job: int) -> list[str]:
    """The jobs that a job is after and that are not done."""
    rows = database.rows(
        "SELECT after FROM dependencies AS d WHERE job = ? AND NOT EXISTS "
        "(SELECT 1 FROM jobs WHERE id = d.after AND state = 'done') ORDER BY after",
        (job,),
    )
    return [row[0] for row in rows]
