"""The thread that writes: what has arrived goes to disk together, in order, and it is told."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from scripted_executor import outcome_for, some_records, submit, until

from gleanery.errors import LedgerError, UsageError
from gleanery.jobs.committer import BACKLOG, Committer, Parcel
from gleanery.jobs.job import Job, Pace
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.ledger.writer import LedgerWriter


class Listener:
    """Keeps what a committer tells."""

    def __init__(self) -> None:
        self.committed: list[Sequence[Parcel]] = []
        self.errors: list[BaseException] = []


def begin(home: Path) -> tuple[Committer, Listener]:
    listener = Listener()
    committer = Committer(home, committed=listener.committed.append, failed=listener.errors.append)
    committer.start()
    return committer, listener


def parcel(job: Job, first: int, count: int = 1, pace: Pace | None = None) -> Parcel:
    records = some_records(count, first)
    return Parcel(job, records, [outcome_for(record) for record in records], {}, pace=pace)


def test_what_arrives_during_a_commit_goes_to_disk_together(tmp_path: Path) -> None:
    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 100)
        committer, listener = begin(tmp_path)
        busy = threading.Event()
        committer.post(lambda writer: busy.wait(5))
        for n in range(1, 101):
            committer.deliver(parcel(job, n, pace=Pace(rate=float(n))))
        assert committer.backlog > 0
        busy.set()
        await until(lambda: listener.committed)
        assert [len(parcels) for parcels in listener.committed] == [100]
        assert committer.backlog == 0
        assert ledger.job(job.id).counts.ok == 100  # it is told what is on disk, not before
        assert ledger.job(job.id).pace.rate == 100.0
        committer.close()

    with Ledger.open(tmp_path) as ledger:
        asyncio.run(scenario(ledger))


def test_all_is_written_in_the_order_in_which_it_was_asked(tmp_path: Path) -> None:
    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 3)
        committer, _ = begin(tmp_path)
        seen: list[int] = []

        def look(writer: LedgerWriter) -> None:
            seen.append(writer.ledger.job(job.id).counts.ok)

        for n in (1, 2, 3):
            committer.deliver(parcel(job, n))
            committer.post(look)
        await committer.write(look)
        assert seen == [1, 2, 3, 3]
        committer.close()

    with Ledger.open(tmp_path) as ledger:
        asyncio.run(scenario(ledger))


def test_closing_commits_what_was_delivered(tmp_path: Path) -> None:
    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 50)
        committer, _ = begin(tmp_path)
        committer.deliver(parcel(job, 1, 50))
        committer.close()
        assert ledger.job(job.id).counts.ok == 50

    with Ledger.open(tmp_path) as ledger:
        asyncio.run(scenario(ledger))


def test_a_result_that_is_there_already_stays_and_one_of_a_deleted_job_is_dropped(tmp_path: Path) -> None:
    async def scenario(ledger: Ledger) -> None:
        job, other = submit(ledger, 2), submit(ledger, 2)
        committer, listener = begin(tmp_path)
        for _ in range(2):
            committer.deliver(parcel(job, 1))
        LedgerWriter(ledger).obey(ledger_command(ledger, other.id))
        committer.deliver(parcel(other, 1))
        await committer.write(lambda writer: None)
        assert (ledger.job(job.id).counts.ok, ledger.job(job.id).counts.todo) == (1, 1)
        assert len(ledger.kept(job.number)) == 1
        assert [job.id for job in ledger.jobs()] == [job.id]
        assert listener.errors == []
        committer.close()

    def ledger_command(ledger: Ledger, id: str):  # type: ignore[no-untyped-def]
        return ledger.command(ledger.ask(id, "delete"))

    with Ledger.open(tmp_path) as ledger:
        asyncio.run(scenario(ledger))


def test_it_says_when_too_much_waits(tmp_path: Path) -> None:
    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 1)
        committer, _ = begin(tmp_path)
        held = threading.Event()
        committer.post(lambda writer: held.wait(5))
        large = parcel(job, 1)
        large.size = BACKLOG
        assert not committer.full
        committer.deliver(large)
        assert committer.full
        held.set()
        await until(lambda: not committer.full)
        committer.close()

    with Ledger.open(tmp_path) as ledger:
        asyncio.run(scenario(ledger))


def test_what_a_door_did_wrong_does_not_end_it(tmp_path: Path) -> None:
    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 1)
        committer, listener = begin(tmp_path)
        with pytest.raises(UsageError):
            await committer.write(lambda writer: writer.ledger.job("j-none"))
        committer.deliver(parcel(job, 1))
        await until(lambda: listener.committed)
        committer.close()

    with Ledger.open(tmp_path) as ledger:
        asyncio.run(scenario(ledger))


def test_an_error_ends_it_and_everybody_who_waits_is_told(tmp_path: Path) -> None:
    def fail(writer: LedgerWriter) -> None:
        held.wait(5)
        raise LedgerError("The disk is full.")

    held = threading.Event()

    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 1)
        committer, listener = begin(tmp_path)
        first, second = committer.post(fail), committer.post(lambda writer: 1)
        committer.deliver(parcel(job, 1))
        held.set()
        await until(lambda: listener.errors)
        third = committer.post(lambda writer: 1)
        for future in (first, second, third):
            with pytest.raises(LedgerError, match="disk is full"):
                future.result(1)
        assert ledger.job(job.id).counts.ok == 0
        committer.close()

    with Ledger.open(tmp_path) as ledger:
        asyncio.run(scenario(ledger))
