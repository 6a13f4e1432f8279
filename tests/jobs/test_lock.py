"""The worker's lock: one holder, gone with its process however that ends, and not kept by its children."""

import multiprocessing
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from time import time

import pytest

from gleanery.errors import WorkerError
from gleanery.jobs.lock import FILE, WorkerLock, holder_of

_HOLDS = """
import os, subprocess, sys, time
from pathlib import Path
from gleanery.jobs.lock import WorkerLock

assert WorkerLock(Path(sys.argv[1])).acquire()
heir = 0
if sys.argv[2] == "forks":
    heir = os.fork()
    if not heir:
        time.sleep(60)
elif sys.argv[2] == "starts":
    heir = subprocess.Popen(["sleep", "60"], close_fds=False).pid
print(heir, flush=True)
time.sleep(60)
"""


@contextmanager
def other_holder(home: Path, how: str = "alone") -> Iterator[tuple[int, int]]:
    """The numbers of a process that holds the lock, and of its child, which outlives it."""
    process = subprocess.Popen([sys.executable, "-c", _HOLDS, str(home), how], stdout=subprocess.PIPE)
    assert process.stdout is not None
    heir = int(process.stdout.readline())
    try:
        yield process.pid, heir
    finally:
        process.kill()
        if heir:
            os.kill(heir, signal.SIGKILL)
        process.stdout.close()
        process.wait()


def free_elsewhere(home: Path) -> bool:
    """Whether another process could take the lock now."""
    code = "import sys; from pathlib import Path; from gleanery.jobs.lock import WorkerLock;"
    code += "print(WorkerLock(Path(sys.argv[1])).acquire())"
    return subprocess.check_output([sys.executable, "-c", code, str(home)], text=True) == "True\n"


def test_is_taken_and_given_back(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "home"
    assert holder_of(home) is None
    before = time()
    with WorkerLock(home) as lock:
        assert stat.S_IMODE(home.stat().st_mode) == 0o700
        assert stat.S_IMODE((home / FILE).stat().st_mode) == 0o600
        assert lock.acquire()
        holder = holder_of(home)
        assert holder is not None and holder.pid == os.getpid() and holder.here
        assert before <= holder.began <= time()
    assert holder_of(home) is None
    lock.release()
    with WorkerLock(home):
        pass


def test_asking_within_the_holder_does_not_lose_it(tmp_path: Path) -> None:
    with WorkerLock(tmp_path):
        assert holder_of(tmp_path) and holder_of(tmp_path)
        assert not free_elsewhere(tmp_path)
    assert free_elsewhere(tmp_path)


def test_another_thread_of_the_holder_does_not_get_it(tmp_path: Path) -> None:
    tried: list[bool] = []
    second = WorkerLock(tmp_path / "." / "..." / "..")
    (tmp_path / "...").mkdir()
    with WorkerLock(tmp_path):
        thread = Thread(target=lambda: tried.append(second.acquire()))
        thread.start()
        thread.join()
        second.release()
        with pytest.raises(WorkerError, match=f"Process {os.getpid()} is the worker of"):
            second.__enter__()
        assert tried == [False]
        assert not free_elsewhere(tmp_path)
    assert second.acquire()
    second.release()


def test_another_process_has_it(tmp_path: Path) -> None:
    with other_holder(tmp_path) as (pid, _):
        holder = holder_of(tmp_path)
        assert holder is not None and holder.pid == pid and holder.here and holder.began <= time()
        assert not WorkerLock(tmp_path).acquire()
        with pytest.raises(WorkerError, match=rf"^Process {pid} is the worker of .* since .*worker stop"):
            WorkerLock(tmp_path).__enter__()
        # Those who asked have not taken it from the holder, nor changed what it says.
        assert holder_of(tmp_path) == holder


@pytest.mark.parametrize("how", ["alone", "forks", "starts"])
def test_is_free_at_once_when_the_holder_is_killed(tmp_path: Path, how: str) -> None:
    with other_holder(tmp_path, how) as (pid, heir):
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        if heir:
            os.kill(heir, 0)  # lives on
        assert str(pid) in (tmp_path / FILE).read_text(), "what is written is stale now, and not believed"
        assert holder_of(tmp_path) is None
        with WorkerLock(tmp_path):
            assert not free_elsewhere(tmp_path)


_FORKS = """
import os, subprocess, sys
from pathlib import Path
from gleanery.jobs.lock import WorkerLock, holder_of

home = Path(sys.argv[1])
lock = WorkerLock(home)
assert lock.acquire()
child = os.fork()
if not child:
    right = holder_of(home).pid == os.getppid() and not WorkerLock(home).acquire()
    lock.release()
    os._exit(0 if right else 1)
assert os.waitpid(child, 0)[1] == 0
another = subprocess.run([sys.executable, "-c", "import sys; from pathlib import Path; "
    "from gleanery.jobs.lock import holder_of; print(holder_of(Path(sys.argv[1])).pid)", sys.argv[1]],
    stdout=subprocess.PIPE, check=True)
assert int(another.stdout) == os.getpid(), "the child has given it back"
assert holder_of(home).pid == os.getpid()
"""


def test_a_forked_child_neither_has_it_nor_gives_it_back(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", _FORKS, str(tmp_path)], check=True)


def _take_in_turn(home: Path, within: Path, count: int) -> None:
    """Take the lock `count` times; while it is held, no other process holds it."""
    for _ in range(count):
        lock = WorkerLock(home)
        while not lock.acquire():
            pass
        within.touch(exist_ok=False)
        within.unlink()
        lock.release()


def test_only_one_of_several_has_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_take_in_turn, args=(tmp_path, tmp_path / "within", 300)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert holder_of(tmp_path / "file") is None
    with pytest.raises(WorkerError, match=r"cannot be opened: .* GLEANERY_HOME"):
        WorkerLock(tmp_path / "file").acquire()


def test_a_holder_of_whom_nothing_is_written(tmp_path: Path) -> None:
    with other_holder(tmp_path) as (pid, _):
        (tmp_path / FILE).write_text("{torn")
        holder = holder_of(tmp_path)
        assert holder is not None and holder.pid == pid and abs(holder.began - time()) < 5
