"""What can happen to a ledger under a worker that runs: it ends with a sentence, what was committed stands, and when
the cause is gone the job goes on to its end."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import worker_disk
from real_worker import Bench, TitleServer, WorkerProcess, sentence, titles

from gleanery.jobs.job import Job
from gleanery.jobs.ledger.ledger import FILE
from gleanery.queue import Queue

COUNT = 400


@pytest.fixture
def server() -> Iterator[TitleServer]:
    with TitleServer(seconds=0.03) as server:
        yield server


@pytest.fixture
def bench(tmp_path: Path, server: TitleServer) -> Bench:
    return Bench(tmp_path, server)


def submitted(bench: Bench, count: int = COUNT) -> Job:
    with bench.queue() as queue:
        return bench.submit(queue, count)


def done(bench: Bench, job: Job) -> int:
    with bench.queue() as queue:
        return queue.job(job.id).counts.done


def goes_on_to_its_end(bench: Bench, job: Job, count: int = COUNT) -> None:
    """Every record once, in order."""
    bench.work_off()
    assert [line["output"]["title"] for line in bench.exported(job)] == titles(count)
    with bench.queue() as queue:
        ended = queue.job(job.id)
    assert (ended.state, ended.counts.ok, ended.counts.todo) == ("done", count, 0)
    checked = bench.command("ledger", "check")
    assert checked.returncode == 0, checked.stdout


def in_the_midst(bench: Bench, worker: WorkerProcess, records: int = 60) -> None:
    server = bench.server
    assert server is not None
    worker.until(lambda: len(server.asked) > records)


def fails(worker: WorkerProcess) -> str:
    assert worker.ended() == 1, worker.said
    assert ": queued" not in worker.said, "it could not be written"
    return sentence(worker.said)


def test_a_ledger_that_was_moved_is_whole_where_it_is_now(bench: Bench, server: TitleServer) -> None:
    job = submitted(bench)
    away = bench.folder / FILE
    with bench.worker() as worker:
        in_the_midst(bench, worker)
        before = done(bench, job)
        (bench.home / FILE).rename(away)
        assert "moved while it was open" in fails(worker)
    away.rename(bench.home / FILE)
    kept = bench.kept(job)
    assert len(kept) >= before > 0
    goes_on_to_its_end(bench, job)
    assert not kept & server.asked_again()


def _delete(home: Path) -> None:
    (home / FILE).unlink()


def _truncate(home: Path) -> None:
    os.truncate(home / FILE, (home / FILE).stat().st_size // 2)


def _replace(home: Path) -> None:
    shutil.copy(home / FILE, home / "copy")
    (home / "copy").rename(home / FILE)


def _lose_the_index(home: Path) -> None:
    (home / f"{FILE}-shm").unlink()


@pytest.mark.parametrize("break_it", [_delete, _truncate, _replace, _lose_the_index])
def test_a_ledger_that_was_broken_is_told_and_a_copy_takes_its_place(
    bench: Bench, break_it: Callable[[Path], None]
) -> None:
    job = submitted(bench)
    copy = bench.folder / "copy"
    with bench.worker() as worker:
        in_the_midst(bench, worker)
        assert bench.command("ledger", "backup", copy).returncode == 0
        break_it(bench.home)
        said = fails(worker)
        assert str(bench.home / FILE) in said and "gleanery ledger backup" in said
    if break_it is _truncate:
        for door in (["jobs"], ["export", job.id], ["watch", job.id], ["pause", job.id]):
            ran = bench.command(*door)
            assert ran.returncode == 1 and "is damaged" in sentence(ran.stderr), door
    shutil.rmtree(bench.home, ignore_errors=True)
    copy.rename(bench.home)
    assert done(bench, job) > 0
    goes_on_to_its_end(bench, job)


@pytest.mark.parametrize("what", ["ledger", "wire"])
def test_a_disk_that_becomes_full(tmp_path: Path, what: str) -> None:
    """On a small file system of its own, where the system lets us make one."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rm", "true"], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    call = [unshare, "-rm", sys.executable, worker_disk.__file__, what, str(tmp_path)]
    ran = subprocess.run(call, capture_output=True, text=True, timeout=100)
    if ran.returncode == worker_disk.CANNOT:
        pytest.skip(f"no file system can be mounted here: {ran.stderr}")
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_a_file_that_may_not_grow(bench: Bench) -> None:
    resource = pytest.importorskip("resource")
    if not hasattr(resource, "prlimit"):
        pytest.skip("limits of other processes cannot be set here")
    job = submitted(bench)
    with bench.worker() as worker:
        in_the_midst(bench, worker)
        before = done(bench, job)
        resource.prlimit(worker.process.pid, resource.RLIMIT_FSIZE, (4096, 4096))
        assert str(bench.home) in fails(worker)
    assert done(bench, job) >= before > 0
    goes_on_to_its_end(bench, job)


