"""What doors ask of the worker, done: each in one transaction with its answer."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from gleanery.errors import UsageError
from gleanery.jobs.job import ENDED, Command, State, Verb
from gleanery.jobs.ledger.database import Database
from gleanery.jobs.ledger.deleting import take_out
from gleanery.jobs.ledger.events import KEPT, add_event
from gleanery.jobs.ledger.moving import move
from gleanery.jobs.ledger.retrying import retry
from gleanery.jobs.ledger.states import change_state, enqueue, unmet_of


@dataclass(frozen=True, slots=True)
class Asked:
    """A command, with the job as it stands when it is obeyed."""

    command: Command
    job: int
    id: str
    state: State


def obey(database: Database, command: Command) -> str:
    """Do it: the answer, which is kept with the command; where it is refused, so is that."""
    try:
        if command.verb == "retry":
            return _retry(database, command)
        with database.writing():
            answer = _VERBS[command.verb](database, _asked(database, command))
            _answer(database, command, answer)
            return answer
    except UsageError as error:
        with database.writing():
            _answer(database, command, str(error), ok=False)
        return str(error)


def _asked(database: Database, command: Command) -> Asked:
    row = database.row("SELECT number, state FROM jobs WHERE id = ?", (command.job,))
    if row is None:
        raise UsageError(f"There is no job {command.job} any more.")
    number, state = row
    return Asked(command, number, command.job, state)


def _answer(database: Database, command: Command, answer: str, *, ok: bool = True) -> None:
    database.change(
        "UPDATE commands SET answered = ?, answer = ?, ok = ? WHERE number = ?",
        (time.time(), answer, int(ok), command.number),
    )
    database.change("DELETE FROM commands WHERE number <= ? AND answered IS NOT NULL", (command.number - KEPT,))


def _pause(database: Database, asked: Asked) -> str:
    if asked.state == "paused":
        return f"{asked.id} is paused already."
    if asked.state in ENDED:
        raise UsageError(f"{asked.id} is {_ended(asked.state)}: there is nothing to pause.")
    change_state(database, asked.job, "paused")
    return f"Paused {asked.id}."


def _resume(database: Database, asked: Asked) -> str:
    if asked.state == "done":
        raise UsageError(
            f"{asked.id} is done: there is nothing to resume. `gleanery retry {asked.id}` does failed records again."
        )
    if asked.state == "loading":
        return f"{asked.id} is loading: it is queued when all its records are stored."
    if asked.state in ("queued", "running"):
        return f"{asked.id} is {asked.state} already."
    if asked.state == "waiting":
        database.change("DELETE FROM dependencies WHERE job = ?", (asked.job,))
    state = enqueue(database, asked.job)
    after = {
        "loading": f" Its records are not all stored yet: submit its source again with `gleanery resume {asked.id}`.",
        "waiting": f" It waits for {', '.join(unmet_of(database, asked.job))}; resume it once more to wait no longer.",
    }
    return f"Resumed {asked.id}.{after.get(state, '')}"


def _cancel(database: Database, asked: Asked) -> str:
    if asked.state == "cancelled":
        return f"{asked.id} is cancelled already."
    if asked.state in ENDED:
        raise UsageError(f"{asked.id} is {_ended(asked.state)}: there is nothing to cancel.")
    change_state(database, asked.job, "cancelled")
    return f"Cancelled {asked.id}."


def _retry(database: Database, command: Command) -> str:
    asked = _asked(database, command)
    ids, statuses = command.arguments.get("ids") or (), command.arguments.get("statuses") or ()
    nothing = "none of these records has a result" if ids else f"no record is {' or '.join(statuses or ('failed',))}"
    answers: list[str] = []

    def finish(count: int) -> None:
        if not count:
            raise UsageError(f"{asked.id} has nothing to retry: {nothing}.")
        answers.append(f"{_records(count)} of {asked.id} will be done again.")
        _answer(database, command, answers[0])

    retry(database, asked.job, statuses or (() if ids else ("failed",)), ids, finish)
    return answers[0]


def _move(database: Database, asked: Asked) -> str:
    if asked.state in ENDED:
        raise UsageError(f"{asked.id} is {_ended(asked.state)}: it has no place in the queue.")
    answer = move(database, asked.job, asked.id, asked.command.arguments)
    add_event(database, "moved", answer, asked.id)
    return answer


def _delete(database: Database, asked: Asked) -> str:
    if asked.state == "running":
        raise UsageError(f"{asked.id} is running. Cancel it first: `gleanery cancel {asked.id}`.")
    query = (
        "SELECT j.id FROM dependencies AS d JOIN jobs AS j ON j.number = d.job WHERE d.after = ? AND "
        "j.state NOT IN ('done', 'failed', 'cancelled') ORDER BY j.id"
    )
    waiting = [row[0] for row in database.rows(query, (asked.id,))]
    if waiting and asked.state != "done":
        raise UsageError(
            f"{', '.join(waiting)} waits for {asked.id}. Cancel it first, or let it wait no longer: "
            f"`gleanery resume {waiting[0]}`."
        )
    take_out(database, asked.job, asked.id)
    answer = f"Deleted {asked.id}."
    add_event(database, "deleted", answer)
    return answer


def _ended(state: State) -> str:
    return "failed already" if state == "failed" else state


def _records(count: int) -> str:
    return "1 record" if count == 1 else f"{count} records"


_VERBS: Mapping[Verb, Callable[[Database, Asked], str]] = {
    "pause": _pause,
    "resume": _resume,
    "cancel": _cancel,
    "move": _move,
    "delete": _delete,
}
