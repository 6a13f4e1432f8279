"""Whether all that belongs to a ledger is there and agrees, and the counters put right where they do not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gleanery.errors import LedgerError
from gleanery.jobs.job import Counts, Job
from gleanery.jobs.ledger.blocks import BlockReader
from gleanery.jobs.ledger.database import Database
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.ledger.wire import block_of, wire_file
from gleanery.jobs.ledger.writer import LedgerWriter

Kind = Literal["damage", "counters", "orphan", "torn"]
"""`damage`: something cannot be read, or is missing. `counters`: they do not agree with the rows, which are right.
`orphan`: it belongs to no job. `torn`: the end of a wire file, which is being written, or was when its writer died."""

_MOST = 20
_COUNTED = ("total", "todo", "ok", "review", "failed", "cached")
_WITH_JOB = ("records", "results", "superseded")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be: with which job or file, and what."""

    kind: Kind
    where: str
    text: str

    @property
    def is_fault(self) -> bool:
        """Whether anything has to be done about it."""
        return self.kind != "torn"


def check(ledger: Ledger, *, quick: bool = False) -> Iterator[Finding]:
    """Look at everything: the file's own structure (`quick`: not at its indexes), what belongs to what, counters, and
    the checksums of the wire files. The worker may go on meanwhile."""
    damage = list(_structure(ledger.database, quick=quick))
    yield from damage
    if damage:  # what the rows say cannot be relied on
        return
    yield from _belonging(ledger.database)
    for job in ledger.jobs():
        yield from _job(ledger, job)
    yield from _strangers(ledger)


def recount(ledger: Ledger) -> list[str]:
    """Put right the counters of all jobs by their rows: a sentence each. Whoever calls this holds the worker's lock.

    A job that was taken for done, and has records without a result, is queued again.
    """
    writer = LedgerWriter(ledger)
    done: list[str] = []
    for job in ledger.jobs():
        with ledger.database.writing():
            said, counted, _ = _counts(ledger.database, job.number)
            if said == counted:
                continue
            marks = ", ".join(f"{name} = ?" for name in _COUNTED)
            values = (*(getattr(counted, name) for name in _COUNTED), job.number)
            ledger.database.change(f"UPDATE jobs SET {marks} WHERE number = ?", values)
            if job.state == "done" and counted.todo:
                writer.set_state(job.number, "queued", "It was taken for done, and records were missing.")
            done.append(f"{job.id}: {_difference(said, counted)} Put right.")
            writer.note("recounted", done[-1], job.id)
    return done


def _structure(database: Database, *, quick: bool) -> Iterator[Finding]:
    try:
        for (line,) in database.rows(f"PRAGMA {'quick_check' if quick else 'integrity_check'}({_MOST})"):
            if line != "ok":
                yield Finding("damage", str(database.path), f"{line}.")
    except LedgerError as error:
        yield Finding("damage", str(database.path), str(error))


def _belonging(database: Database) -> Iterator[Finding]:
    """What has to do with a row that is not there."""
    for table, row, other, _ in database.rows("PRAGMA foreign_key_check")[:_MOST]:
        yield Finding(
            "orphan", str(database.path), f"Row {row} of `{table}` names a row of `{other}` that is not there."
        )
    for table in _WITH_JOB:
        for job in _jobs_in(database, table):
            known = "SELECT 1 FROM jobs WHERE number = ?1 UNION ALL SELECT 1 FROM deletions WHERE job = ?1"
            if database.row(known, (job,)) is None:
                text = f"`{table}` has rows of a job {job} that is not there. No command shows them."
                yield Finding("orphan", str(database.path), text)


def _jobs_in(database: Database, table: str) -> Iterator[int]:
    """The numbers of the jobs that have rows in a table, each by a step in its index."""
    job = database.value(f"SELECT min(job) FROM {table}")
    while job is not None:
        yield job
        job = database.value(f"SELECT min(job) FROM {table} WHERE job > ?", (job,))


def _job(ledger: Ledger, job: Job) -> Iterator[Finding]:
    with ledger.database.reading():
        if ledger.database.row("SELECT 1 FROM jobs WHERE number = ?", (job.number,)) is None:
            return  # deleted since
        said, counted, last = _counts(ledger.database, job.number)
        lost = ledger.database.value(
            "SELECT count(*) FROM results AS x WHERE job = ? AND NOT EXISTS "
            "(SELECT 1 FROM records AS r WHERE r.job = x.job AND r.position = x.position)",
            (job.number,),
        )
    if said != counted:
        yield Finding("counters", job.id, _difference(said, counted))
    if lost:
        yield Finding("damage", job.id, f"Of {_many(lost, 'result')} the record is not there.")
    yield from _wire(wire_file(ledger.home, job.id), job, last)


def _counts(database: Database, job: int) -> tuple[Counts, Counts, int | None]:
    """What the counters of a job say, what its rows say, and the last place in its wire file that they name."""
    said = Counts(*(database.row(f"SELECT {', '.join(_COUNTED)} FROM jobs WHERE number = ?", (job,)) or ()))
    total = database.value("SELECT count(*) FROM records WHERE job = ?", (job,))
    query = "SELECT status, count(*), sum(cached), max(exchanges) FROM results WHERE job = ? GROUP BY status"
    rows = database.rows(query, (job,))
    of = {status: count for status, count, _, _ in rows}
    counted = Counts(
        total=total,
        todo=total - sum(of.values()),
        ok=of.get("ok", 0),
        review=of.get("review", 0),
        failed=of.get("failed", 0),
        cached=sum(cached for _, _, cached, _ in rows),
    )
    return said, counted, max((last for *_, last in rows if last is not None), default=None)


def _difference(said: Counts, counted: Counts) -> str:
    parts = [
        f"{name} is {getattr(said, name)}, and there are {getattr(counted, name)}"
        for name in _COUNTED
        if getattr(said, name) != getattr(counted, name)
    ]
    return "; ".join(parts) + "."


def _wire(path: Path, job: Job, last: int | None) -> Iterator[Finding]:
    """What is wrong with the wire file of a job, whose rows name a last place in it."""
    if not path.exists():
        if last is not None:
            yield Finding("damage", job.id, f"{path}, with its exchanges, is not there. Its results are not affected.")
        return
    end = 0
    try:
        with BlockReader(path) as reader:
            for found in reader.scan():
                if isinstance(found, int):
                    end = found
                elif found.torn:
                    yield Finding("torn", job.id, f"{path} ends with {found.end - found.start} bytes of half a block.")
                else:
                    yield Finding("damage", job.id, f"{path} is damaged from byte {found.start} to {found.end}.")
    except LedgerError as error:
        yield Finding("damage", job.id, str(error))
        return
    if last is not None and block_of(last) > end:
        text = f"{path} ends before the last exchanges: the machine went down before they were on disk."
        yield Finding("damage", job.id, f"{text} Its results are not affected.")


def _strangers(ledger: Ledger) -> Iterator[Finding]:
    """Wire files of jobs that are not there."""
    known = {wire_file(ledger.home, job.id) for job in ledger.jobs()}
    known |= {wire_file(ledger.home, row[0]) for row in ledger.database.rows("SELECT id FROM deletions")}
    folder = ledger.home / "wire"
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path not in known:
            yield Finding("orphan", str(path), "It belongs to no job. If you do not know what it is, delete it.")


def _many(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")