def _allow(home: Path, *, writing: bool) -> None:
    for path in [home, *home.rglob("*")]:
        path.chmod((0o700 if path.is_dir() else 0o600) if writing else (0o500 if path.is_dir() else 0o400))


def test_a_ledger_that_becomes_read_only(bench: Bench, server: TitleServer) -> None:
    job = submitted(bench)
    with bench.worker(obedient=True) as worker:
        in_the_midst(bench, worker)
        _allow(bench.home, writing=False)  # what it has open it may write still
        in_the_midst(bench, worker, 100)
        worker.process.terminate()
        assert worker.ended() == 0, worker.said
    for call in (["worker", "run"], ["worker", "start"], ["pause", job.id]):
        ran = bench.command(*call, obedient=True)
        assert ran.returncode == 1 and str(bench.home) in sentence(ran.stderr), (call, ran)
    ran = bench.command("jobs", obedient=True)
    assert job.id in ran.stdout or str(bench.home) in sentence(ran.stderr)
    _allow(bench.home, writing=True)
    assert done(bench, job) > 60
    goes_on_to_its_end(bench, job)
    assert len(server.asked) == COUNT


def test_a_worker_that_is_killed_while_the_log_is_brought_into_the_ledger(bench: Bench, server: TitleServer) -> None:
    """Which it is told to do after each commit; as soon as the file changes, it is killed."""
    environ = patched(bench, "import gleanery.jobs.ledger.database as database; database._CHECKPOINT = 1")
    server.seconds = 0.005
    job, file = submitted(bench), bench.home / FILE
    for kill in range(1, 4):
        with bench.worker(environ=environ) as worker:
            in_the_midst(bench, worker, 60 * kill)
            changed = file.stat().st_mtime_ns
            by = time.monotonic() + 10
            while file.stat().st_mtime_ns == changed:
                assert time.monotonic() < by
            worker.kill()
        assert done(bench, job) > 0
    goes_on_to_its_end(bench, job)


def test_a_clock_that_is_set_back(bench: Bench, server: TitleServer) -> None:
    flag = bench.folder / "yesterday"
    environ = patched(
        bench,
        f"import os, time; now = time.time; time.time = lambda: now() - 86400 * os.path.exists({str(flag)!r})",
    )
    first = submitted(bench)
    with bench.worker(environ=environ) as worker, bench.queue() as queue:
        in_the_midst(bench, worker)
        flag.touch()
        in_the_midst(bench, worker, 120)
        second = bench.submit(queue, 20, "ollama/two", name="B")
        for verb in ("pause", "resume"):
            began = time.monotonic()
            queue.ask(first.id, verb)
            assert time.monotonic() - began < 2
        worker.until(lambda: all(queue.job(job.id).state == "done" for job in (first, second)))
        ended = queue.job(first.id).ended
        assert ended is not None and ended < queue.job(first.id).submitted
        assert _kinds(queue, first) == [
            "submitted", "loaded", "queued", "running", "paused", "queued", "running", "done",
        ]  # fmt: skip
        for command in ("jobs", "watch", "show"):
            ran = bench.command(command, *([first.id] if command != "jobs" else []))
            assert ran.returncode == 0 and not re.search(r"(?<![\w-])-\d", ran.stdout), ran
    goes_on_to_its_end(bench, first)
    assert len(server.asked) == COUNT + 20


def _kinds(queue: Queue, job: Job) -> list[str]:
    return [event.kind for event in queue.events(job.id)]


def patched(bench: Bench, line: str) -> dict[str, str]:
    """The environment of a process that does so before anything else."""
    site = bench.folder / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(line)
    return {"PYTHONPATH": os.pathsep.join([str(site), *filter(None, [os.environ.get("PYTHONPATH")])])}
