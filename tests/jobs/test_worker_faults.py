"""What goes wrong while a worker works: nothing is lost, nothing innocent fails, and it is said."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from scripted_executor import ScriptedExecutor, at_work, expected, export, some_records, submit, until

from gleanery.errors import EndpointError, GleaneryError, LedgerError, ModelNotFoundError, UsageError, WorkerError
from gleanery.jobs.executors.executor import EngineLost, ShardFailed, ShardSuspect
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.work import Shard
from gleanery.jobs.worker import Worker

OTHER = ("openai/other@http://127.0.0.1:9/v1",)


class Clock:
    """A clock that a test puts forward."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def play(home: Path, scenario: Callable[[Ledger], Awaitable[None]]) -> None:
    with Ledger.open(home) as ledger:
        asyncio.run(scenario(ledger))  # type: ignore[arg-type]


def work_off(home: Path, executor: object, **options: object) -> None:
    make = executor if callable(executor) else lambda: executor
    asyncio.run(asyncio.wait_for(Worker(home, make, until_idle=True, **options).run(), 20))  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [EndpointError("Nobody answers."), ModelNotFoundError("It is not there.")])
def test_a_job_waits_for_models_that_are_not_there_and_is_tried_again(tmp_path: Path, error: GleaneryError) -> None:
    clock, tries = Clock(), []

    async def absent(work: object) -> None:
        tries.append(clock.now)
        if len(tries) < 4:
            raise error

    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 10)
        async with at_work(tmp_path, ScriptedExecutor(opening=absent), clock=clock):
            for tried, seconds in enumerate((5, 10, 20), 1):
                await until(lambda tried=tried: len(tries) == tried)
                await until(lambda: ledger.job(job.id).state == "waiting")
                reason = ledger.job(job.id).reason or ""
                assert str(error) in reason
                assert f"tried again in {seconds} s" in reason
                clock.now += seconds - 0.1
                await asyncio.sleep(0.15)
                assert len(tries) == tried
                clock.now += 0.2
            await until(lambda: ledger.job(job.id).state == "done")
        assert export(ledger, job) == expected(10)

    play(tmp_path, scenario)


def test_records_of_a_lost_endpoint_stay_todo(tmp_path: Path) -> None:
    clock, lost = Clock(), [True]

    async def lose(shard: Shard) -> None:
        if shard.records[0].position > 20 and lost:
            raise EndpointError("It went away.")

    executor = ScriptedExecutor(size=2, room=6, seconds=0.01, script=lose)

    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 40)
        async with at_work(tmp_path, executor, clock=clock):
            await until(lambda: ledger.job(job.id).state == "waiting")
            assert ledger.job(job.id).counts.failed == 0
            lost.clear()
            clock.now += 5.1
            await until(lambda: ledger.job(job.id).state == "done")
        assert export(ledger, job) == expected(40)

    play(tmp_path, scenario)


def test_another_job_runs_while_one_waits(tmp_path: Path) -> None:
    async def absent(work: object) -> None:
        if work.job == first.id:  # type: ignore[attr-defined]
            raise EndpointError("Nobody answers.")

    with Ledger.open(tmp_path) as ledger:
        first, second = submit(ledger, 10), submit(ledger, 10)
        work_off(tmp_path, ScriptedExecutor(opening=absent))
        assert ledger.job(first.id).state == "waiting"
        assert ledger.job(second.id).state == "done"


def test_a_worker_for_one_job_does_not_wait_for_models_that_never_were_there(tmp_path: Path) -> None:
    async def absent(work: object) -> None:
        raise EndpointError("Nobody answers.")

    with Ledger.open(tmp_path) as ledger:
        job = submit(ledger, 10)
        asyncio.run(Worker(tmp_path, lambda: ScriptedExecutor(opening=absent), only=job.id).run())
        assert ledger.job(job.id).state == "waiting"
        assert "Nobody answers." in (ledger.job(job.id).reason or "")


def test_a_worker_for_one_job_waits_for_a_lost_endpoint_for_a_while(tmp_path: Path) -> None:
    clock = Clock()

    async def lose(shard: Shard) -> None:
        raise EndpointError("It went away.")

    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 10)
        worker = Worker(tmp_path, lambda: ScriptedExecutor(script=lose), only=job.id, clock=clock)
        task = asyncio.create_task(worker.run())
        await until(lambda: ledger.job(job.id).state == "waiting")
        await asyncio.sleep(0.2)
        assert not task.done()
        while not task.done():
            clock.now += 1
            await asyncio.sleep(0.01)
        assert 60 <= clock.now < 100
        await task

    play(tmp_path, scenario)


def test_what_is_wrong_with_a_job_fails_it_and_no_other(tmp_path: Path) -> None:
    async def wrong(work: object) -> None:
        if work.job == first.id:  # type: ignore[attr-defined]
            raise UsageError("`options` is wrong: mend it.")

    with Ledger.open(tmp_path) as ledger:
        first, second = submit(ledger, 10), submit(ledger, 10)
        work_off(tmp_path, ScriptedExecutor(opening=wrong))
        assert ledger.job(first.id).state == "failed"
        assert ledger.job(first.id).reason == "`options` is wrong: mend it."
        assert ledger.job(first.id).counts.todo == 10
        assert ledger.job(second.id).state == "done"


