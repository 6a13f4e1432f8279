"""The worker at its work: every record once, the right jobs at the right time, and what it says of it."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest
from scripted_executor import (
    MODEL,
    ScriptedExecutor,
    at_work,
    expected,
    export,
    outcome_for,
    some_records,
    submit,
    until,
)

from gleanery.jobs.job import Job
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.ledger.wire import read_group, read_groups, wire_file
from gleanery.jobs.outcome import line_of
from gleanery.jobs.status import read_status
from gleanery.jobs.work import Shard
from gleanery.jobs.worker import Worker
from gleanery.tasks.records import Record


def work_off(home: Path, executor: ScriptedExecutor, **options: object) -> None:
    asyncio.run(asyncio.wait_for(Worker(home, lambda: executor, until_idle=True, **options).run(), 20))


@pytest.mark.parametrize(
    ("count", "size", "room"), [(1, 1, 1), (10, 4, 8), (2500, 7, 30), (2500, 5000, 100), (3, 9, 9)]
)
def test_every_record_is_done_once_and_exported_as_it_is(tmp_path: Path, count: int, size: int, room: int) -> None:
    executor = ScriptedExecutor(size=size, room=room)
    with Ledger.open(tmp_path) as ledger:
        job = submit(ledger, count)
        work_off(tmp_path, executor)
        job = ledger.job(job.id)
        assert job.state == "done"
        assert (job.counts.todo, job.counts.ok) == (0, count)
        assert export(ledger, job) == expected(count)
    assert sorted(executor.records()) == sorted(record.id for record in some_records(count))
    assert executor.most <= room
    assert executor.closed == [job.id]
    assert executor.ended


def test_a_job_without_records_is_done_without_opening_its_models(tmp_path: Path) -> None:
    executor = ScriptedExecutor()
    with Ledger.open(tmp_path) as ledger:
        job = submit(ledger, 0)
        work_off(tmp_path, executor)
        assert ledger.job(job.id).state == "done"
    assert executor.opened == []


def test_exchanges_lie_in_the_wire_file_as_the_manifest_says(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        full, failures, off = (submit(ledger, 5, wire=wire) for wire in ("full", "failures", "off"))
        work_off(tmp_path, ScriptedExecutor())
        for kept in ledger.kept(full.number):
            assert kept.exchanges is not None
            id, exchanges = read_group(wire_file(tmp_path, full.id), kept.exchanges)
            assert id == kept.record.id
            assert exchanges[0]["request"]["body"] == kept.record.text
        assert len(list(read_groups(wire_file(tmp_path, full.id)))) == 5
        assert all(kept.exchanges is None for job in (failures, off) for kept in ledger.kept(job.number))
    assert not wire_file(tmp_path, off.id).exists()


def test_jobs_of_the_same_models_run_one_after_another_and_others_at_once(tmp_path: Path) -> None:
    executor = ScriptedExecutor(size=1, room=2, seconds=0.01)
    with Ledger.open(tmp_path) as ledger:
        first, second = submit(ledger, 10), submit(ledger, 10)
        other = submit(ledger, 10, models=("openai/other@http://127.0.0.1:9/v1",))
        work_off(tmp_path, executor)
    order = [job for _, job, _ in executor.begun]
    assert order.index(second.id) > max(n for n, job in enumerate(order) if job == first.id)
    assert order.index(other.id) < 5


def test_a_job_of_higher_priority_takes_the_place_of_a_running_one(tmp_path: Path) -> None:
    executor = ScriptedExecutor(size=1, room=2, seconds=0.01)

    async def scenario(ledger: Ledger) -> tuple[Job, Job]:
        low = submit(ledger, 100)
        async with at_work(tmp_path, executor):
            await until(lambda: len(executor.begun) > 5)
            high = submit(ledger, 20, priority=1)
            await until(lambda: ledger.job(high.id).state == "done")
            assert ledger.job(low.id).counts.done < 100
            await until(lambda: ledger.job(low.id).state == "done")
        return low, high

    with Ledger.open(tmp_path) as ledger:
        low, high = asyncio.run(scenario(ledger))
    order = [job for _, job, _ in executor.begun]
    since = order.index(high.id)
    assert low.id not in order[since : since + 20]
    assert len(executor.begun) == 120  # nothing was repeated


def test_a_job_waits_for_those_it_comes_after(tmp_path: Path) -> None:
    executor = ScriptedExecutor(seconds=0.01)
    with Ledger.open(tmp_path) as ledger:
        first = submit(ledger, 10)
        second = submit(ledger, 10, after=(first.id,), models=("openai/other@http://127.0.0.1:9/v1",))
        assert ledger.job(second.id).state == "waiting"
        work_off(tmp_path, executor)
        assert ledger.job(second.id).state == "done"
    order = [job for _, job, _ in executor.begun]
    assert order == [first.id] * 10 + [second.id] * 10


def test_a_job_after_a_cancelled_one_says_how_to_go_on(tmp_path: Path) -> None:
    async def scenario(ledger: Ledger) -> None:
        first = submit(ledger, 10)
        second = submit(ledger, 10, after=(first.id,))
        ledger.ask(first.id, "cancel")
        async with at_work(tmp_path, ScriptedExecutor(seconds=0.05)):
            await until(lambda: "was cancelled" in (ledger.job(second.id).reason or ""))
            assert f"gleanery resume {second.id}" in (ledger.job(second.id).reason or "")
            ledger.ask(second.id, "resume")
            await until(lambda: ledger.job(second.id).state == "done")

    with Ledger.open(tmp_path) as ledger:
        asyncio.run(scenario(ledger))


def test_a_private_job_is_worked_on_while_its_records_are_loaded(tmp_path: Path) -> None:
    executor = ScriptedExecutor(size=1, room=8)
    with Ledger.open(tmp_path) as ledger:
        job = submit(ledger, 1, state="queued")
        loaded: list[float] = []

        def load() -> None:
            with Ledger.open(tmp_path) as mine:
                for n in range(2, 7):
                    time.sleep(0.1)
                    mine.load(job.number, some_records(1, first=n), "digest")
                    loaded.append(time.monotonic())
                mine.finish_loading(job.number)

        thread = threading.Thread(target=load)
        thread.start()
        asyncio.run(asyncio.wait_for(Worker(tmp_path, lambda: executor, only=job.id).run(), 20))
        thread.join()
        assert ledger.job(job.id).state == "done"
        assert export(ledger, job) == expected(6)
    waited = [begun - there for (begun, _, _), there in zip(executor.begun[1:], loaded, strict=True)]
    assert sorted(waited)[2] < 0.06  # 20 ms, on a machine that has other things to do


def test_only_one_job_is_worked_on_where_so_told(tmp_path: Path) -> None:
    executor = ScriptedExecutor()
    with Ledger.open(tmp_path) as ledger:
        other, mine = submit(ledger, 3), submit(ledger, 3)
        asyncio.run(asyncio.wait_for(Worker(tmp_path, lambda: executor, only=mine.id).run(), 20))
        assert ledger.job(mine.id).state == "done"
        assert ledger.job(other.id).state == "queued"
    assert executor.opened == [mine.id]


def test_equal_work_is_taken_over_and_marked_as_such(tmp_path: Path) -> None:
    executor = ScriptedExecutor()
    with Ledger.open(tmp_path) as ledger:
        first = submit(ledger, 10, cache=True)
        work_off(tmp_path, executor)
        second = submit(ledger, [*some_records(10), Record("r-11", 11, "new")], cache=True)
        sample, unwanted = submit(ledger, 10, cache=True, sample=1), submit(ledger, 10)
        work_off(tmp_path, executor)
        assert executor.records(second.id) == ["r-11"]
        assert len(executor.records(sample.id)) == len(executor.records(unwanted.id)) == 10
        assert ledger.job(second.id).counts.cached == 10
        kept = ledger.kept(second.number)
        assert [entry.cached for entry in kept] == [True] * 10 + [False]
        assert export(ledger, second).startswith(export(ledger, first))


def test_what_is_retried_is_done_and_not_taken_over(tmp_path: Path) -> None:
    executor = ScriptedExecutor()
    with Ledger.open(tmp_path) as ledger:
        submit(ledger, 10, cache=True)
        job = submit(ledger, 10, cache=True)
        work_off(tmp_path, executor)
        assert ledger.job(job.id).counts.cached == 10
        ledger.ask(job.id, "retry", {"ids": ["r-4"]})
        work_off(tmp_path, executor)
        assert executor.records(job.id) == ["r-4"]
        assert ledger.job(job.id).counts.cached == 9


def test_failed_results_are_not_taken_over(tmp_path: Path) -> None:
    from gleanery.jobs.executors.executor import ShardFailed

    async def fail(shard: Shard) -> None:
        raise ShardFailed("No.")

    with Ledger.open(tmp_path) as ledger:
        submit(ledger, 4, cache=True)
        work_off(tmp_path, ScriptedExecutor(script=fail))
        second = submit(ledger, 4, cache=True)
        work_off(tmp_path, ScriptedExecutor())
        assert ledger.job(second.id).counts.ok == 4
        assert ledger.job(second.id).counts.cached == 0


def test_the_models_are_pinned_and_another_one_pauses_the_job_until_it_is_resumed(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        job = submit(ledger, 10)
        work_off(tmp_path, ScriptedExecutor())
        assert ledger.job(job.id).pins == {MODEL: "d1"}
        number = ledger.ask(job.id, "retry", {"statuses": ["ok"]})
        other = ScriptedExecutor(digests={MODEL: "d2"})
        work_off(tmp_path, other)
        assert ledger.command(number).answer
        paused = ledger.job(job.id)
        assert paused.state == "paused"
        assert f"`{MODEL}` is not the model any more" in (paused.reason or "")
        assert other.records() == []
        ledger.ask(job.id, "resume")
        work_off(tmp_path, other)
        assert ledger.job(job.id).state == "done"
        assert ledger.job(job.id).pins == {MODEL: "d2"}


def test_the_pace_is_kept_and_survives_a_restart(tmp_path: Path) -> None:
    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 60)
        async with at_work(tmp_path, ScriptedExecutor(size=1, room=1, seconds=0.03)):
            await until(lambda: ledger.job(job.id).pace.tokens >= 60)
            assert ledger.job(job.id).pace.in_flight == 1
            assert 5 < (ledger.job(job.id).pace.rate or 0) < 60
        stopped = ledger.job(job.id)
        assert stopped.state == "queued"
        assert stopped.pace.in_flight == 0
        async with at_work(tmp_path, ScriptedExecutor(size=8)):
            await until(lambda: ledger.job(job.id).state == "done")
        pace = ledger.job(job.id).pace
        assert pace.tokens == 180
        assert (pace.ttft_ms, pace.tpot_ms, pace.rate, pace.in_flight) == (5.0, 0.5, None, 0)
        assert [name for name, _ in pace.slowest] == ["r-60", "r-59", "r-58", "r-57", "r-56"]

    with Ledger.open(tmp_path) as ledger:
        asyncio.run(scenario(ledger))


def test_the_status_tells_what_the_worker_does(tmp_path: Path) -> None:
    lines: list[str] = []

    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 40)
        async with at_work(tmp_path, ScriptedExecutor(size=1, room=4, seconds=0.1), log=lines.append) as worker:
            await until(lambda: (read_status(tmp_path) or {}).get("in_flight") == 4)
            status = read_status(tmp_path)
            assert status is not None
            assert status["jobs"] == worker.load()["jobs"] == [job.id]
            assert isinstance(status["memory"], int)
            assert 10_000_000 < status["memory"] < 1_000_000_000
        assert (read_status(tmp_path) or {})["jobs"] == []

    with Ledger.open(tmp_path) as ledger:
        asyncio.run(scenario(ledger))
    assert (tmp_path / "worker.json").stat().st_mode & 0o777 == 0o600
    assert any("runs `shout`" in line for line in lines)


def test_stopping_lets_what_is_in_flight_end(tmp_path: Path) -> None:
    executor = ScriptedExecutor(size=1, room=8, slots=4, seconds=0.2)

    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 100)
        async with at_work(tmp_path, executor):
            await until(lambda: len(executor.begun) == 4)
        assert len(executor.begun) == 4  # the other four were not begun, and taken back
        assert ledger.job(job.id).state == "queued"
        assert ledger.job(job.id).counts.ok == 4

    with Ledger.open(tmp_path) as ledger:
        asyncio.run(scenario(ledger))


def test_the_grace_time_ends(tmp_path: Path) -> None:
    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 10)
        executor = ScriptedExecutor(seconds=60)
        async with at_work(tmp_path, executor, grace=0.2):
            await until(lambda: executor.begun)
            began = time.monotonic()
        assert time.monotonic() - began < 2
        assert ledger.job(job.id).state == "queued"
        assert ledger.job(job.id).counts.todo == 10

    with Ledger.open(tmp_path) as ledger:
        asyncio.run(scenario(ledger))


def test_stopping_while_models_are_being_opened(tmp_path: Path) -> None:
    async def forever(work: object) -> None:
        await asyncio.sleep(60)

    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 10)
        async with at_work(tmp_path, ScriptedExecutor(opening=forever)):
            await until(lambda: ledger.job(job.id).state == "running")
            began = time.monotonic()
        assert time.monotonic() - began < 1
        assert ledger.job(job.id).state == "queued"

    with Ledger.open(tmp_path) as ledger:
        asyncio.run(scenario(ledger))


def test_cancelling_run_ends_at_once_and_loses_nothing_committed(tmp_path: Path) -> None:
    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 100)
        executor = ScriptedExecutor(size=1, room=4, seconds=0.02)
        task = asyncio.create_task(Worker(tmp_path, lambda: executor).run())
        await until(lambda: ledger.job(job.id).counts.ok > 10)
        executor.seconds = 60
        await asyncio.sleep(0.1)
        began = time.monotonic()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert time.monotonic() - began < 0.5
        assert executor.ended
        job = ledger.job(job.id)
        assert job.state == "queued"
        done = {line_of(record, outcome_for(record).body) for record in some_records(100)}
        assert set(export(ledger, job).splitlines(keepends=True)) <= done

    with Ledger.open(tmp_path) as ledger:
        asyncio.run(scenario(ledger))


def test_jobs_that_a_dead_worker_left_running_go_on(tmp_path: Path) -> None:
    from gleanery.jobs.ledger.writer import LedgerWriter

    with Ledger.open(tmp_path) as ledger:
        job = submit(ledger, 10)
        LedgerWriter(ledger).set_state(job.number, "running")
        work_off(tmp_path, ScriptedExecutor())
        assert ledger.job(job.id).state == "done"
        assert "Its worker died" in "".join(event.text for event in ledger.events(job.id))
