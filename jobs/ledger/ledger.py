"""The ledger: one SQLite file in which jobs, their records and results stand. This is what every door may do with it.

Reading is in short transactions, by key (`after`), so that the write-ahead log never has to grow for a reader. What
only the worker may do is in `writer.py`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Mapping, Sequence
from heapq import merge
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from gleanery.errors import LedgerError, UsageError
from gleanery.jobs.job import Command, Event, Job, State, Verb
from gleanery.jobs.ledger.database import Database, make_file
from gleanery.jobs.ledger.filesystem import refuse_network
from gleanery.jobs.ledger.ids import as_prefix
from gleanery.jobs.ledger.kept import Kept
from gleanery.jobs.ledger.loading import finish_loading, load, submit
from gleanery.jobs.ledger.reasons import grouped
from gleanery.jobs.ledger.rows import (
    COMMAND,
    EVENT,
    JOB,
    KEPT,
    RECORD,
    command_of,
    event_of,
    files_of,
    job_of,
    kept_of,
    record_of,
)
from gleanery.jobs.manifest import Manifest
from gleanery.jobs.outcome import Outcome
from gleanery.tasks.records import Record, Status

__all__ = ["FILE", "PAGE", "Kept", "Ledger"]

FILE = "ledger.db"
PAGE = 1000
"""Rows that are read in one transaction."""
_WINDOW = 10_000
"""Records that are looked through for such without a result, in one transaction."""
_LOOKUP = 500
"""Contents that are looked up at once."""

# CROSS: results first, each with its record, and never the other way round.
_KEPT = f"SELECT {KEPT} FROM results AS x CROSS JOIN records AS r ON r.job = x.job AND r.position = x.position"


class Ledger:
    """The ledger in the folder `home`. Used by one thread at a time; open one each for several.

    with Ledger.open(home) as ledger:
        for job in ledger.jobs(): ...
    """

    def __init__(self, home: Path, database: Database) -> None:
        self.home = home
        self.database = database
        self._manifests: dict[int, Manifest] = {}  # they never change, and jobs are asked for all the time

    @classmethod
    def open(cls, home: Path, *, create: bool = True) -> Ledger:
        """Open it; the folder (0700) and the file are made where they are not there, unless `create` is False.

        An older ledger is brought to this version. LedgerError where it is of a newer version, on a network file
        system, damaged, not a ledger, or cannot be read or written.
        """
        path = home / FILE
        refuse_network(home)
        if create:
            make_file(path)
        elif not os.path.isfile(path):  # noqa: PTH113 - no error where the folder may not be looked into
            raise LedgerError(f"There is no ledger at {path}. `gleanery submit` makes one, or set GLEANERY_HOME.")
        return cls(home, Database.open(path))

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    # Reading

    def changed(self) -> int:
        """A number that is another one whenever somebody else has written since: cheap enough to ask all the time."""
        return int(self.database.value("PRAGMA data_version"))

    def jobs(self, states: Collection[State] | None = None) -> list[Job]:
        """The jobs in those states (all), in the order in which they run: by priority, then place."""
        if states is None:
            return self._jobs("")
        marks = ",".join("?" * len(states))
        return self._jobs(f"WHERE state IN ({marks})", tuple(states))

    def job(self, id: str) -> Job:
        """The job of that id, or the only one whose id begins so (with or without `j-`). UsageError where there is
        none, or several."""
        name = as_prefix(id)
        found = self._jobs("WHERE id >= ? AND id < ?", (name, f"{name}\x7f"))
        exact = [job for job in found if job.id == name]
        if len(exact or found) == 1:
            return (exact or found)[0]
        if not found or name == "j-":
            raise UsageError(f"There is no job `{id}`. `gleanery jobs` lists them.")
        names = ", ".join(job.id for job in found[:5]) + (" ..." if len(found) > 5 else "")
        raise UsageError(f"`{id}` may be several jobs: {names}. Add a character or two.")

    def bundle(self, digest: str) -> dict[str, bytes]:
        """The files of a task's folder."""
        value = self.database.value("SELECT files FROM bundles WHERE digest = ?", (digest,))
        if value is None:
            raise LedgerError(
                f"{self.database.path} holds no task files of the digest {digest[:12]}. Its job was deleted, or the "
                "ledger is damaged: see `gleanery ledger check`."
            )
        return files_of(value)

    def record(self, job: int, id: str) -> Record | None:
        """The record of that id."""
        # Nearly all are named after their position; others are looked for.
        number = id.removeprefix("r-")
        if number.isdecimal() and len(number) < 16:
            query = f"SELECT {RECORD} FROM records AS r WHERE r.job = ? AND r.position = ? AND r.id = ?"
            if row := self.database.row(query, (job, int(number), id)):
                return record_of(row)
        query = f"SELECT {RECORD} FROM records AS r WHERE r.job = ? AND r.id = ? ORDER BY r.position LIMIT 1"
        row = self.database.row(query, (job, id))
        return record_of(row) if row else None

    def records(self, job: int, *, after: int = 0, limit: int = PAGE) -> list[Record]:
        """The records of a job, in order, from behind the position `after`."""
        query = f"SELECT {RECORD} FROM records AS r WHERE r.job = ? AND r.position > ? ORDER BY r.position LIMIT ?"
        return [record_of(row) for row in self.database.rows(query, (job, after, limit))]

    def todo(self, job: int, *, after: int = 0, limit: int = PAGE) -> list[Record]:
        """Records that have no Result, in order, from behind the position `after`."""
        query = (
            f"SELECT {RECORD} FROM records AS r WHERE r.job = ? AND r.position > ? AND r.position <= ? AND NOT EXISTS "
            "(SELECT 1 FROM results AS x WHERE x.job = r.job AND x.position = r.position) ORDER BY r.position LIMIT ?"
        )
        found: list[Record] = []
        if not self.database.value("SELECT todo FROM jobs WHERE number = ?", (job,)):
            return found
        last = self.database.value("SELECT max(position) FROM records WHERE job = ?", (job,)) or 0
        # By windows: a job that is nearly done is looked through from its beginning, once.
        while len(found) < limit and after < last:
            rows = self.database.rows(query, (job, after, after + _WINDOW, limit - len(found)))
            found += map(record_of, rows)
            after += _WINDOW
        return found

    def kept(
        self, job: int, *, after: int = 0, limit: int = PAGE, statuses: Collection[Status] | None = None
    ) -> list[Kept]:
        """Records that have a Result (of those statuses), in the order of the records, from behind `after`."""
        query = f"{_KEPT} WHERE x.job = ? AND x.position > ?{{0}} ORDER BY x.position LIMIT ?"
        if statuses is None:
            return [kept_of(row) for row in self.database.rows(query.format(""), (job, after, limit))]
        with self.database.reading():
            # Each status by itself, in the order of an index where it is a rare one, and then in one line.
            pages = [
                map(kept_of, self.database.rows(query.format(_of_status(status)), (job, after, status, limit)))
                for status in set(statuses)
            ]
        return list(islice(merge(*pages, key=lambda kept: kept.record.position), limit))

    def latest(self, job: int | None = None, *, after: int = 0, limit: int = 20) -> list[Kept]:
        """The last results (of a job), the newest first; only those numbered above `after`."""
        of_job, values = ("x.job = ? AND ", (job,)) if job is not None else ("", ())
        query = f"{_KEPT} WHERE {of_job}x.number > ? ORDER BY x.number DESC LIMIT ?"
        return [kept_of(row) for row in self.database.rows(query, (*values, after, limit))]

    def superseded(self, job: int, position: int) -> list[Kept]:
        """The results that a record had before it was retried, the newest first."""
        query = _KEPT.replace("FROM results", "FROM superseded")
        query += " WHERE x.job = ? AND x.position = ? ORDER BY x.number DESC"
        return [kept_of(row) for row in self.database.rows(query, (job, position))]

    def reasons(self, job: int, *, limit: int = 10_000) -> list[tuple[str, int]]:
        """Why records failed, the most frequent reason first, and how often, over the first `limit` failed ones.
        What differs only in numbers and quoted text is one reason."""
        query = f"SELECT position, body FROM results AS x WHERE job = ? AND position > ?{_of_status('failed')} "
        query += "ORDER BY position LIMIT ?"
        sentences: list[str] = []
        after = 0
        while len(sentences) < limit:
            rows = self.database.rows(query, (job, after, "failed", min(PAGE, limit - len(sentences))))
            if not rows:
                break
            after = rows[-1][0]
            sentences += (orjson.loads(body).get("error") or "No reason was given." for _, body in rows)
        return grouped(sentences)

    def reusable(self, contents: Sequence[bytes]) -> dict[bytes, Outcome]:
        """Kept Results of that content, not failed, by content; their `position` and `exchanges` say nothing."""
        found: dict[bytes, Outcome] = {}
        for begin in range(0, len(contents), _LOOKUP):
            some = contents[begin : begin + _LOOKUP]
            query = (
                f"SELECT content, status, body, about FROM results WHERE content IN ({','.join('?' * len(some))}) "
                "AND content IS NOT NULL AND status <> 'failed' ORDER BY number"
            )
            for content, status, body, about in self.database.rows(query, some):
                found[content] = Outcome(0, status, body, about)
        return found

    def pending(self) -> list[Command]:
        """The commands that are not answered, in order."""
        query = f"SELECT {COMMAND} FROM commands WHERE answered IS NULL ORDER BY number"
        return [command_of(row) for row in self.database.rows(query)]

    def command(self, number: int) -> Command:
        """A command, with its answer."""
        row = self.database.row(f"SELECT {COMMAND} FROM commands WHERE number = ?", (number,))
        if row is None:
            raise UsageError(f"There is no command {number}: only the last ones are kept.")
        return command_of(row)

    def events(self, job: str | None = None, *, after: int = 0, limit: int = PAGE) -> list[Event]:
        """What happened (to a job) since the event numbered `after`, in order."""
        of_job, values = ("job = ? AND ", (job,)) if job is not None else ("", ())
        query = f"SELECT {EVENT} FROM events WHERE {of_job}number > ? ORDER BY number LIMIT ?"
        return [event_of(row) for row in self.database.rows(query, (*values, after, limit))]

    # What doors write

    def submit(
        self,
        manifest: Manifest,
        bundle: Mapping[str, bytes],
        *,
        state: State = "loading",
        priority: int = 0,
        after: Sequence[str] = (),
        id: str | None = None,
    ) -> Job:
        """Make a job without records. With `state` "queued" it may run while its records are still being stored.

        UsageError where a job of `after` is not there.
        """
        ids = tuple(dict.fromkeys(self.job(other).id for other in after))
        return self.job(submit(self.database, manifest, bundle, state, priority, ids, id))

    def load(self, job: int, records: Sequence[Record], read_from: str) -> None:
        """Store the next records of a job in one transaction; `read_from` is the digest of all records so far.

        UsageError where somebody cancelled or deleted the job meanwhile, or another process stores its records.
        """
        load(self.database, job, records, read_from)

    def finish_loading(self, job: int) -> None:
        """All records are stored: a job in state `loading` becomes `queued`, or `waiting` where it has to."""
        finish_loading(self.database, job)

    def ask(self, job: str, verb: Verb, arguments: Mapping[str, Any] | None = None) -> int:
        """Ask the worker for something: the number of the command."""
        values = (time.time(), self.job(job).id, verb, orjson.dumps(dict(arguments or {})))
        with self.database.writing():
            return self.database.insert("INSERT INTO commands (at, job, verb, arguments) VALUES (?, ?, ?, ?)", values)

    # How it is done

    def _jobs(self, where: str, values: Sequence[Any] = ()) -> list[Job]:
        with self.database.reading():
            rows = self.database.rows(f"SELECT {JOB} FROM jobs {where} ORDER BY priority DESC, place", values)
            after = self.database.rows("SELECT job, after FROM dependencies ORDER BY job, after") if rows else []
            pending = self.database.rows("SELECT job, verb FROM commands WHERE answered IS NULL ORDER BY number")
            unread = [row[0] for row in rows if row[0] not in self._manifests]
            for number in unread:
                value = self.database.value("SELECT manifest FROM jobs WHERE number = ?", (number,))
                self._manifests[number] = Manifest.from_json(orjson.loads(value))
        waits: dict[int, list[str]] = {}
        asked: dict[str, list[Verb]] = {}
        for number, other in after:
            waits.setdefault(number, []).append(other)
        for id, verb in pending:
            asked.setdefault(id, []).append(verb)
        return [
            job_of(row, self._manifests[row[0]], tuple(waits.get(row[0], ())), tuple(asked.get(row[1], ())))
            for row in rows
        ]


def _of_status(status: Status) -> str:
    """A condition; a status that is a rare one has an index, which SQLite takes if it is told that it may."""
    return " AND x.status = ?" if status == "ok" else " AND x.status = ? AND x.status <> 'ok'"