def test_an_error_of_our_own_fails_the_job_with_a_reason(tmp_path: Path) -> None:
    async def surprise(shard: Shard) -> None:
        if shard.work.job == first.id:
            raise KeyError("surprise")

    lines: list[str] = []
    with Ledger.open(tmp_path) as ledger:
        first, second = submit(ledger, 10), submit(ledger, 10)
        work_off(tmp_path, ScriptedExecutor(script=surprise), log=lines.append)
        failed = ledger.job(first.id)
        assert failed.state == "failed"
        assert "KeyError: 'surprise'" in (failed.reason or "")
        assert f"gleanery resume {first.id}" in (failed.reason or "")
        assert ledger.job(second.id).state == "done"
    assert any("Traceback" in line for line in lines)


def test_a_shard_that_cannot_be_performed_makes_failed_results(tmp_path: Path) -> None:
    async def refuse(shard: Shard) -> None:
        if shard.records[0].position == 5:
            raise ShardFailed("Its module is not there.")

    with Ledger.open(tmp_path) as ledger:
        job = submit(ledger, 12)
        work_off(tmp_path, ScriptedExecutor(size=4, script=refuse))
        job = ledger.job(job.id)
        assert (job.state, job.counts.ok, job.counts.failed) == ("done", 8, 4)
        assert b'"error":"Its module is not there."' in ledger.kept(job.number, after=4, limit=1)[0].body


class Process:
    """Performs all shards that are in flight; a killer among their records takes all of them with it."""

    def __init__(self, killers: set[tuple[str, int]]) -> None:
        self._killers = killers
        self._death = asyncio.Event()
        self._now: dict[str, int] = {}
        self._suspects: set[tuple[str, int]] = set()
        self.trying = 0
        self.beside: list[tuple[int, int]] = []

    async def perform(self, shard: Shard) -> None:
        job = shard.work.job
        records = {(job, record.position) for record in shard.records}
        self._now[job] = self._now.get(job, 0) + 1
        again, death = bool(records & self._suspects), self._death
        if again:
            self.trying += 1
            self._look(job)
        try:
            await asyncio.sleep(0.005)
            if records & self._killers:
                death.set()
                self._death = asyncio.Event()
            await asyncio.sleep(0.005)
            if again:
                self._look(job)
            if death.is_set():
                self._suspects |= records
                raise ShardSuspect("It died.")
        finally:
            self._now[job] -= 1
            self.trying -= again

    def _look(self, job: str) -> None:
        self.beside.append((self._now[job] - 1, self.trying - 1))


@pytest.mark.parametrize(
    ("count", "size", "killers"), [(200, 10, {17}), (40, 40, {1, 40}), (90, 3, {4, 5, 6}), (1, 1, {1})]
)
def test_suspects_are_tried_alone_down_to_the_records_that_kill(
    tmp_path: Path, count: int, size: int, killers: set[int]
) -> None:
    with Ledger.open(tmp_path) as ledger:
        job, other = submit(ledger, count), submit(ledger, count, models=OTHER)
        process = Process({(each.id, position) for each in (job, other) for position in killers})
        executor = ScriptedExecutor(size=size, room=4 * size, script=process.perform)
        work_off(tmp_path, executor)
        for each in (ledger.job(job.id), ledger.job(other.id)):
            assert (each.state, each.counts.ok, each.counts.failed) == ("done", count - len(killers), len(killers))
            failed = ledger.kept(each.number, statuses=["failed"])
            assert {kept.record.position for kept in failed} == killers
            assert all(b"died" in kept.body for kept in failed)
    assert len(process.beside) >= 2 * len(killers)
    assert set(process.beside) == {(0, 0)}  # nothing of the same job, and nothing under suspicion
    assert count < 200 or executor.records(job.id)[-1] == "r-200"  # and at once, not when all else is done


def test_a_lost_engine_is_made_anew_and_nothing_fails(tmp_path: Path) -> None:
    made: list[ScriptedExecutor] = []

    def make() -> ScriptedExecutor:
        async def lose(shard: Shard) -> None:
            if number < 2 and shard.records[0].position > 20 * (number + 1):
                raise EngineLost("The scheduler is gone.")

        number = len(made)
        made.append(ScriptedExecutor(size=2, room=8, seconds=0.01, script=lose))
        return made[-1]

    lines: list[str] = []
    with Ledger.open(tmp_path) as ledger:
        job, other = submit(ledger, 60), submit(ledger, 60, models=OTHER)
        work_off(tmp_path, make, log=lines.append)
        for each in (job, other):
            assert ledger.job(each.id).state == "done"
            assert export(ledger, each) == expected(60)
    assert len(made) == 3
    assert all(executor.ended for executor in made)
    assert sum("The scheduler is gone." in line for line in lines) == 2


