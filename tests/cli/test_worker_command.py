"""`gleanery worker`: one for a ledger, in the foreground or the background, told to stop by signals."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.ollama_server import Behaviour, OllamaServer
from terminal import COMMAND, command, environment

from gleanery.jobs.lock import WorkerLock, holder_of
from gleanery.queue import Queue

BOOK = "Smith, J. (1999). Title of a book. {}. London: Verso."
GOOD = '{"title": "Title of a book"}'
TASK = 'name: works\nsummary: Titles.\nkind: extract\noutput: "title: of the work"\nprompt: "Read: {{ source }}"\n'


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    home = tmp_path / "home"
    monkeypatch.setenv("GLEANERY_HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("OLLAMA_HOST", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tasks" / "works").mkdir(parents=True)
    (tmp_path / "tasks" / "works" / "task.yaml").write_text(TASK)
    yield home
    command("worker", "stop")


def foreground(*arguments: str) -> "subprocess.Popen[bytes]":
    call = [*COMMAND, "worker", "run", *arguments]
    return subprocess.Popen(call, env=environment(), stderr=subprocess.PIPE, stdout=subprocess.PIPE)


def until(condition, seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_in_the_background(home: Path) -> None:
    assert command("worker", "status").returncode == 1
    started = command("worker", "start")
    holder = holder_of(home)
    assert holder is not None and f"process {holder.pid}" in started.stdout.decode()
    assert f"runs already (process {holder.pid})" in command("worker", "start").stdout.decode()
    until(lambda: json.loads(command("worker", "status", "--json").stdout).get("version"))
    status = json.loads(command("worker", "status", "--json").stdout)
    assert status["running"] is True and status["pid"] == holder.pid
    assert "has nothing to do" in command("worker", "status").stdout.decode()
    assert f"Stopped the worker (process {holder.pid})" in command("worker", "stop").stdout.decode()
    assert holder_of(home) is None
    assert command("worker", "stop").stdout == b"No worker runs.\n"


def test_there_is_one_for_a_ledger(home: Path) -> None:
    with WorkerLock(home):
        second = command("worker", "run", "--until-idle")
    assert second.returncode == 1
    assert f"rocess {os.getpid()}" in second.stderr.decode()


def test_it_ends_when_it_has_nothing_to_do(home: Path) -> None:
    with Queue(home) as queue:
        job = queue.submit("bibliography", [BOOK.format(n) for n in range(5)])
        done = command("worker", "run", "--until-idle")
        assert done.returncode == 0, done.stderr
        assert f"{job.id}: done." in done.stderr.decode()
        assert queue.job(job.id).counts.ok + queue.job(job.id).counts.review == 5


@pytest.fixture
def slow(home: Path, tmp_path: Path) -> Iterator[OllamaServer]:
    """A server that answers at once the first time it is asked for the task, and half a second later afterwards."""
    asked = []

    def answer(body: dict) -> Behaviour:
        if "Read:" not in json.dumps(body):
            return Behaviour()
        asked.append(body)
        return Behaviour(GOOD, load=0.0 if len(asked) == 1 else 0.5)

    with OllamaServer(answer) as server:
        (tmp_path / "gleanery.toml").write_text(f'[endpoints.ollama]\nkind = "ollama"\nurl = "{server.url}"\n')
        yield server


def submitted(home: Path, count: int) -> str:
    with Queue(home) as queue:
        return queue.submit("works", [BOOK.format(n) for n in range(count)], model="ollama/qwen3:4b").id


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_told_to_stop_it_lets_what_is_in_flight_end(home: Path, slow: OllamaServer, number: int) -> None:
    id = submitted(home, 100)
    worker = foreground()
    with Queue(home) as queue:
        until(lambda: queue.job(id).counts.done >= 1)
        began = time.monotonic()
        worker.send_signal(number)
        assert worker.wait(20) == 0, worker.communicate()
        assert time.monotonic() - began < 10
        assert 1 < queue.job(id).counts.done < 100
        assert slow.aborted == []
    worker.communicate()


def test_ctrl_c_twice_ends_it_at_once(home: Path, slow: OllamaServer) -> None:
    id = submitted(home, 100)
    worker = foreground()
    with Queue(home) as queue:
        until(lambda: queue.job(id).counts.done >= 1)
        done = queue.job(id).counts.done
        worker.send_signal(signal.SIGINT)
        time.sleep(0.05)
        worker.send_signal(signal.SIGINT)
        worker.wait(5)
        _, said = worker.communicate()
        assert b"Traceback" not in said, said
        assert queue.job(id).counts.done >= done
        assert holder_of(home) is None


def test_options_that_do_not_go_together(home: Path) -> None:
    assert b"give --dask" in command("worker", "run", "--insecure").stderr
    assert (
        b"--processes is for this machine" in command("worker", "run", "--dask", "local:2", "--processes", "2").stderr
    )
    beyond = command("worker", "start", "--dask", "nonsense")
    assert beyond.returncode == 2 and b"local:N" in beyond.stderr
