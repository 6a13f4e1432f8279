"""What the Dask executor makes of processes that die, freeze or kill: all of it done to real ones."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dask_performers import said, shard, work
from dask_processes import HERE, Cluster, alive, started

from gleanery.jobs.executors.executor import EngineLost, ShardSuspect

pytestmark = pytest.mark.xdist_group("dask")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    cluster = Cluster(tmp_path_factory.mktemp("dask"))
    try:
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def cluster(shared: Cluster) -> Cluster:
    shared.start(2)
    return shared


async def until(ready: Callable[[], bool]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(60):
        while not ready():
            await asyncio.sleep(0.02)


def begun(folder: Path) -> list[int]:
    """The processes that began a record, one for each."""
    return [int(pid) for what, _, pid in said(folder) if what == "begun"]


def test_shards_of_a_killed_worker_are_performed_by_another(cluster: Cluster, tmp_path: Path) -> None:
    async def perform() -> None:
        job = work("j-killed", tmp_path)
        async with started(cluster, job) as executor:
            tasks = [asyncio.create_task(executor.run(shard(job, f"s-{n}", "sleep 0.7"))) for n in range(8)]
            await until(lambda: len(begun(tmp_path)) == 4)
            victim = cluster.workers[0].pid
            os.kill(victim, signal.SIGKILL)
            done = await asyncio.gather(*tasks)
            assert [len(outcomes) for outcomes in done] == [1] * 8
            assert victim in begun(tmp_path)
            assert set(begun(tmp_path)[4:]) == {cluster.workers[1].pid}

    asyncio.run(perform())


def test_shards_of_a_frozen_worker_are_performed_by_another(cluster: Cluster, tmp_path: Path) -> None:
    async def perform() -> None:
        job = work("j-frozen", tmp_path)
        async with started(cluster, job, deadline=0.6) as executor:
            frozen, other = (worker.pid for worker in cluster.workers)
            tasks = [asyncio.create_task(executor.run(shard(job, f"s-{n}", "sleep 0.4"))) for n in range(4)]
            await until(lambda: frozen in begun(tmp_path))
            os.kill(frozen, signal.SIGSTOP)
            try:
                done = await asyncio.gather(*tasks)
                assert [len(outcomes) for outcomes in done] == [1] * 4
                count = len(begun(tmp_path))
                began = time.monotonic()
                await asyncio.gather(*(executor.run(shard(job, f"t-{n}", "sleep 0.1")) for n in range(4)))
                assert time.monotonic() - began < 2, "what comes now does not go to the frozen one"
                assert set(begun(tmp_path)[count:]) == {other}
            finally:
                os.kill(frozen, signal.SIGCONT)

    asyncio.run(perform())


def test_a_shard_that_takes_long_is_left_to_its_worker(cluster: Cluster, tmp_path: Path) -> None:
    async def perform() -> None:
        job = work("j-slow", tmp_path)
        async with started(cluster, job, deadline=0.2) as executor:
            assert len(await executor.run(shard(job, "s-1", "sleep 1.2"))) == 1

    asyncio.run(perform())
    assert len(begun(tmp_path)) == 1


def test_a_killed_scheduler_is_an_engine_lost(cluster: Cluster, tmp_path: Path) -> None:
    async def perform() -> None:
        job = work("j-lost", tmp_path)
        async with started(cluster, job) as executor:
            tasks = [asyncio.create_task(executor.run(shard(job, f"s-{n}", "sleep 30"))) for n in range(8)]
            await until(lambda: len(begun(tmp_path)) == 4)
            assert cluster.scheduler is not None
            cluster.scheduler.kill()
            cluster.scheduler.wait()
            began = time.monotonic()
            raised = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(error) for error in raised} == {EngineLost}, "no cancellation, and no failure"
            assert time.monotonic() - began < 3
            with pytest.raises(EngineLost, match="is lost"):
                await executor.run(shard(job, "s-9", "x"))

    asyncio.run(perform())
    for worker in cluster.workers:
        worker.kill()
        worker.wait()


def test_a_poison_record_is_suspect_and_innocents_do_well_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE))

    async def perform() -> None:
        job = work("j-poison", tmp_path)
        async with started(None, job) as executor:
            shards = [shard(job, f"s-{n}", "sleep 0.2", "die" if n == 1 else "x") for n in range(4)]
            ends = await asyncio.gather(*map(executor.run, shards), return_exceptions=True)
            assert isinstance(ends[1], ShardSuspect)
            for n, end in enumerate(ends):
                if n == 1:
                    continue
                if isinstance(end, ShardSuspect):  # it lay in the same processes; alone it does well
                    end = await executor.run(shard(job, f"again-{n}", *(record.text for record in shards[n].records)))
                assert isinstance(end, list)
                assert len(end) == 2
            assert len(await executor.run(shard(job, "half", "sleep 0.2"))) == 1
            with pytest.raises(ShardSuspect, match="other-half"):
                await executor.run(shard(job, "other-half", "die"))

    asyncio.run(perform())


def test_its_own_processes_end_with_the_driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    driver = subprocess.Popen([sys.executable, str(HERE / "dask_driver.py"), str(tmp_path)])
    try:
        asyncio.run(until(lambda: len(begun(tmp_path)) == 4))
    finally:
        driver.kill()
        driver.wait()
    workers = set(begun(tmp_path))
    assert len(workers) == 2
    asyncio.run(until(lambda: not any(map(alive, workers))))
