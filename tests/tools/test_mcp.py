"""Tools of MCP servers: real servers in processes of their own, as the settings name them."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from gleanery.agents.declarations import load_agent
from gleanery.agents.toolboxes import toolboxes
from gleanery.errors import SettingsError, UsageError
from gleanery.tools.log import ToolLog
from gleanery.tools.mcp import McpServers, server_of
from gleanery.tools.options import McpServer, ToolOptions
from gleanery.tools.permissions import Approval, Call
from gleanery.tools.tool import Tool
from gleanery.tools.toolbox import Toolbox

SERVER = '''
import os, sys, time
from mcp.server.fastmcp import FastMCP

print("the server says hello", file=sys.stderr, flush=True)
server = FastMCP("shelf", log_level="ERROR")

@server.tool()
def where(book: str, copies: int = 1) -> str:
    """Say where
    a book stands."""
    return f"{book} stands in {os.getcwd()}, {copies} times, process {os.getpid()}"

@server.tool()
def fail() -> str:
    """Fail."""
    raise ValueError("no such shelf")

@server.tool()
def die() -> str:
    """Die."""
    print("the shelf broke\\x1b[2J", file=sys.stderr, flush=True)
    os._exit(7)

@server.tool()
def sleep() -> str:
    """Sleep."""
    time.sleep(20)
    return "awake"

@server.tool()
def much() -> str:
    """Return much."""
    return "x" * 50_000

server.run()
'''
SILENT = "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(30)"
Use = Callable[[dict[str, Tool], McpServers], Awaitable[Any]]


@pytest.fixture
def shelf(tmp_path: Path) -> McpServer:
    (tmp_path / "server.py").write_text(SERVER)
    return McpServer((sys.executable, "server.py"), file=tmp_path / "gleanery.toml")


def with_tools(server: McpServer, names: list[str], use: Use) -> Any:
    async def go() -> Any:
        servers = McpServers({"shelf": server})
        try:
            return await use(await servers.tools(names), servers)
        finally:
            await servers.aclose()

    return asyncio.run(go())


def box(
    tools: dict[str, Tool], approve: Callable[[Call], Approval] | None = None, permission: Any = "allow"
) -> Toolbox:
    return Toolbox(tools.values(), permissions=dict.fromkeys(tools, permission), approve=approve)


def call(server: McpServer, name: str, *calls: tuple[str, str], **how: Any) -> tuple[list[str], ToolLog]:
    """What a toolbox answers to calls of the server's tools."""

    async def use(tools: dict[str, Tool], servers: McpServers) -> Any:
        toolbox = box(tools, **how)
        return [await asyncio.to_thread(toolbox.call, *one) for one in calls], toolbox.log

    return with_tools(server, [name, *(one[0] for one in calls)], use)


def test_a_tool_is_as_its_server_says(shelf: McpServer) -> None:
    async def use(tools: dict[str, Tool], servers: McpServers) -> Tool:
        return tools["shelf_where"]

    tool = with_tools(shelf, ["shelf_where", "read_file"], use)
    assert (tool.name, tool.description, tool.permission) == ("shelf_where", "Say where a book stands.", "ask")
    assert tool.schema["required"] == ["book"] and tool.schema["properties"]["copies"]["type"] == "integer"


def test_calls_are_answered_with_the_limits_of_the_toolbox(shelf: McpServer, capfd: pytest.CaptureFixture[str]) -> None:
    answers, log = call(
        shelf, "shelf_where",
        ("shelf_where", '{"book": "Emma", "copies": 2}'), ("shelf_where", '{"copies": "two"}'),
        ("shelf_fail", "{}"), ("shelf_much", ""),
    )  # fmt: skip
    assert answers[0].startswith(f"Emma stands in {shelf.folder}, 2 times")
    assert answers[1].startswith("Error: ") and "'book' is a required property" in answers[1]
    assert "copies: 'two' is not of type 'integer'" in answers[1] and log.calls[1].leave is None
    assert answers[2].startswith("Error: ") and "no such shelf" in answers[2]
    assert "[Cut: these are the first 20,000 of 50,000 characters.]" in answers[3]
    assert [one.leave for one in log.calls] == ["declared", None, "declared", "declared"]
    assert capfd.readouterr() == ("", "")


def test_it_is_asked_about_like_any_tool(shelf: McpServer) -> None:
    asked: list[Call] = []

    def approve(call: Call) -> Approval:
        asked.append(call)
        return "no"

    ask = ("shelf_where", '{"book": "Emma"}')
    answers, log = call(shelf, "shelf_where", ask, permission="ask", approve=approve)
    assert "not allowed" in answers[0] and not log.ran("shelf_where")
    assert [(one.tool, one.arguments, one.description) for one in asked] == [
        ("shelf_where", {"book": "Emma"}, "Say where a book stands.")
    ]
    answers, _ = call(shelf, "shelf_where", ask, permission="ask")
    assert "nobody is there to ask" in answers[0]


def test_one_process_serves_a_job_and_ends_with_it(shelf: McpServer) -> None:
    async def use(tools: dict[str, Tool], servers: McpServers) -> set[int]:
        again = await servers.tools(["shelf_where"])
        toolboxes = [box(tools), box(again), box(tools)]
        calls = [asyncio.to_thread(one.call, "shelf_where", '{"book": "Emma"}') for one in toolboxes]
        return {int(answer.split()[-1]) for answer in await asyncio.gather(*calls)}

    (pid,) = with_tools(shelf, ["shelf_where"], use)
    assert not psutil.pid_exists(pid)


