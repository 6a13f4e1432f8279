"""An agent with a tool of an MCP server that the settings name, from the command to the server and back."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest
from servers.ollama_server import Behaviour, OllamaServer
from terminal import COMMAND, environment

from gleanery.tools.permissions import Permission

SERVER = '''
import os, sys, time
from mcp.server.fastmcp import FastMCP

print("hello from the shelf", file=sys.stderr, flush=True)
server = FastMCP("shelf", log_level="ERROR")

@server.tool()
def where(book: str) -> str:
    """Say where a book stands."""
    with open("calls.txt", "a") as calls:
        print(book, file=calls)
    with open("pid", "w") as pid:
        print(os.getpid(), file=pid)
    if os.path.exists("slow"):
        time.sleep(20)
    return f"{book} stands on shelf 7."

server.run()
'''
AGENT = """\
name: librarian2
role: Librarian
goal: Say where a book stands.
backstory: You look it up.
tools: [shelf_where]
required_tools: [shelf_where]
"""
TASK = """\
name: shelves
summary: Say where books stand.
kind: agent
agent: librarian2
output: text
models: [ollama/qwen3:4b]
prompt: "Where is this? {{ source }}"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tasks" / "shelves").mkdir(parents=True)
    (tmp_path / "tasks" / "shelves" / "task.yaml").write_text(TASK)
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "librarian2.yaml").write_text(AGENT)
    (tmp_path / "server.py").write_text(SERVER)
    (tmp_path / "in.txt").write_text("Emma\n")
    return tmp_path


def model(body: dict[str, Any]) -> Behaviour:
    told = [message["content"] for message in body["messages"] if message["role"] == "tool"]
    return Behaviour(told[0]) if told else Behaviour("", tool_calls=[("shelf_where", {"book": "Emma"})])


def started(
    folder: Path, server: OllamaServer, *arguments: str, permission: Permission | None, command: str = "server.py"
) -> subprocess.Popen[str]:
    said = f'permission = "{permission}"' if permission else ""
    (folder / "gleanery.toml").write_text(
        f'[endpoints.ollama]\nkind = "ollama"\nurl = "{server.url}"\n'
        f'[tools.mcp.shelf]\ncommand = ["{sys.executable}", "{command}"]\n{said}\n'
    )
    variables = environment(XDG_CACHE_HOME=f"{folder}/cache", XDG_CONFIG_HOME=f"{folder}/config",
                            GLEANERY_HOME=f"{folder}/home")  # fmt: skip
    pipe = subprocess.PIPE
    return subprocess.Popen([*COMMAND, *arguments], cwd=folder, env=variables, stdout=pipe, stderr=pipe, text=True)


def ran(folder: Path, server: OllamaServer, *arguments: str, **how: Any) -> subprocess.CompletedProcess[str]:
    with started(folder, server, *arguments, **how) as process:
        out, said = process.communicate(timeout=60)
        return subprocess.CompletedProcess(process.args, process.returncode, out, said)


def test_it_is_called_where_the_settings_allow_it_as_prompt_shows_it(folder: Path) -> None:
    with OllamaServer(model) as server:
        shown = ran(folder, server, "prompt", "shelves", "Emma", "--json", permission="allow")
        done = ran(folder, server, "run", "shelves", "in.txt", "-o", "out.jsonl", permission="allow")
    assert done.returncode == 0, done.stderr
    assert "hello from the shelf" not in done.stderr + shown.stderr
    assert json.loads((folder / "out.jsonl").read_text())["output"] == "Emma stands on shelf 7."
    assert (folder / "calls.txt").read_text() == "Emma\n"
    assert not psutil.pid_exists(int((folder / "pid").read_text()))
    first = next(chat for chat in server.chats if chat.get("tools"))
    printed = json.loads(shown.stdout)
    assert [tool["name"] for tool in printed["tools"]] == ["shelf_where"]
    assert first["tools"][0]["function"]["name"] == "shelf_where"
    assert first["tools"][0]["function"]["parameters"] == printed["tools"][0]["parameters"]
    assert [message["content"] for message in first["messages"]] == [one["content"] for one in printed["messages"]]


def test_it_is_refused_where_they_say_nothing_and_nobody_is_there(folder: Path) -> None:
    with OllamaServer(model) as server:
        done = ran(folder, server, "run", "shelves", "in.txt", "-o", "out.jsonl", permission=None)
    assert done.returncode == 4
    error = json.loads((folder / "out.jsonl").read_text())["error"]
    assert "requires what was not called: `shelf_where`" in error and "nobody is there to ask" in error
    assert not (folder / "calls.txt").exists()


def test_one_that_does_not_start_ends_the_run_with_a_sentence(folder: Path) -> None:
    with OllamaServer(model) as server:
        done = ran(folder, server, "run", "shelves", "in.txt", permission="allow", command="gone.py")
    assert done.returncode == 2
    assert "`tools.mcp.shelf.command`: the MCP server does not start. It last said: " in done.stderr
    assert "Traceback" not in done.stderr and "gone.py" in done.stderr


def test_ctrl_c_during_a_call_ends_the_run_and_the_server(folder: Path) -> None:
    (folder / "slow").touch()
    pid = folder / "pid"
    with OllamaServer(model) as server, started(folder, server, "run", "shelves", "in.txt", permission="allow") as run:
        end = time.monotonic() + 30
        while not (pid.exists() and pid.read_text()) and time.monotonic() < end:
            time.sleep(0.02)
        began = time.monotonic()
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=30)
    assert run.returncode == 130
    assert time.monotonic() - began < 6
    assert "Interrupted" in said
    assert not any(word in said for word in ("Traceback", "Exception", "Task", "Error")), said
    assert not psutil.pid_exists(int(pid.read_text()))
