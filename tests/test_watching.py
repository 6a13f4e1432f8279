"""Watching jobs: every change is seen, nothing is seen twice, and it is known when nothing more will happen."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from ledgers.filled_ledger import FilledLedger, fill

from gleanery.errors import UsageError
from gleanery.jobs.job import Pace
from gleanery.queue import Queue
from gleanery.watching import STALE, Watcher, rate_of, seconds_left, watch


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[FilledLedger]:
    with FilledLedger(tmp_path) as ledger:
        yield ledger


@pytest.fixture
def queue(filled: FilledLedger) -> Iterator[Queue]:
    with Queue(filled.home) as queue:
        yield queue


def test_a_snapshot_at_once_and_then_only_of_changes(filled: FilledLedger, queue: Queue) -> None:
    job = filled.add("running", total=10)
    watcher = Watcher(queue)
    first = watcher.poll()
    assert first is not None
    assert [(one.id, one.counts.done) for one in first.jobs] == [(job.id, 0)]
    assert (first.events, first.results, first.worker, first.over) == ((), (), None, False)
    assert watcher.poll() is None
    filled.deliver(job, ["ok", "review"])
    second = watcher.poll()
    assert second is not None
    assert second.jobs[0].counts.done == 2
    assert watcher.poll() is None
    assert watcher.poll(again=True) is not None


def test_a_second_without_changes_gives_a_snapshot_too(queue: Queue) -> None:
    watcher = Watcher(queue)
    watcher.poll()
    began = time.monotonic()
    while watcher.poll() is None:
        time.sleep(0.02)
    assert 0.8 < time.monotonic() - began < 3


def test_events_and_results_come_once(filled: FilledLedger, queue: Queue) -> None:
    job, other = filled.add("running", total=9), filled.add("running", total=9)
    filled.deliver(job, ["ok"])
    watcher = Watcher(queue, [job.id], results=3)
    first = watcher.poll()
    assert first is not None
    assert (first.events, first.results) == ((), ())
    filled.deliver(job, ["ok", "failed"])
    filled.deliver(other, ["ok"])
    filled.writer.set_state(job.number, "paused")
    second = watcher.poll()
    assert second is not None
    assert [(one.id, kept.record.id, kept.status) for one, kept in second.results] == [
        (job.id, "r-3", "failed"),
        (job.id, "r-2", "ok"),
    ]
    assert {event.job for event in second.events} == {job.id}
    third = watcher.poll(again=True)
    assert third is not None
    assert (third.events, third.results) == ((), ())


def test_results_are_the_last_few_only(filled: FilledLedger, queue: Queue) -> None:
    job = filled.add("running", total=50)
    watcher = Watcher(queue, results=5)
    filled.deliver(job, ["ok"] * 20)
    snapshot = watcher.poll()
    assert snapshot is not None
    assert [kept.record.id for _, kept in snapshot.results] == ["r-20", "r-19", "r-18", "r-17", "r-16"]


def test_all_events_of_a_long_pause_are_seen(filled: FilledLedger, queue: Queue) -> None:
    watcher = Watcher(queue)
    for number in range(2500):
        filled.writer.note("test", f"event {number}")
    snapshot = watcher.poll()
    assert snapshot is not None
    assert [event.text for event in snapshot.events] == [f"event {number}" for number in range(2500)]


def test_new_jobs_are_seen_by_who_watches_all(filled: FilledLedger, queue: Queue) -> None:
    first = filled.add("running")
    everything, one = Watcher(queue), Watcher(queue, [first.id[:4]])
    second = filled.add("queued")
    assert [job.id for job in everything.poll().jobs] == [first.id, second.id]  # type: ignore[union-attr]
    assert [job.id for job in one.poll().jobs] == [first.id]  # type: ignore[union-attr]


def test_a_deleted_job_is_no_more_there(filled: FilledLedger, queue: Queue) -> None:
    job = filled.add("done", total=1, ok=1)
    watcher = Watcher(queue, [job.id])
    queue.ask(job.id, "delete")
    snapshot = watcher.poll()
    assert snapshot is not None
    assert snapshot.jobs == ()


def test_an_unknown_job_is_refused(queue: Queue) -> None:
    with pytest.raises(UsageError, match="j-n0ne00"):
        Watcher(queue, ["j-n0ne00"])


def test_which_jobs_are_at_rest(tmp_path: Path) -> None:
    fill(tmp_path)
    with FilledLedger(tmp_path) as filled:
        filled.add("waiting", id="j-va1n01", after=("j-pa5e01",))
        filled.add("waiting", id="j-va1n02", after=("j-va1n01", "j-next01"))
    with Queue(tmp_path) as queue:
        snapshot = Watcher(queue).poll()
    assert snapshot is not None
    assert not snapshot.over
    assert {job.id for job in snapshot.jobs if snapshot.at_rest(job)} == {
        "j-d0ne01", "j-bad001", "j-pa5e01", "j-fa1e01", "j-cance1", "j-va1n01", "j-va1n02",
    }  # fmt: skip


def test_a_job_that_is_asked_to_go_on_is_not_at_rest(filled: FilledLedger, queue: Queue) -> None:
    job = filled.add("paused")
    filled.ledger.ask(job.id, "resume")
    snapshot = Watcher(queue).poll()
    assert snapshot is not None
    assert not snapshot.over


def test_watching_sees_the_end(filled: FilledLedger, queue: Queue) -> None:
    job = filled.add("running", total=3)
    done: list[int] = []
    for snapshot in watch(queue, [job.id], 0.01):
        done.append(snapshot.jobs[0].counts.done)
        if snapshot.over:
            break
        filled.deliver(job, ["ok"])
        if done[-1] == 2:
            filled.writer.set_state(job.number, "done")
    assert done == [0, 1, 2, 3]


def test_ten_looks_a_second_cost_little(filled: FilledLedger, queue: Queue) -> None:
    filled.add("running", total=10)
    watcher = Watcher(queue)
    watcher.poll()
    began = time.process_time()
    for _ in range(100):
        watcher.poll(again=True)
    assert time.process_time() - began < 1.0, "a hundred snapshots, ten seconds' worth"


def test_rate_and_time_left(filled: FilledLedger) -> None:
    job = filled.add("running", total=100, ok=20, pace=Pace(at=1000.0, rate=4.0))
    assert (rate_of(job, 1001.0), seconds_left(job, 1001.0)) == (4.0, 20.0)
    assert (rate_of(job, 1000.0 + 2 * STALE), seconds_left(job, 1000.0 + 2 * STALE)) == (None, None)
    assert seconds_left(replace(job, loaded=False), 1001.0) is None
    assert rate_of(replace(job, state="paused"), 1001.0) is None
    assert seconds_left(replace(job, pace=Pace(at=1000.0, rate=0.0)), 1001.0) is None
