"""Ctrl-C while `gleanery run` asks a chat model: it ends at once, the server stops, and what was said is kept."""

import json
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from servers.ollama_server import Behaviour, OllamaServer
from terminal import COMMAND, environment

from gleanery.cli import run as run_module
from gleanery.cli.main import main
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.private import PrivateRun

TASK = """\
name: works
summary: Title and year.
kind: extract
output: "title: of the work, year int: when it came out"
prompt: |
  Read the reference below and return its title and year.

  {{ source }}
"""
GOOD = '{"title": "Title of a book", "year": 1999}'
BOOKS = [f"Smith, J. (1999). Title of a book. {n}.\n" for n in range(1, 5)]
SECONDS = 6.0
"""In which the command must have ended: it takes half of one, on a machine that has little else to do."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tasks" / "works").mkdir(parents=True)
    (tmp_path / "tasks" / "works" / "task.yaml").write_text(TASK)
    (tmp_path / "refs.txt").write_text("".join(BOOKS))
    return tmp_path


def answer(body: dict[str, Any]) -> Behaviour:
    """The first two books are read at once; at the others the model falls silent in mid-word."""
    asked = json.dumps(body)
    if "Read the reference below" not in asked:
        return Behaviour()
    return Behaviour(GOOD) if "book. 1." in asked or "book. 2." in asked else Behaviour('{"title": "Ti', ending="stall")


@contextmanager
def running(server: OllamaServer, folder: Path, source: str, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """The command in a process of its own, its standard input a pipe that stays open."""
    (folder / "gleanery.toml").write_text(f'[endpoints.ollama]\nkind = "ollama"\nurl = "{server.url}"\n')
    variables = environment(XDG_CACHE_HOME=str(folder / "cache"), XDG_CONFIG_HOME=str(folder / "config"),
                            GLEANERY_HOME=str(folder / "home"))  # fmt: skip
    process = subprocess.Popen(
        [*COMMAND, "run", "works", source, *options], cwd=folder, env=variables,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def interrupt(process: subprocess.Popen[bytes]) -> str:
    """Press Ctrl-C; what it says on standard error. Its input stays open all the while."""
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert time.monotonic() - began < SECONDS
    assert process.stderr is not None
    said = process.stderr.read().decode()
    assert "Traceback" not in said and "Fatal" not in said and "Exception" not in said, said
    return said


def until(condition: Any) -> None:
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()


def asked(server: OllamaServer) -> int:
    return sum("Read the reference below" in json.dumps(chat) for chat in server.chats)


def done(folder: Path) -> int:
    """How many records the run has committed so far, those of a file once all are stored."""
    homes = [path for path in (folder / "home" / "runs").glob("j-*") if (path / "ledger.db").exists()]
    if not homes:
        return 0
    with Ledger.open(homes[0], create=False) as ledger:
        return sum(job.counts.done for job in ledger.jobs() if job.loaded or job.manifest.origin.path == "-")


def test_ctrl_c_aborts_what_is_in_flight_and_keeps_what_is_done(folder: Path) -> None:
    with (
        OllamaServer(answer) as server,
        running(server, folder, "refs.txt", "-o", "out.jsonl") as process,
    ):
        until(lambda: asked(server) == 4 and done(folder) == 2)
        said = interrupt(process)
        until(lambda: len(server.aborted) == 2 and server.connections == 0)
        assert all("book. 3." in text or "book. 4." in text for text in (r.body.decode() for r in server.aborted))
    assert "Interrupted after 2 records." in said and "out.jsonl was not written" in said
    assert not (folder / "out.jsonl").exists()
    resume = re.search(r"gleanery run --resume (j-\w{6})", said)
    assert resume is not None, said

    (folder / "refs.txt").unlink()  # the run has what it needs
    with OllamaServer(lambda body: Behaviour(GOOD)) as server:
        with running(server, folder, "--resume", resume[1]) as process:
            assert process.wait(30) == 0, process.communicate()
        again = [json.dumps(chat) for chat in server.chats if "Read the reference below" in json.dumps(chat)]
    assert len(again) == 2 and all("book. 3." in chat or "book. 4." in chat for chat in again)
    results = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    assert [(result["id"], result["status"]) for result in results] == [(f"r-{n}", "ok") for n in range(1, 5)]
    kept = {json.loads(line)["record"] for line in (folder / "out.wire.jsonl").read_text().splitlines()}
    assert kept == {None, "r-1", "r-2", "r-3", "r-4"}
    assert not list((folder / "home").glob("runs/*"))


def test_ctrl_c_while_it_ends_loses_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second Ctrl-C, in the midst of ending the work."""

    def end(run: PrivateRun) -> int:
        raise KeyboardInterrupt

    def write(*_: object) -> None:
        until(lambda: done(folder) == 2)
        raise KeyboardInterrupt

    monkeypatch.chdir(folder)
    monkeypatch.setenv("GLEANERY_HOME", str(folder / "home"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
    monkeypatch.setattr(PrivateRun, "end", end)
    monkeypatch.setattr(run_module, "_write", write)
    with OllamaServer(answer) as server:
        (folder / "gleanery.toml").write_text(f'[endpoints.ollama]\nkind = "ollama"\nurl = "{server.url}"\n')
        with pytest.raises(SystemExit) as ended:
            main(["run", "works", "refs.txt", "-o", "out.jsonl"])
    assert ended.value.code == 130
    assert done(folder) == 2


def test_killed_at_once_it_goes_on_all_the_same(folder: Path) -> None:
    with OllamaServer(answer) as server, running(server, folder, "refs.txt", "-o", "out.jsonl") as process:
        until(lambda: asked(server) == 4 and done(folder) == 2)
        process.kill()
        process.wait()
    (name,) = [path.name for path in (folder / "home" / "runs").iterdir()]
    with OllamaServer(lambda body: Behaviour(GOOD)) as server:
        with running(server, folder, "--resume", name[:5], "-o", "other.jsonl") as process:
            assert process.wait(30) == 0, process.communicate()
        assert asked(server) == 2
    assert len((folder / "other.jsonl").read_text().splitlines()) == 4


def test_a_run_that_is_going_on_is_not_taken_up(folder: Path) -> None:
    with OllamaServer(answer) as server, running(server, folder, "refs.txt", "-o", "out.jsonl") as process:
        until(lambda: done(folder) == 2)
        (name,) = [path.name for path in (folder / "home" / "runs").iterdir()]
        with running(server, folder, "--resume", name) as second:
            assert second.wait(30) == 2
            assert second.stderr is not None and f"going on, in process {process.pid}" in second.stderr.read().decode()
        interrupt(process)
        with running(server, folder, "--resume", "j-000000") as third:
            assert third.wait(30) == 2


def test_ctrl_c_while_standard_input_is_silent(folder: Path) -> None:
    with OllamaServer(answer) as server, running(server, folder, "-", "-o", "out.jsonl") as process:
        assert process.stdin is not None
        process.stdin.write(BOOKS[0].encode())
        process.stdin.flush()
        until(lambda: done(folder) == 1)
        said = interrupt(process)
        assert "Interrupted after 1 record." in said
        until(lambda: server.connections == 0)
        name = said.rpartition("--resume ")[2].split()[0]
        with running(server, folder, "--resume", name) as second:
            assert second.wait(30) == 0
            assert second.stderr is not None and "rest of standard input is lost" in second.stderr.read().decode()
    assert len((folder / "out.jsonl").read_text().splitlines()) == 1


def test_ctrl_c_while_the_model_is_asked_what_it_can_do(folder: Path) -> None:
    with (
        OllamaServer(lambda _: Behaviour("one", ending="stall")) as server,
        running(server, folder, "refs.txt", "-o", "out.jsonl") as process,
    ):
        until(lambda: server.chats)
        assert "Interrupted" in interrupt(process)
        until(lambda: server.aborted and server.connections == 0)
    assert {path.name for path in folder.iterdir() if path.is_file()} == {"refs.txt", "gleanery.toml"}
