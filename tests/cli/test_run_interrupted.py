"""Ctrl-C while `gleanery run` asks a chat model: it ends at once, the server stops, and what was said is kept."""

import json
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
SECONDS = 3.0
"""In which the command must have ended: it takes a quarter of one, on a machine that has little else to do."""


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
    variables = environment(XDG_CACHE_HOME=str(folder / "cache"), XDG_CONFIG_HOME=str(folder / "config"))
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


def test_ctrl_c_aborts_what_is_in_flight_and_keeps_what_was_said(folder: Path) -> None:
    wire = folder / "out.wire.jsonl"
    with (
        OllamaServer(answer) as server,
        running(server, folder, "refs.txt", "-o", "out.jsonl") as process,
    ):
        until(lambda: asked(server) == 4 and wire.exists() and wire.read_bytes().count(b'"record":"r-2"'))
        said = interrupt(process)
        until(lambda: len(server.aborted) == 2 and server.connections == 0)
        assert all("book. 3." in text or "book. 4." in text for text in (r.body.decode() for r in server.aborted))
    assert "Interrupted after 2 records." in said and "out.jsonl was not written" in said
    kept = [json.loads(line) for line in wire.read_text().splitlines()]
    assert {line["record"] for line in kept} == {None, "r-1", "r-2"}
    assert not (folder / "out.jsonl").exists()


def test_ctrl_c_while_standard_input_is_silent(folder: Path) -> None:
    with OllamaServer(answer) as server, running(server, folder, "-", "-o", "out.jsonl") as process:
        assert process.stdin is not None
        process.stdin.write(BOOKS[0].encode())
        process.stdin.flush()
        until(lambda: (folder / "out.wire.jsonl").exists() and asked(server) == 1)
        assert "Interrupted after" in interrupt(process)
        until(lambda: server.connections == 0)


def test_ctrl_c_while_the_model_is_asked_what_it_can_do(folder: Path) -> None:
    with (
        OllamaServer(lambda _: Behaviour("one", ending="stall")) as server,
        running(server, folder, "refs.txt", "-o", "out.jsonl") as process,
    ):
        until(lambda: server.chats)
        assert "Interrupted" in interrupt(process)
        until(lambda: server.aborted and server.connections == 0)
    assert {path.name for path in folder.iterdir() if path.is_file()} == {"refs.txt", "gleanery.toml"}
