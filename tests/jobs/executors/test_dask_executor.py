"""The Dask executor on a scheduler and workers that were started by hand, over TLS."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dask_performers import ROOM, opener, said, shard, work
from dask_processes import Cluster, certificates, started

from gleanery.errors import ContextWindowError, EndpointError, ModelNotFoundError, UsageError
from gleanery.jobs.executors import dask_client, dask_tasks
from gleanery.jobs.executors.dask import DaskExecutor
from gleanery.jobs.executors.dask_address import DaskAddress, Tls
from gleanery.jobs.executors.dask_sizing import DaskSizing
from gleanery.jobs.executors.executor import EngineLost, ShardWithdrawn

pytestmark = pytest.mark.xdist_group("dask")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("dask")
    cluster = Cluster(folder, certificates(folder))
    try:
        cluster.start(2)
        yield cluster
    finally:
        cluster.stop()


# Performing


def test_shards_are_performed_in_order_on_all_workers(cluster: Cluster, tmp_path: Path) -> None:
    async def perform() -> None:
        job = work("j-order", tmp_path)
        async with started(cluster) as executor:
            opened = await executor.open(job)
            assert (opened.digests, opened.fingerprint) == ({"scripted/model": "d"}, "fingerprint")
            assert opened.skipped == ("one was skipped",)
            assert executor.shard_size(job) == ROOM
            assert executor.capacity(job) == 2 * 4 * ROOM
            shards = [shard(job, f"s-{n}", *["sleep 0.1"] * 6, start=6 * n + 1) for n in range(6)]
            outcomes = [part for done in await asyncio.gather(*map(executor.run, shards)) for part in done]
        assert [outcome.position for outcome in outcomes] == list(range(1, 37))
        assert all(outcome.status == "ok" and b"sleep 0.1" in outcome.body for outcome in outcomes)

    asyncio.run(perform())
    lines = said(tmp_path)
    assert len({pid for what, _, pid in lines if what == "begun"}) == 2
    opened_by = [pid for what, _, pid in lines if what == "opened"]
    assert len(opened_by) == len(set(opened_by)) == 2, "the work is opened once in each process"
    assert [what for what, _, _ in lines].count("closed") == 2


def test_no_more_records_are_in_flight_than_there_is_room_for(cluster: Cluster, tmp_path: Path) -> None:
    async def perform() -> None:
        job = work("j-room", tmp_path)
        async with started(cluster, job) as executor:
            await asyncio.gather(*(executor.run(shard(job, f"s-{n}", *["sleep 0.05"] * 20)) for n in range(4)))

    asyncio.run(perform())
    flying: dict[str, int] = {}
    most = 0
    for what, _, pid in said(tmp_path):
        flying[pid] = flying.get(pid, 0) + {"begun": 1, "ended": -1}.get(what, 0)
        most = max(most, *flying.values())
    assert most == ROOM


def test_work_for_the_cores_leaves_dasks_loop_free(cluster: Cluster, tmp_path: Path) -> None:
    async def perform() -> None:
        job = work("j-spin", tmp_path, embedded=True)
        async with started(cluster, job) as executor:
            task = asyncio.create_task(executor.run(shard(job, "s-1", *["spin 0.1"] * 64)))
            await asyncio.sleep(0.3)
            began = time.monotonic()
            assert executor._made is not None
            assert len(await executor._made.ask(dask_tasks.begun_here, ())) == 2, "both workers answer"
            assert time.monotonic() - began < 1.5
            await executor.cancel(["s-1"])
            with pytest.raises(ShardWithdrawn):
                await task

    asyncio.run(perform())
    assert sum(what == "ended" for what, _, _ in said(tmp_path)) < 64


def test_a_worker_that_joins_later_learns_of_the_work(cluster: Cluster, tmp_path: Path) -> None:
    async def perform() -> set[str]:
        job = work("j-late", tmp_path)
        async with started(cluster, job) as executor:
            process = await asyncio.to_thread(cluster.add_worker)
            try:
                shards = [shard(job, f"s-{n}", *["sleep 0.2"] * 2) for n in range(12)]
                done = await asyncio.gather(*map(executor.run, shards))
                assert [len(outcomes) for outcomes in done] == [2] * 12
                await asyncio.sleep(dask_client.REFRESH)
                assert executor.capacity(job) == 2 * 6 * executor.shard_size(job)
            finally:
                process.kill()
                process.wait()
        return {str(process.pid)} & {pid for what, _, pid in said(tmp_path) if what == "begun"}

    assert asyncio.run(perform()), "it performed some"
    cluster.start(2)


# Errors


def test_errors_of_the_models_arrive_as_they_are(cluster: Cluster, tmp_path: Path) -> None:
    async def perform() -> None:
        job = work("j-errors", tmp_path)
        async with started(cluster, job) as executor:
            with pytest.raises(EndpointError, match=r"The server is gone\.$"):
                await executor.run(shard(job, "s-1", "sleep 5", "gone"))
            outcomes = await executor.run(shard(job, "s-2", "x", "break", "y"))
            assert [outcome.status for outcome in outcomes] == ["ok", "failed", "ok"]
            assert b"ValueError: it broke" in outcomes[1].body
            with pytest.raises(ContextWindowError, match=r"It does not fit\. \(on tls://") as caught:
                await executor.open(work("j-unfit", tmp_path, fails=True))
            assert (caught.value.tokens, caught.value.window) == (9, 8)

    asyncio.run(perform())
    assert ("aborted", "r-1") in {line[:2] for line in said(tmp_path)}, "the others of the shard are ended with it"


def test_workers_that_see_different_models_are_refused(cluster: Cluster, tmp_path: Path) -> None:
    async def perform() -> None:
        async with started(cluster) as executor:
            with pytest.raises(ModelNotFoundError, match="has another `scripted/model` than the first one"):
                await executor.open(work("j-differ", tmp_path, digest="pid"))

    asyncio.run(perform())


# Withdrawing and cancelling


def test_cancelling_ends_what_runs_at_once(cluster: Cluster, tmp_path: Path) -> None:
    async def perform() -> float:
        job = work("j-cancel", tmp_path)
        async with started(cluster, job) as executor:
            ids = [f"s-{n}" for n in range(8)]
            tasks = [asyncio.create_task(executor.run(shard(job, id, "sleep 30", "sleep 30"))) for id in ids]
            while sum(what == "begun" for what, _, _ in said(tmp_path)) < 8:
                await asyncio.sleep(0.02)
            began = time.monotonic()
            await executor.cancel(ids)
            seconds = time.monotonic() - began
            raised = await asyncio.gather(*tasks, return_exceptions=True)
            assert {type(error) for error in raised} == {ShardWithdrawn}
            assert sum(what == "aborted" for what, _, _ in said(tmp_path)) == 8
            assert len(await executor.run(shard(job, "s-after", "x"))) == 1
            return seconds

    assert asyncio.run(perform()) < 2
    assert sum(what == "begun" for what, _, _ in said(tmp_path)) == 9, "of what was not begun nothing began"


def test_withdrawing_gives_back_what_was_not_begun(cluster: Cluster, tmp_path: Path) -> None:
    async def perform() -> None:
        job = work("j-withdraw", tmp_path)
        async with started(cluster, job) as executor:
            ids = [f"s-{n}" for n in range(8)]
            tasks = [asyncio.create_task(executor.run(shard(job, id, "sleep 1.5"))) for id in ids]
            while sum(what == "begun" for what, _, _ in said(tmp_path)) < 4:
                await asyncio.sleep(0.02)
            await executor.withdraw(ids)
            ends = await asyncio.gather(*tasks, return_exceptions=True)
            assert sorted(type(end).__name__ for end in ends) == ["ShardWithdrawn"] * 4 + ["list"] * 4

    asyncio.run(perform())
    assert sum(what == "begun" for what, _, _ in said(tmp_path)) == 4


# Who may be there


@pytest.mark.parametrize(
    ("before", "message"),
    [
        ("import sys; sys.modules['gleanery'] = None", "Gleanery is not installed where the Dask worker tls://"),
        (
            "import importlib.metadata as m; v = m.version\n"
            "m.version = lambda name: '0.0.7' if name == 'gleanery' else v(name)",
            r"has gleanery 0\.0\.7, and here it is",
        ),
    ],
)
def test_workers_with_something_else_installed_are_refused(cluster: Cluster, before: str, message: str) -> None:
    async def perform() -> None:
        async with started(cluster):
            pass

    process = cluster.add_worker(before)
    try:
        with pytest.raises(UsageError, match=message) as caught:
            asyncio.run(perform())
        assert "pip install" in str(caught.value)
    finally:
        process.kill()
        process.wait()


def test_nobody_there_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_client, "PATIENCE", 0.3)

    with pytest.raises(EngineLost, match=r"No Dask scheduler answers at tcp://127\.0\.0\.1:9 .*`dask scheduler`"):
        asyncio.run(DaskExecutor("tcp://127.0.0.1:9", opener).start())


def test_without_the_right_certificate_nobody_gets_in(
    cluster: Cluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_client, "PATIENCE", 1.0)
    other = certificates(tmp_path)
    with pytest.raises(EngineLost, match="TLS files"):
        asyncio.run(DaskExecutor(cluster.address, opener, tls=other).start())
    with pytest.raises(EngineLost, match="No Dask scheduler answers"):
        asyncio.run(DaskExecutor(cluster.address.replace("tls", "tcp"), opener).start())


# Addresses


@pytest.mark.parametrize("text", ["", "host:8786", "http://host:8786", "tcp://host", "tls://", "local:", "local:0"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="local:"):
        DaskAddress.parse(text)


def test_tls_wants_its_files(tmp_path: Path) -> None:
    tls = Tls(tmp_path / "ca.pem", tmp_path / "cert.pem", tmp_path / "key.pem")
    with pytest.raises(UsageError, match="--tls-ca"):
        DaskAddress.parse("tls://host:8786")
    with pytest.raises(UsageError, match=r"--tls-ca .*ca\.pem: cannot be read"):
        DaskAddress.parse("tls://host:8786", tls)
    with pytest.raises(UsageError, match="not protected"):
        DaskAddress.parse("tcp://host:8786", tls)


@pytest.mark.parametrize("address", ["tcp://192.0.2.1:8786", "tcp://[2001:db8::1]:8786", "tcp://0.0.0.0:8786"])
def test_plain_tcp_stays_on_this_machine_unless_told(address: str) -> None:
    with pytest.raises(UsageError, match="--insecure") as caught:
        asyncio.run(DaskExecutor(address, opener).start())
    assert f"--dask {address.replace('tcp', 'tls')} --tls-ca" in str(caught.value)
    asyncio.run(DaskAddress.parse(address).check_way(insecure=True))


def test_loopback_by_any_name_needs_no_protection() -> None:
    for address in ("tcp://localhost:8786", "tcp://127.0.0.1:8786", "tcp://[::1]:8786"):
        asyncio.run(DaskAddress.parse(address).check_way(insecure=False))


# Sizes


def test_shards_grow_and_shrink_to_the_seconds_that_are_wanted() -> None:
    sizing = DaskSizing(10.0, embedded=True)
    assert sizing.size == 64
    sizing.learn(64, 0.1, 1)
    assert sizing.size == 128, "by a factor of two at most"
    for _ in range(8):
        sizing.learn(sizing.size, sizing.size * 0.02, 1)
    assert sizing.size == 500
    sizing.learn(3, 60.0, 1)
    assert sizing.size == 500, "a small shard says little"
    for _ in range(12):
        sizing.learn(sizing.size, 50.0 * sizing.size, 1)
    assert sizing.size == 1


def test_a_shard_for_a_server_has_no_fewer_records_than_it_has_room_for() -> None:
    sizing = DaskSizing(10.0, embedded=False)
    sizing.room = 64
    assert sizing.size == 64
    sizing.learn(64, 30.0, 64)
    assert sizing.size == 64
    sizing.learn(64, 1.0, 80)
    assert sizing.size == 160
