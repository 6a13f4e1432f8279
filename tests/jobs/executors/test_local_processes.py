"""The specialist's processes: what becomes of shards when they die, hang or are killed, and of them when we are."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import performers
import psutil
import pytest
from performers import open_obedient, open_specialist, shard_of, work_of

from gleanery.errors import EndpointError, ModelError
from gleanery.jobs.executors.executor import EngineLost, ShardFailed, ShardSuspect, ShardWithdrawn
from gleanery.jobs.executors.local import LocalExecutor
from gleanery.jobs.outcome import Outcome, line_of, outcome_of
from gleanery.jobs.work import Opener, Work

Use = Callable[[LocalExecutor, Work], Awaitable[None]]


def use(use: Use, *, opener: Opener = open_obedient, work: Work | None = None, **options: float) -> None:
    """Open the work, use the executor, close it; nothing of it may be left."""

    async def run() -> None:
        opened = work or work_of()
        executor = LocalExecutor(opener, **{"processes": 2, **options})  # type: ignore[arg-type]
        pids: list[int] = []
        try:
            await executor.open(opened)
            await use(executor, opened)
            pids = executor.pids
        finally:
            async with asyncio.timeout(10):
                await executor.aclose()
        assert not [pid for pid in pids if exists(pid)]
        assert executor.pids == []

    asyncio.run(run())


def exists(pid: int) -> bool:
    """Whether it runs, or could; an orphan that nobody has buried does not."""
    try:
        return psutil.Process(pid).status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.NoSuchProcess:
        return False


def said(outcomes: list[Outcome]) -> list[str]:
    return [outcome.body.split(b'"')[5].decode() for outcome in outcomes]


async def pid_of(executor: LocalExecutor, work: Work, number: int) -> int:
    return int(said(await executor.run(shard_of(work, number, "pid")))[0])


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def test_outcomes_are_one_for_each_record_in_order() -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        texts = [[f"text {n}.{m}" for m in range(n % 5)] for n in range(40)]
        shards = [shard_of(work, n, *lines, first=10 * n) for n, lines in enumerate(texts)]
        for shard, lines, outcomes in zip(shards, texts, await asyncio.gather(*map(executor.run, shards)), strict=True):
            assert said(outcomes) == lines
            assert [outcome.position for outcome in outcomes] == [record.position for record in shard.records]

    use(work_on)


def test_shards_are_spread_over_as_many_processes_as_there_may_be() -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        assert len(executor.pids) == 1  # the others start when there is work for them
        await asyncio.gather(*(executor.run(shard_of(work, n, "sleep 0.05")) for n in range(12)))
        await until(lambda: len(executor.pids) == 2)
        found = await asyncio.gather(*(executor.run(shard_of(work, n, "sleep 0.02", "pid")) for n in range(20, 32)))
        assert {int(said(outcomes)[1]) for outcomes in found} == set(executor.pids)
        assert os.getpid() not in executor.pids

    use(work_on)


def test_the_specialist_gives_the_same_there_as_here(tmp_path: Path) -> None:
    from datetime import date

    from gleanery.staging import specialist_for
    from gleanery.tasks.declarations import load_task

    lines = Path("examples/references.txt").read_text().splitlines()
    here = specialist_for(load_task("bibliography"), date(2026, 11, 20))

    async def work_on(executor: LocalExecutor, work: Work) -> None:
        shards = [shard_of(work, n, *lines[n : n + 3], first=n + 1) for n in range(0, len(lines), 3)]
        there = await asyncio.gather(*map(executor.run, shards))
        for shard, outcomes in zip(shards, there, strict=True):
            expected = [outcome_of(*pair) for pair in zip(shard.records, here(shard.records), strict=True)]
            assert [o.body for o in outcomes] == [o.body for o in expected]
            assert all(line_of(r, o.body).startswith(b'{"id":') for r, o in zip(shard.records, outcomes, strict=True))

    use(work_on, opener=open_specialist)


@pytest.mark.parametrize(
    ("text", "why"),
    [("kill SIGKILL", "SIGKILL"), ("kill SIGSEGV", "SIGSEGV"), ("exit 0", "status 0"), ("exit 3", "status 3")],
)
def test_a_shard_that_kills_its_process_is_suspect_and_nothing_else_suffers(text: str, why: str) -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        shards = [shard_of(work, n, "echo", text if n == 3 else "sleep 0.01") for n in range(12)]
        ends = await asyncio.gather(*map(executor.run, shards), return_exceptions=True)
        assert isinstance(suspect := ends.pop(3), ShardSuspect)
        assert why in str(suspect)
        assert [len(end) for end in ends if isinstance(end, list)] == [2] * 11

    use(work_on)


def test_a_process_that_is_killed_is_replaced_and_only_what_it_had_in_hand_is_suspect() -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        victim = await pid_of(executor, work, 1)
        going = [asyncio.create_task(executor.run(shard_of(work, n, "sleep 0.15", "pid"))) for n in range(2, 5)]
        await asyncio.sleep(0.05)
        os.kill(victim, signal.SIGKILL)
        ends = await asyncio.gather(*going, return_exceptions=True)
        assert [type(end) for end in ends] == [ShardSuspect, list, list]  # the second lay ready in the same process
        assert victim not in [int(said(end)[1]) for end in ends if isinstance(end, list)]
        assert not exists(victim)

    use(work_on, processes=1)


def test_many_kills_lose_nothing() -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        done: dict[int, list[str]] = {}

        async def until_done(number: int) -> None:
            for turn in range(20):
                shard = shard_of(work, 100 * number + turn, "sleep 0.01", f"text {number}")
                try:
                    done[number] = said(await executor.run(shard))
                    return
                except ShardSuspect:
                    continue

        going = asyncio.gather(*map(until_done, range(80)))
        for _ in range(6):
            await until(lambda: executor.pids or going.done())
            for pid in executor.pids[:1]:
                os.kill(pid, signal.SIGKILL)
            await asyncio.sleep(0.05)
        await going
        assert done == {n: ["sleep 0.01", f"text {n}"] for n in range(80)}

    use(work_on)


def test_a_frozen_process_is_killed_when_its_time_is_up() -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        victim = await pid_of(executor, work, 1)
        os.kill(victim, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(ShardSuspect, match=r"no answer for 0\.5 seconds"):
            await executor.run(shard_of(work, 2, "echo"))
        assert 0.4 < time.monotonic() - began < 3
        await until(lambda: not exists(victim))
        assert await pid_of(executor, work, 3) != victim

    use(work_on, processes=1, deadline=0.5)


def test_a_long_shard_has_its_time_though_others_lie_ready() -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        shards = [shard_of(work, n, "sleep 0.4") for n in range(4)]
        assert all(await asyncio.gather(*map(executor.run, shards)))

    use(work_on, processes=1, deadline=0.8)


PARENT = """\
import asyncio, sys
sys.path.insert(0, {folder!r})
from performers import open_obedient, shard_of, work_of
from gleanery.jobs.executors.local import LocalExecutor

