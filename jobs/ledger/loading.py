"""How a job comes into the ledger: the job itself first, then its records, chunk by chunk."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from gleanery.errors import LedgerError, UsageError
from gleanery.jobs.job import State
from gleanery.jobs.ledger.database import Database
from gleanery.jobs.ledger.events import add_event
from gleanery.jobs.ledger.ids import new_id
from gleanery.jobs.ledger.rows import bytes_of_files, row_of_record
from gleanery.jobs.ledger.states import change_state, enqueue, unmet_of
from gleanery.jobs.manifest import Manifest
from gleanery.tasks.exports.jsonl import json_bytes
from gleanery.tasks.records import Record

_BREATH = 0.003
"""Seconds between chunks in which others, the worker above all, get at the write lock."""


def submit(
    database: Database,
    manifest: Manifest,
    bundle: Mapping[str, bytes],
    state: State,
    priority: int,
    after: Sequence[str],
    id: str | None,
) -> str:
    """Make a job without records: its id. `after` are ids of jobs that are there."""
    from gleanery.jobs.bundle import digest_of

    digest = digest_of(bundle)
    with database.writing():
        name = id or _free_id(database)
        database.change("INSERT OR IGNORE INTO bundles VALUES (?, ?)", (digest, bytes_of_files(bundle)))
        place = database.value("SELECT coalesce(max(place), 0) + 1 FROM jobs")
        number = database.insert(
            "INSERT INTO jobs (id, state, task, manifest, bundle, priority, place, submitted) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (name, state, manifest.task, json_bytes(manifest.as_json()), digest, priority, place, time.time()),
        )
        database.change_all("INSERT INTO dependencies VALUES (?, ?)", [(number, other) for other in after])
        add_event(database, "submitted", f"Submitted {name}: task {manifest.task}.", name)
        if state == "queued" and (unmet := unmet_of(database, number)):
            change_state(database, number, "waiting", f"Waits for {', '.join(unmet)}.")
    return name


def load(database: Database, job: int, records: Sequence[Record], read_from: str) -> None:
    """Store the next records of a job in one transaction."""
    rows = [row_of_record(job, record) for record in records]
    with database.writing():
        found = database.row("SELECT id, state, loaded FROM jobs WHERE number = ?", (job,))
        if found is None:
            raise UsageError("The job was deleted while its records were being stored. Submit it again.")
        id, state, loaded = found
        if state == "cancelled":
            raise UsageError(f"{id} was cancelled while its records were being stored. `gleanery resume {id}` goes on.")
        if loaded:
            raise UsageError(f"{id} has all its records already: another process stored them.")
        last = database.value("SELECT max(position) FROM records WHERE job = ?", (job,))
        if rows and last is not None and rows[0][1] <= last:
            raise UsageError(f"{id} has record {rows[0][1]} already: another process is storing its records.")
        database.change_all("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)", rows)
        database.change(
            "UPDATE jobs SET total = total + ?, todo = todo + ?, read_from = ? WHERE number = ?",
            (len(rows), len(rows), read_from, job),
        )
    time.sleep(_BREATH)


def finish_loading(database: Database, job: int) -> None:
    """All records are stored."""
    with database.writing():
        found = database.row("SELECT id, state, total FROM jobs WHERE number = ?", (job,))
        if found is None:
            raise UsageError("The job was deleted while its records were being stored. Submit it again.")
        id, state, total = found
        database.change("UPDATE jobs SET loaded = 1 WHERE number = ?", (job,))
        add_event(database, "loaded", f"Stored the records of {id}: {total}.", id)
        if state == "loading":
            enqueue(database, job)


def _free_id(database: Database) -> str:
    for _ in range(100):
        id = new_id()
        if database.value("SELECT 1 FROM jobs WHERE id = ?", (id,)) is None:
            return id
    raise LedgerError(f"{database.path} has no free name for a job. Delete old ones with `gleanery ledger prune`.")
