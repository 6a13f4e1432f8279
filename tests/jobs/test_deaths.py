"""A job that kills its workers is given up after some deaths, and only then."""

from pathlib import Path

import pytest
from scripted_executor import submit

from gleanery.jobs.deaths import MOST, put_back
from gleanery.jobs.job import Job
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.ledger.writer import Delivery, LedgerWriter
from gleanery.jobs.outcome import failed_outcome


@pytest.fixture
def ledger(tmp_path: Path):
    with Ledger.open(tmp_path) as ledger:
        yield ledger


def die(ledger: Ledger, id: str) -> Job:
    """A worker takes the job, dies, and another finds it."""
    writer = LedgerWriter(ledger)
    writer.set_state(ledger.job(id).number, "running")
    put_back(writer)
    return ledger.job(id)


def finish_one(ledger: Ledger, id: str) -> None:
    job = ledger.job(id)
    record = ledger.todo(job.number, limit=1)[0]
    LedgerWriter(ledger).commit([Delivery(job.number, failed_outcome(record, "m", "no"))])


def test_it_is_given_up_after_so_many_deaths_without_a_result(ledger: Ledger) -> None:
    id = submit(ledger, 20).id
    assert [die(ledger, id).state for _ in range(MOST)] == [*["queued"] * (MOST - 1), "failed"]
    assert f"{MOST} workers died over it" in (ledger.job(id).reason or "")


def test_a_result_between_them_counts_as_life(ledger: Ledger) -> None:
    id = submit(ledger, 20).id
    for _ in range(MOST + 2):
        assert die(ledger, id).state == "queued"
        finish_one(ledger, id)


def test_resumed_it_gets_as_many_again(ledger: Ledger) -> None:
    id = submit(ledger, 20).id
    for _ in range(MOST):
        die(ledger, id)
    number = ledger.ask(id, "resume")
    LedgerWriter(ledger).obey(ledger.command(number))
    assert ledger.job(id).state == "queued"
    assert [die(ledger, id).state for _ in range(MOST)] == [*["queued"] * (MOST - 1), "failed"]


def test_others_are_not_blamed(ledger: Ledger) -> None:
    one, other = submit(ledger, 5).id, submit(ledger, 5).id
    for _ in range(MOST):
        die(ledger, one)
    assert die(ledger, other).state == "queued"
