"""What the worker writes: results once, counters with them, states, events."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_parts import BUNDLE, commit, counted, left_in, manifest, obeyed, outcome, records, submitted

from gleanery.errors import UsageError
from gleanery.jobs.job import Counts, Pace
from gleanery.jobs.ledger import deleting, events
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.ledger.wire import wire_file
from gleanery.jobs.ledger.writer import Delivery, LedgerWriter


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "home") as ledger:
        yield ledger


def test_a_result_is_kept_once(ledger: Ledger) -> None:
    job = submitted(ledger, 5)
    writer = LedgerWriter(ledger)
    first = [
        Delivery(job.number, outcome(1)),
        Delivery(job.number, outcome(2, "failed")),
        Delivery(job.number, outcome(1)),
    ]
    assert writer.commit(first) == 2
    again = [Delivery(job.number, outcome(1, "failed")), Delivery(job.number, outcome(3, "review"), cached=True)]
    assert writer.commit(again, {job.number: Pace(at=5.0, rate=2.5, slowest=(("r-1", 0.5),))}) == 1
    job = ledger.job(job.id)
    assert job.counts == Counts(total=5, todo=2, ok=1, review=1, failed=1, cached=1) == counted(ledger, job.number)
    assert job.pace == Pace(at=5.0, rate=2.5, slowest=(("r-1", 0.5),))
    assert [kept.body for kept in ledger.kept(job.number, limit=1)] == [outcome(1).body]
    assert writer.commit([]) == 0


def test_a_result_for_what_is_not_there_is_dropped(ledger: Ledger) -> None:
    job = submitted(ledger, 2)
    strangers = [
        Delivery(job.number, outcome(3)),
        Delivery(job.number + 7, outcome(1)),
        Delivery(job.number, outcome(2)),
    ]
    assert LedgerWriter(ledger).commit(strangers) == 1
    assert ledger.job(job.id).counts == Counts(total=2, todo=1, ok=1)
    assert ledger.database.value("SELECT count(*) FROM results") == 1


def test_a_result_that_comes_after_its_job_was_deleted_leaves_nothing(ledger: Ledger) -> None:
    job = submitted(ledger, 2)
    number = ledger.ask(job.id, "delete")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LedgerWriter, "sweep", lambda self, seconds=0.0: True)  # its records are still there
        LedgerWriter(ledger).obey(ledger.command(number))
    assert ledger.database.value("SELECT count(*) FROM records") == 2
    assert LedgerWriter(ledger).commit([Delivery(job.number, outcome(1))]) == 0
    assert ledger.database.value("SELECT count(*) FROM results") == 0


def test_states_are_kept_with_their_times_and_events(ledger: Ledger) -> None:
    job = submitted(ledger, 1)
    writer = LedgerWriter(ledger)
    writer.set_state(job.number, "running")
    running = ledger.job(job.id)
    assert running.started is not None and running.ended is None
    writer.set_state(job.number, "waiting", "ollama does not answer.")
    assert ledger.job(job.id).reason == "ollama does not answer."
    writer.set_state(job.number, "running")
    writer.set_state(job.number, "done")
    done = ledger.job(job.id)
    assert (done.state, done.reason, done.started) == ("done", None, running.started)
    assert done.ended is not None
    told = [(event.kind, event.text) for event in ledger.events(job.id)]
    assert told[-3:] == [
        ("waiting", f"{job.id} is waiting: ollama does not answer."),
        ("running", f"{job.id} is running."),
        ("done", f"{job.id} is done."),
    ]


def test_pins(ledger: Ledger) -> None:
    job = submitted(ledger, 1)
    LedgerWriter(ledger).pin(job.number, {"ollama/a": "5e", "openai/b": None})
    assert ledger.job(job.id).pins == {"ollama/a": "5e", "openai/b": None}


def test_only_the_last_events_are_kept(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "KEPT", 5)
    writer = LedgerWriter(ledger)
    for n in range(9):
        writer.note("worker", f"Event {n}.", "j-x" if n % 2 else None)
    told = ledger.events()
    assert [event.text for event in told] == [f"Event {n}." for n in range(4, 9)]
    assert [event.text for event in ledger.events("j-x", after=told[1].number)] == ["Event 7."]
    assert len(ledger.events(limit=2)) == 2


def test_retry_keeps_what_was_there_before(ledger: Ledger) -> None:
    job = submitted(ledger, 6)
    for positions, status in (([1, 2], "ok"), ([3, 4], "failed"), ([5], "review")):
        commit(ledger, job, positions, status)  # type: ignore[arg-type]
    writer = LedgerWriter(ledger)
    assert writer.retry(job.number, statuses=["failed", "review"]) == 3
    assert ledger.job(job.id).counts == Counts(total=6, todo=4, ok=2) == counted(ledger, job.number)
    assert [record.position for record in ledger.todo(job.number)] == [3, 4, 5, 6]
    commit(ledger, job, [3])
    assert writer.retry(job.number, ids=["r-3", "r-1", "r-6"]) == 2
    before = ledger.superseded(job.number, 3)
    assert [kept.status for kept in before] == ["ok", "failed"]
    assert before[0].number > before[1].number
    assert ledger.job(job.id).counts == counted(ledger, job.number)
    with pytest.raises(UsageError, match="It has no record `r-7`"):
        writer.retry(job.number, ids=["r-2", "r-7"])
    assert ledger.job(job.id).counts.ok == 1
    assert [event.text for event in ledger.events(job.id) if event.kind == "retry"] == [
        f"3 records of {job.id} are to be done again.",
        f"2 records of {job.id} are to be done again.",
    ]


def test_numbers_of_results_are_not_given_twice(ledger: Ledger) -> None:
    job = submitted(ledger, 1)
    writer = LedgerWriter(ledger)
    numbers = []
    for _ in range(3):
        commit(ledger, job, [1], "failed")
        numbers.append(ledger.latest()[0].number)
        writer.retry(job.number, ["failed"])
    assert numbers == sorted(set(numbers))
    assert [kept.number for kept in ledger.superseded(job.number, 1)] == numbers[::-1]


@pytest.mark.parametrize("by", ["statuses", "ids"])
def test_a_large_retry_is_done_some_at_a_time(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    monkeypatch.setattr("gleanery.jobs.ledger.retrying._CHUNK", 4)
    job = submitted(ledger, 30)
    commit(ledger, job, range(1, 12), "failed")
    commit(ledger, job, range(12, 24), "review")
    ids = [f"r-{n}" for n in range(1, 24)]
    chosen = {"statuses": ["failed", "review"]} if by == "statuses" else {"ids": ids}
    assert LedgerWriter(ledger).retry(job.number, **chosen) == 23  # type: ignore[arg-type]
    assert ledger.job(job.id).counts == Counts(total=30, todo=30) == counted(ledger, job.number)


def test_deleting_really_deletes(ledger: Ledger) -> None:
    secret = "the-diary-of-nobody-in-particular"
    job = ledger.submit(manifest(secret), {"tasks/t/task.yaml": secret.encode()})
    other = submitted(ledger, 3)
    ledger.load(job.number, [r.__class__(r.id, r.position, f"{secret} {r.text}") for r in records(400)], "x")
    ledger.finish_loading(job.number)
    writer = LedgerWriter(ledger)
    deliveries = [
        Delivery(job.number, outcome(n, "failed", f"{secret} {n}"), content=b"%32d" % n) for n in range(1, 400)
    ]
    writer.commit(deliveries)
    writer.retry(job.number, ["failed"])
    writer.commit(deliveries)
    ledger.ask(job.id, "retry", {"ids": [secret]})
    wire = wire_file(ledger.home, job.id)
    wire.parent.mkdir(exist_ok=True)
    wire.write_bytes(secret.encode())
    assert left_in(ledger.home, secret.encode())
    assert obeyed(ledger, job.id, "delete") == (f"Deleted {job.id}.", False)
    while writer.sweep():
        pass
    assert left_in(ledger.home, secret.encode()) == []
    assert [job.id for job in ledger.jobs()] == [other.id]
    tables = ("records", "results", "superseded", "deletions", "dependencies", "jobs", "bundles")
    left = [ledger.database.value(f"SELECT count(*) FROM {table}") for table in tables]
    assert left == [3, 0, 0, 0, 0, 1, 1]
    assert ledger.database.value("PRAGMA freelist_count") == 0


def test_a_bundle_stays_as_long_as_a_job_has_it(ledger: Ledger) -> None:
    first, second = submitted(ledger, 1), submitted(ledger, 1)
    obeyed(ledger, first.id, "delete")
    assert ledger.bundle(second.bundle) == BUNDLE


def test_a_deletion_is_taken_up_by_the_next_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deleting, "_CHUNK", 3)
    with Ledger.open(tmp_path) as ledger:
        job, other = submitted(ledger, 20), submitted(ledger, 20)
        commit(ledger, job, range(1, 21))
        commit(ledger, other, range(1, 21))
        number = ledger.ask(job.id, "delete")
        writer = LedgerWriter(ledger)
        with monkeypatch.context() as patch:
            patch.setattr(LedgerWriter, "sweep", lambda self: True)
            writer.obey(ledger.command(number))
        assert LedgerWriter(ledger).sweep(0) is True
        assert 0 < ledger.database.value("SELECT count(*) FROM records WHERE job = ?", (job.number,)) <= 20
        assert [job.id for job in ledger.jobs()] == [other.id]
    with Ledger.open(tmp_path) as ledger:
        writer = LedgerWriter(ledger)
        while writer.sweep(0):
            pass
        assert ledger.database.rows("SELECT DISTINCT job FROM records UNION SELECT job FROM results") == [
            (other.number,)
        ]
        assert ledger.job(other.id).counts == counted(ledger, other.number)


def test_the_write_ahead_log_is_emptied_when_readers_let_it_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gleanery.jobs.ledger.database._LONG_LOG", 300_000)
    monkeypatch.setattr("gleanery.jobs.ledger.database._RESPITE", 0.3)
    with Ledger.open(tmp_path) as ledger, Ledger.open(tmp_path) as reader:
        log = tmp_path / "ledger.db-wal"
        job = submitted(ledger, 2000)
        with reader.database.reading():
            reader.jobs()
            for first in range(1, 1000, 50):
                commit(ledger, job, range(first, first + 50))
            assert log.stat().st_size > 300_000
        time.sleep(0.3)
        commit(ledger, job, range(1001, 1050))
        assert log.stat().st_size == 0
        assert reader.job(job.id).counts == counted(ledger, job.number)


def test_a_reader_that_hangs_does_not_hold_up_a_deletion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gleanery.jobs.ledger.database._RESPITE", 0.1)
    with Ledger.open(tmp_path) as ledger, Ledger.open(tmp_path) as reader:
        job = ledger.submit(manifest("a-secret-task"), BUNDLE)
        writer = LedgerWriter(ledger)
        with reader.database.reading():
            assert reader.jobs()[0].counts == Counts()
            assert obeyed(ledger, job.id, "delete")[1] is False
            assert writer.sweep() is False
            assert left_in(tmp_path, b"a-secret-task")
        time.sleep(0.1)
        assert writer.sweep() is False
        assert left_in(tmp_path, b"a-secret-task") == []
