"""A job's place in the queue: by priority, then in line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gleanery.errors import UsageError
from gleanery.jobs.job import ENDED
from gleanery.jobs.ledger.database import Database
from gleanery.jobs.ledger.ids import as_prefix

_LEAST, _MOST = -1000, 1000
_Line = list[tuple[int, str, int, str]]
"""Jobs in the order in which they run: number, id, priority, state."""


def move(database: Database, job: int, id: str, arguments: Mapping[str, Any]) -> str:
    """Move a job, within a transaction: the answer. `to` is "first" or "last", `before` and `after` name a job, with
    whose priority it goes on then; `priority` is a whole number. UsageError where that is nowhere."""
    line: _Line = database.rows("SELECT number, id, priority, state FROM jobs ORDER BY priority DESC, place")
    line = [entry for entry in line if entry[0] != job]
    chosen = [key for key in ("to", "before", "after") if arguments.get(key) is not None]
    priority = arguments.get("priority")
    if len(chosen) > 1 or (not chosen and priority is None):
        raise UsageError("A job is moved to one place: first, last, before or after another job; or given a priority.")
    if priority is not None and not (isinstance(priority, int) and _LEAST <= priority <= _MOST):
        raise UsageError(f"A priority is a whole number from {_LEAST} to {_MOST}, not {priority!r}.")
    if not chosen:
        database.change("UPDATE jobs SET priority = ? WHERE number = ?", (priority, job))
        return f"{id} has priority {priority}."
    key, value = chosen[0], str(arguments[chosen[0]])
    if key == "to":
        words, index, priority = _end(line, value, priority)
    else:
        words, index, priority = _beside(line, key, value, id, priority)
    _put(database, line, index, job, priority)
    return f"Moved {id} {words}; its priority is {priority}."


def _end(line: _Line, end: str, priority: int | None) -> tuple[str, int, int]:
    """In words, as a place in the line, and with what priority: before or behind all that may still run, or all of a
    priority."""
    if end not in ("first", "last"):
        raise UsageError(f"A job is moved to `first` or `last`, not to `{end}`.")
    others = [(at, entry[2]) for at, entry in enumerate(line) if entry[3] not in ENDED]
    if priority is None:
        priority = (max if end == "first" else min)([other for _, other in others], default=0)
    if end == "first":
        return "to the front", next((at for at, entry in enumerate(line) if entry[2] <= priority), len(line)), priority
    return "to the end", next((at for at, entry in enumerate(line) if entry[2] < priority), len(line)), priority


def _beside(line: _Line, side: str, other: str, id: str, priority: int | None) -> tuple[str, int, int]:
    name = as_prefix(other)
    if name == id:
        raise UsageError(f"{id} cannot be moved {side} itself.")
    found = [(at, entry) for at, entry in enumerate(line) if entry[1] == name]
    if not found:
        raise UsageError(f"There is no job `{other}`. `gleanery jobs` lists them.")
    at, entry = found[0]
    if priority not in (None, entry[2]):
        raise UsageError(f"{name} has priority {entry[2]}, and a job beside it has the same. Leave the priority out.")
    return f"{side} {name}", at + (side == "after"), entry[2]


def _put(database: Database, line: _Line, index: int, job: int, priority: int) -> None:
    """Put a job at an index of the line, and number the line anew."""
    numbers = [entry[0] for entry in line]
    numbers.insert(index, job)
    database.change("UPDATE jobs SET priority = ? WHERE number = ?", (priority, job))
    database.change_all(
        "UPDATE jobs SET place = ?1 WHERE number = ?2 AND place <> ?1",
        [(float(place), number) for place, number in enumerate(numbers, 1)],
    )