def test_a_server_that_dies_is_told(shelf: McpServer, capfd: pytest.CaptureFixture[str]) -> None:
    answers, _ = call(shelf, "shelf_where", ("shelf_die", ""), ("shelf_where", '{"book": "Emma"}'))
    for answer in answers:
        assert answer.startswith("Error: The MCP server `shelf` has ended. It last said: the shelf broke [2J.")
    assert capfd.readouterr() == ("", "")


def test_a_call_that_takes_too_long_is_given_up(shelf: McpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gleanery.tools.mcp.SECONDS", 0.3)

    async def use(tools: dict[str, Tool], servers: McpServers) -> str:
        hasty = {name: replace(tool, seconds=0.3) for name, tool in tools.items()}
        return await asyncio.to_thread(box(hasty).call, "shelf_sleep", "")

    assert "did not end within 0.3 seconds" in with_tools(shelf, ["shelf_sleep"], use)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("no-such-program-anywhere",), "does not start. It last said: `no-such-program-anywhere` cannot be run"),
        ((sys.executable, "-c", "raise SystemExit('no licence')"), "does not start. It last said: no licence"),
        ((sys.executable, "-c", "print('not json')"), "does not start."),
    ],
)
def test_a_server_that_does_not_start_is_told(
    shelf: McpServer, command: tuple[str, ...], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async def use(tools: dict[str, Tool], servers: McpServers) -> None:
        raise AssertionError

    with pytest.raises(SettingsError) as raised:
        with_tools(McpServer(command, file=shelf.file), ["shelf_where"], use)
    assert said in str(raised.value) and "tools.mcp.shelf.command" in str(raised.value)
    assert "Try its command by itself" in str(raised.value)
    assert capfd.readouterr() == ("", "")


def test_one_that_says_nothing_is_given_up(shelf: McpServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gleanery.tools.mcp._START", 2.0)

    async def use(tools: dict[str, Tool], servers: McpServers) -> None:
        raise AssertionError

    silent = McpServer((sys.executable, "-c", SILENT), file=shelf.file)
    with pytest.raises(SettingsError, match="did not say within"):
        with_tools(silent, ["shelf_where"], use)
    assert shelf.folder is not None
    pid = int((shelf.folder / "pid").read_text())
    until(lambda: not psutil.pid_exists(pid))


def test_a_tool_that_it_has_not_is_told(shelf: McpServer) -> None:
    async def use(tools: dict[str, Tool], servers: McpServers) -> None:
        raise AssertionError

    with pytest.raises(UsageError, match=r"`shelf` has no tool for `shelf_wher`\. Did you mean `shelf_where`"):
        with_tools(shelf, ["shelf_wher"], use)


def test_no_server_is_started_for_other_tools(tmp_path: Path) -> None:
    mark = tmp_path / "started"
    server = McpServer((sys.executable, "-c", f"open({str(mark)!r}, 'w')"))

    async def use(tools: dict[str, Tool], servers: McpServers) -> dict[str, Tool]:
        return tools

    assert with_tools(server, ["read_file", "shelves_where", "shelf"], use) == {}
    assert not mark.exists()


def test_the_name_of_a_tool_begins_with_its_server() -> None:
    servers = ("shelf", "my-lab")
    assert [server_of(name, servers) for name in ("shelf_a_b", "my-lab_x", "shelf", "lab_x", "_shelf")] == [
        "shelf", "my-lab", None, None, None,
    ]  # fmt: skip


def test_an_agent_does_not_widen_what_the_settings_say_of_a_server(shelf: McpServer) -> None:
    async def use(tools: dict[str, Tool], servers: McpServers) -> Tool:
        return tools["shelf_where"]

    tool = with_tools(shelf, ["shelf_where"], use)
    agent = replace(load_agent("writer"), tools=(tool,), permissions={"shelf_where": "allow"})
    where = ("shelf_where", '{"book": "Emma"}')
    assert "nobody is there to ask" in toolboxes(agent)(ToolLog()).call(*where)
    denied = ToolOptions(permissions={"shelf_where": "deny"})
    assert toolboxes(agent, denied)(ToolLog()).offered == ()
    allowed = ToolOptions(permissions={"shelf_where": "allow"})
    assert "the MCP server `shelf` has ended" in toolboxes(agent, allowed)(ToolLog()).call(*where).replace("The", "the")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the end of its input must do")
def test_it_dies_with_its_parent(shelf: McpServer, tmp_path: Path) -> None:
    (tmp_path / "deaf.py").write_text(
        SERVER.replace("server.run()", "open('pid', 'w').write(str(os.getpid()))\ntime.sleep(60)")
    )
    script = textwrap.dedent(f"""
        import asyncio
        from pathlib import Path
        from gleanery.tools.mcp import McpServers
        from gleanery.tools.options import McpServer

        server = McpServer(({sys.executable!r}, "deaf.py"), file=Path({str(tmp_path)!r}, "gleanery.toml"))
        asyncio.run(McpServers({{"shelf": server}}).tools(["shelf_where"]))
    """)
    parent = subprocess.Popen([sys.executable, "-c", script])
    pid = tmp_path / "pid"
    try:
        until(lambda: pid.exists() and pid.read_text() != "")
        assert psutil.pid_exists(int(pid.read_text()))
    finally:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    until(lambda: not psutil.pid_exists(int(pid.read_text())))


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()