def test_shards_that_a_lost_engine_never_gives_back_are_taken_back(tmp_path: Path) -> None:
    class Silent(ScriptedExecutor):
        async def aclose(self) -> None:
            self.ended = True

    async def lose_one(shard: Shard) -> None:
        if shard.records[0].position == 1:
            await asyncio.sleep(0.05)
            raise EngineLost("Gone.")
        await asyncio.sleep(60)

    executors = [Silent(size=1, room=4, script=lose_one), ScriptedExecutor()]
    with Ledger.open(tmp_path) as ledger:
        job = submit(ledger, 10)
        work_off(tmp_path, lambda: executors.pop(0))
        assert export(ledger, job) == expected(10)


def test_a_cancellation_that_nobody_asked_for_is_the_engines_end(tmp_path: Path) -> None:
    """distributed's FutureCancelledError is an asyncio.CancelledError: records must not be lost with it."""

    class Naive(ScriptedExecutor):
        async def run(self, shard: Shard) -> list[object]:  # type: ignore[override]
            class FutureCancelledError(asyncio.CancelledError):
                pass

            raise FutureCancelledError("scheduler-connection-lost")

    executors = [Naive(), ScriptedExecutor()]
    with Ledger.open(tmp_path) as ledger:
        job = submit(ledger, 10)
        work_off(tmp_path, lambda: executors.pop(0))
        assert ledger.job(job.id).counts.failed == 0
        assert export(ledger, job) == expected(10)


def test_an_executor_that_never_comes_ends_a_worker_that_does_not_wait(tmp_path: Path) -> None:
    class Absent(ScriptedExecutor):
        async def start(self) -> None:
            raise EngineLost("Nobody listens at tcp://127.0.0.1:1.")

    with Ledger.open(tmp_path) as ledger:
        job = submit(ledger, 10)
        with pytest.raises(WorkerError, match="Nobody listens"):
            work_off(tmp_path, Absent(), patience=0.3)
        assert ledger.job(job.id).state == "queued"


def test_an_executor_that_cannot_be_made_ends_the_worker(tmp_path: Path) -> None:
    def make() -> ScriptedExecutor:
        raise WorkerError("Dask is not installed.")

    with Ledger.open(tmp_path) as ledger:
        submit(ledger, 10)
        with pytest.raises(WorkerError, match="not installed"):
            work_off(tmp_path, make)


def test_a_deleted_ledger_ends_the_worker_with_a_clear_error(tmp_path: Path) -> None:
    home = tmp_path / "home"

    async def scenario() -> None:
        with Ledger.open(home) as ledger:
            submit(ledger, 10_000)
        executor = ScriptedExecutor(size=1, room=4, seconds=0.01)
        task = asyncio.create_task(Worker(home, lambda: executor).run())
        await until(lambda: len(executor.begun) > 20)
        for file in home.glob("ledger.db*"):
            file.unlink()
        with pytest.raises(LedgerError, match=str(home)):
            await asyncio.wait_for(task, 5)
        assert executor.ended

    asyncio.run(scenario())


def test_a_truncated_ledger_ends_the_worker_with_a_clear_error(tmp_path: Path) -> None:
    async def scenario() -> None:
        with Ledger.open(tmp_path) as ledger:
            submit(ledger, 10_000)
        executor = ScriptedExecutor(size=1, room=4, seconds=0.01)
        task = asyncio.create_task(Worker(tmp_path, lambda: executor).run())
        await until(lambda: len(executor.begun) > 20)
        os.truncate(tmp_path / "ledger.db", 8192)
        with pytest.raises(LedgerError):
            await asyncio.wait_for(task, 5)

    asyncio.run(scenario())


def test_a_commit_that_fails_ends_the_worker_and_keeps_what_is_committed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gleanery.jobs.ledger.writer import LedgerWriter

    commit = LedgerWriter.commit

    def full(self: LedgerWriter, deliveries: object, paces: object = None) -> int:
        if deliveries and deliveries[0].outcome.position > 100:  # type: ignore[index]
            raise LedgerError("The disk is full. Make room, then: gleanery worker start")
        return commit(self, deliveries, paces)  # type: ignore[arg-type]

    monkeypatch.setattr(LedgerWriter, "commit", full)
    executor = ScriptedExecutor(size=1, room=4, seconds=0.001)
    with Ledger.open(tmp_path) as ledger:
        job = submit(ledger, 5000)
        began = time.monotonic()
        with pytest.raises(LedgerError, match="disk is full"):
            work_off(tmp_path, executor)
        assert time.monotonic() - began < 5
        assert len(executor.begun) < 1000
        monkeypatch.undo()
        work_off(tmp_path, ScriptedExecutor(size=50, room=400))
        assert export(ledger, job) == expected(5000)


def test_the_wrong_outcomes_of_a_shard_are_not_kept(tmp_path: Path) -> None:
    class Wrong(ScriptedExecutor):
        async def run(self, shard: Shard) -> list[object]:  # type: ignore[override]
            return (await super().run(shard))[1:]  # type: ignore[return-value]

    with Ledger.open(tmp_path) as ledger:
        job = submit(ledger, some_records(8))
        work_off(tmp_path, Wrong())
        assert ledger.job(job.id).state == "failed"
        assert ledger.job(job.id).counts.done == 0