async def main():
    executor, work = LocalExecutor(open_obedient, processes=2), work_of()
    await executor.open(work)
    going = [asyncio.create_task(executor.run(shard_of(work, n, "sleep {seconds}"))) for n in range(6)]
    while len(executor.pids) < 2:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    print(*executor.pids, flush=True)
    await asyncio.gather(*going)
    print("done", flush=True)
    await executor.aclose()

asyncio.run(main())
"""


def parent(seconds: float) -> subprocess.Popen[str]:
    code = PARENT.format(folder=str(Path(performers.__file__).parent), seconds=seconds)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("stopped", [False, True])
def test_processes_end_when_their_parent_is_killed_whatever_they_do(stopped: bool) -> None:
    if stopped and sys.platform != "linux":
        pytest.skip("A stopped process is killed with its parent by Linux alone.")
    with parent(30) as process:
        assert process.stdout is not None
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert len(pids) == 2
        if stopped:
            os.kill(pids[0], signal.SIGSTOP)
        process.kill()
        process.wait()
        asyncio.run(until(lambda: not any(map(exists, pids)), 1.0))


def test_ctrl_c_is_not_for_them() -> None:
    with parent(0.2) as process:
        assert process.stdout is not None
        pids = [int(pid) for pid in process.stdout.readline().split()]
        for pid in pids:
            assert os.getpgid(pid) != os.getpgid(process.pid)
            os.kill(pid, signal.SIGINT)
        assert process.communicate(timeout=10) == ("done\n", "")
    assert process.returncode == 0


def test_they_write_nothing_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        assert said(await executor.run(shard_of(work, 1, "print"))) == ["print"]
        with pytest.raises(ShardSuspect, match=r"status 3\. It last said: cried"):
            await executor.run(shard_of(work, 2, "print", "exit 3"))

    use(work_on)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are read from /proc")
def test_they_inherit_no_descriptor(tmp_path: Path) -> None:
    def of(pid: int) -> set[str]:
        return {str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir() if os.path.lexists(entry)}

    async def work_on(executor: LocalExecutor, work: Work) -> None:
        await asyncio.gather(*(executor.run(shard_of(work, n, "sleep 0.05")) for n in range(8)))
        await until(lambda: len(executor.pids) == 2)
        ours = of(os.getpid())
        assert str(ledger) in ours
        for pid in executor.pids:
            shared = {name for name in of(pid) & ours if not name.startswith(("/dev/", "anon_inode:"))}
            assert len(shared) == 1  # what it says last
            assert "(deleted)" in shared.pop()

    ledger = tmp_path / "ledger.db"
    with ledger.open("wb") as stream:
        os.set_inheritable(stream.fileno(), True)
        use(work_on)


def test_what_is_wrong_comes_back_as_it_is() -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        with pytest.raises(EndpointError, match="because"):
            await executor.run(shard_of(work, 1, "raise EndpointError"))
        with pytest.raises(ShardFailed, match="ValueError: because"):
            await executor.run(shard_of(work, 2, "raise ValueError"))
        with pytest.raises(ShardFailed, match=r"^because$"):
            await executor.run(shard_of(work, 3, "raise ReplyError"))
        with pytest.raises(ShardFailed, match="SystemExit: 5"):
            await executor.run(shard_of(work, 4, "leave"))

    use(work_on)


@pytest.mark.parametrize(
    "texts", [("raise OSError",), ("raise MemoryError",), ("echo", "raise ValueError"), ("few", "")]
)
def test_what_may_not_be_the_records_fault_makes_a_suspect(texts: tuple[str, ...]) -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        with pytest.raises(ShardSuspect):
            await executor.run(shard_of(work, 1, *texts))
        assert await executor.run(shard_of(work, 2, "echo"))

    use(work_on)


def test_an_opener_that_refuses() -> None:
    with pytest.raises(EndpointError, match="because"):
        use(_nothing, work=work_of(open=b"raise EndpointError"))
    with pytest.raises(ModelError, match=r"j-work01 cannot be opened: KeyError: 'because'"):
        use(_nothing, work=work_of(open=b"raise KeyError"))
    with pytest.raises(ModelError, match=r"j-work01 cannot be opened. No process stays alive for it.*status 3"):
        use(_nothing, work=work_of(open=b"exit 3"))


def test_where_no_process_can_be_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ModelError, match=r"cannot be started.*/nowhere/python"):
        use(_nothing)


def test_a_process_that_is_killed_while_it_opens_is_replaced(tmp_path: Path) -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        assert said(await executor.run(shard_of(work, 1, "echo"))) == ["echo"]

    use(work_on, work=work_of(once=str(tmp_path / "once").encode()))


def test_an_opener_that_refuses_once_is_asked_again() -> None:
    async def run() -> None:
        executor = LocalExecutor(open_obedient, processes=1)
        with pytest.raises(EndpointError):
            await executor.open(work_of(open=b"raise EndpointError"))
        opened = await executor.open(work_of())
        assert opened.fingerprint == "f"
        assert await executor.run(shard_of(work_of(), 1, "echo"))
        await executor.aclose()

    asyncio.run(run())


def test_where_processes_die_at_once_the_engine_is_lost() -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        (pid,) = executor.pids
        work.bundle["open"] = b"exit 4"  # type: ignore[index]
        os.kill(pid, signal.SIGKILL)
        await until(lambda: not executor.pids)
        with pytest.raises(EngineLost, match="status 4"):
            await executor.run(shard_of(work, 1, "echo"))

    use(work_on)


def test_what_no_process_has_yet_is_withdrawn_and_the_rest_ends_well() -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        going = [asyncio.create_task(executor.run(shard_of(work, n, "sleep 0.1"))) for n in range(6)]
        await asyncio.sleep(0.02)
        began = time.monotonic()
        await executor.withdraw([f"s-{n}" for n in range(7)])
        ends = await asyncio.gather(*going, return_exceptions=True)
        assert [type(end) for end in ends] == [list, list, *[ShardWithdrawn] * 4]
        assert time.monotonic() - began < 0.5

    use(work_on, processes=1)


def test_cancelled_shards_end_at_once_and_a_stuck_process_does_not_stay() -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        (stuck,) = executor.pids
        going = [asyncio.create_task(executor.run(shard_of(work, n, "sleep 60"))) for n in range(3)]
        await asyncio.sleep(0.05)
        began = time.monotonic()
        await executor.cancel([f"s-{n}" for n in range(3)])
        ends = await asyncio.gather(*going, return_exceptions=True)
        assert [type(end) for end in ends] == [ShardWithdrawn] * 3
        assert time.monotonic() - began < 0.2
        assert await pid_of(executor, work, 9) != stuck
        assert time.monotonic() - began < 3

    use(work_on, processes=1)


def test_a_closed_work_can_be_opened_again_and_processes_stay_warm() -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        first = await pid_of(executor, work, 1)
        await executor.close(work)
        await executor.open(work)
        other = work_of("j-work02")
        await executor.open(other)
        assert await pid_of(executor, work, 2) == await pid_of(executor, other, 3) == first

    use(work_on, processes=1)


def test_first_shards_are_small_and_later_ones_take_a_moment() -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        sizes = []
        for number in range(12):
            sizes.append(size := executor.shard_size(work))
            assert executor.capacity(work) >= size
            await executor.run(shard_of(work, number, *["sleep 0.0005"] * size))
        assert sizes[:3] == [1, 8, 32]
        assert 32 < sizes[-1] <= 150

    use(work_on, processes=1)


def test_a_second_job_is_opened_in_all_processes_while_they_work() -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        going = [asyncio.create_task(executor.run(shard_of(work, n, "sleep 0.05"))) for n in range(12)]
        await until(lambda: len(executor.pids) == 2)
        other = work_of("j-work02")
        await executor.open(other)
        ends = await asyncio.gather(*(executor.run(shard_of(other, n, "sleep 0.02", "pid")) for n in range(20, 40)))
        assert {int(said(end)[1]) for end in ends} == set(executor.pids)
        assert all(await asyncio.gather(*going))

    use(work_on)


def test_without_processes_of_our_own_it_is_done_in_this_one() -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        assert await pid_of(executor, work, 1) == os.getpid()
        assert executor.pids == []
        assert executor.shard_size(work) == 8

    use(work_on, processes=0)


async def _nothing(executor: LocalExecutor, work: Work) -> None:
    raise AssertionError("It was opened.")
