"""Commands to a working worker: obeyed in time, and nothing repeated."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from scripted_executor import ScriptedExecutor, at_work, expected, export, some_records, submit, until

from gleanery.jobs.executors.executor import ShardFailed
from gleanery.jobs.job import Verb
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.ledger.wire import wire_file
from gleanery.jobs.work import Shard

Scenario = Callable[[Ledger], Awaitable[None]]


def play(home: Path, scenario: Scenario) -> None:
    with Ledger.open(home) as ledger:
        asyncio.run(scenario(ledger))  # type: ignore[arg-type]


async def ask(ledger: Ledger, job: str, verb: Verb, **arguments: object) -> str:
    """Ask, and wait for the answer."""
    number = ledger.ask(job, verb, arguments)
    await until(lambda: ledger.command(number).answer is not None)
    return ledger.command(number).answer or ""


def test_pause_and_resume(tmp_path: Path) -> None:
    executor = ScriptedExecutor(size=1, room=16, slots=8, seconds=0.02)

    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 300)
        async with at_work(tmp_path, executor):
            await until(lambda: len(executor.begun) > 50)
            asked = time.monotonic()
            await ask(ledger, job.id, "pause")
            assert time.monotonic() - asked < 1
            await asyncio.sleep(0.3)
            assert executor.begun[-1][0] - asked < 0.5
            paused = ledger.job(job.id)
            assert paused.state == "paused"
            assert paused.counts.ok == len(executor.begun) < 300  # what was in flight ended, and is committed
            assert executor.closed == [job.id]
            asked = time.monotonic()
            await ask(ledger, job.id, "resume")
            await until(lambda: len(executor.begun) > paused.counts.ok)
            assert time.monotonic() - asked < 1
            await until(lambda: ledger.job(job.id).state == "done")
        assert len(executor.begun) == 300  # nothing was repeated
        assert export(ledger, job) == expected(300)

    play(tmp_path, scenario)


def test_a_job_that_is_resumed_before_it_came_to_rest_repeats_nothing(tmp_path: Path) -> None:
    executor = ScriptedExecutor(size=1, room=8, slots=4, seconds=0.3)

    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 16)
        async with at_work(tmp_path, executor):
            await until(lambda: len(executor.begun) == 4)
            await ask(ledger, job.id, "pause")
            await ask(ledger, job.id, "resume")
            await until(lambda: ledger.job(job.id).state == "done")
        assert sorted(executor.records()) == sorted(record.id for record in some_records(16))

    play(tmp_path, scenario)


def test_cancel_ends_what_is_in_flight(tmp_path: Path) -> None:
    executor = ScriptedExecutor(size=2, room=8, seconds=60)

    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 100)
        async with at_work(tmp_path, executor):
            await until(lambda: executor.in_flight == 8)
            asked = time.monotonic()
            await ask(ledger, job.id, "cancel")
            await until(lambda: executor.in_flight == 0)
            assert time.monotonic() - asked < 2
            assert ledger.job(job.id).state == "cancelled"
            await until(lambda: executor.closed)
            executor.seconds = 0
            await ask(ledger, job.id, "resume")
            await until(lambda: ledger.job(job.id).state == "done")
        assert export(ledger, job) == expected(100)

    play(tmp_path, scenario)


class Deaf(ScriptedExecutor):
    """Does not cancel."""

    async def cancel(self, ids: object) -> None:
        return


def test_an_executor_that_does_not_cancel_is_not_waited_for(tmp_path: Path) -> None:
    executor = Deaf(seconds=60)

    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 10)
        async with at_work(tmp_path, executor):
            await until(lambda: executor.begun)
            asked = time.monotonic()
            await ask(ledger, job.id, "cancel")
            await until(lambda: executor.closed)
            assert time.monotonic() - asked < 2

    play(tmp_path, scenario)


def test_what_comes_in_late_leaves_nothing_of_a_deleted_job(tmp_path: Path) -> None:
    executor = Deaf(size=1, room=4, seconds=0.3)

    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 10)
        async with at_work(tmp_path, executor):
            await until(lambda: executor.begun)
            await ask(ledger, job.id, "pause")
            await ask(ledger, job.id, "delete")
            await until(lambda: executor.in_flight == 0)
        assert not wire_file(tmp_path, job.id).exists()
        assert ledger.jobs() == []

    play(tmp_path, scenario)


def test_retry_while_the_job_runs(tmp_path: Path) -> None:
    async def fail_some(shard: Shard) -> None:
        if shard.records[0].position == 3 and not retried:
            raise ShardFailed("Not now.")

    retried: list[str] = []
    executor = ScriptedExecutor(size=1, room=4, seconds=0.05, script=fail_some)

    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 80)
        async with at_work(tmp_path, executor):
            await until(lambda: ledger.job(job.id).counts.failed == 1)
            retried.append(await ask(ledger, job.id, "retry"))
            await until(lambda: ledger.job(job.id).state == "done")
        assert executor.records().count("r-3") == 2
        assert len(executor.records()) == 81
        assert export(ledger, job) == expected(80)

    play(tmp_path, scenario)


def test_retry_of_a_job_that_is_done(tmp_path: Path) -> None:
    executor = ScriptedExecutor()

    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 20)
        async with at_work(tmp_path, executor):
            await until(lambda: ledger.job(job.id).state == "done")
            await ask(ledger, job.id, "retry", ids=["r-7", "r-9"])
            await until(lambda: ledger.job(job.id).state == "done" and ledger.job(job.id).counts.todo == 0)
        assert executor.records()[20:] == ["r-7", "r-9"]
        assert len(ledger.superseded(job.number, 7)) == 1

    play(tmp_path, scenario)


def test_delete_is_refused_while_the_job_runs_and_done_when_it_is_cancelled(tmp_path: Path) -> None:
    executor = ScriptedExecutor(size=1, room=4, seconds=0.1)

    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 1000)
        async with at_work(tmp_path, executor):
            await until(lambda: ledger.job(job.id).counts.done)
            assert "is running" in await ask(ledger, job.id, "delete")
            await ask(ledger, job.id, "pause")
            await ask(ledger, job.id, "delete")
            assert ledger.jobs() == []
            await until(lambda: executor.in_flight == 0)
        assert not wire_file(tmp_path, job.id).exists()

    play(tmp_path, scenario)


def test_move_changes_which_job_runs(tmp_path: Path) -> None:
    executor = ScriptedExecutor(size=1, room=2, seconds=0.02)

    async def scenario(ledger: Ledger) -> None:
        first, second = submit(ledger, 200), submit(ledger, 200)
        async with at_work(tmp_path, executor):
            await until(lambda: executor.begun)
            await ask(ledger, second.id, "move", to="first")
            await until(lambda: ledger.job(second.id).state == "running")
            await until(lambda: ledger.job(first.id).state == "queued")
            seen = len(executor.records(first.id))
            await until(lambda: len(executor.records(second.id)) > 10)
            assert len(executor.records(first.id)) == seen

    play(tmp_path, scenario)


@pytest.mark.parametrize("verb", ["pause", "cancel"])
def test_a_job_whose_models_are_being_opened_obeys_at_once(tmp_path: Path, verb: Verb) -> None:
    async def forever(work: object) -> None:
        await asyncio.sleep(60)

    async def scenario(ledger: Ledger) -> None:
        job = submit(ledger, 10)
        async with at_work(tmp_path, ScriptedExecutor(opening=forever)) as worker:
            await until(lambda: ledger.job(job.id).state == "running")
            await ask(ledger, job.id, verb)
            await until(lambda: worker.load()["jobs"] == [])

    play(tmp_path, scenario)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_is_asked_nothing_is_lost_or_done_twice(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    executor = ScriptedExecutor(size=3, room=12, slots=3, seconds=0.01)
    verbs: list[tuple[Verb, dict[str, object]]] = [
        ("pause", {}), ("resume", {}), ("move", {"to": "first"}), ("move", {"to": "last"}), ("move", {"priority": 1}),
        ("pause", {}), ("resume", {}), ("move", {"priority": 0}),
    ]  # fmt: skip

    async def scenario(ledger: Ledger) -> None:
        models = [("ollama/one",), ("ollama/one",), ("ollama/two",)]
        jobs = [submit(ledger, 150, models=each) for each in models]
        async with at_work(tmp_path, executor):
            for _ in range(25):
                verb, arguments = chance.choice(verbs)
                ledger.ask(chance.choice(jobs).id, verb, arguments)
                await asyncio.sleep(chance.random() * 0.08)
            for job in jobs:
                await ask(ledger, job.id, "resume")
            await until(lambda: all(ledger.job(job.id).state == "done" for job in jobs), 20)
        for job in jobs:
            assert export(ledger, job) == expected(150)
            assert sorted(executor.records(job.id)) == sorted(record.id for record in some_records(150))

    play(tmp_path, scenario)
