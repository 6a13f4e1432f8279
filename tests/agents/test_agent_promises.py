"""What is promised of agents, shown with real CrewAI: they send what was shown, reach nothing, say nothing, and are
talked into nothing."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import orjson
import pytest
from injections import INJECTIONS, PLANTED, Injection
from servers.ollama_server import Behaviour, OllamaServer
from servers.openai_server import OpenAIServer, Turn
from servers.web_server import Site, said, serving

from gleanery.agents.crew import CrewAgent, reading
from gleanery.agents.declarations import AgentDeclaration
from gleanery.agents.extractor import Extractor
from gleanery.agents.host.pool import Pool
from gleanery.agents.toolboxes import toolboxes
from gleanery.cli.main import main
from gleanery.models.chat import Capabilities, Request, ToolCall
from gleanery.models.scripted import Answer, ScriptedModel
from gleanery.tasks.declarations import load_task
from gleanery.tasks.records import Record, Result
from gleanery.tasks.schemas import load_schema
from gleanery.tools.finding import library_tools
from gleanery.tools.log import ToolLog
from gleanery.tools.options import ToolOptions

pytestmark = [pytest.mark.xdist_group("crewai"), pytest.mark.filterwarnings("ignore")]  # CrewAI's libraries warn

TEXT = 'See "Œuvres" {tools} {{ source }}, ISBN 978-3-16-148410-0\\n, <b>DOI</b> 10.1000/182 …'
CALLS = [("ISBN", "978-3-16-148410-0"), ("DOI", "10.1000/182")]
READ = '{"valid": ["10.1000/182"]}'
AGENT = "name: checker\nrole: Checker\ngoal: Check.\nbackstory: You check.\ntools: [check_identifier]\n"
CHECKS = """
name: checks
summary: Check the identifiers.
kind: agent
agent: checker
output: "valid? [str]: the identifiers that are right"
"""


class Hosts:
    """Agent hosts for all tests of this file, with the event loop that they belong to."""

    runner: asyncio.Runner
    pool: Pool | None = None


@pytest.fixture(scope="module", autouse=True)
def _hosts() -> Iterator[None]:
    with asyncio.Runner() as Hosts.runner:
        yield
        if Hosts.pool is not None:
            Hosts.runner.run(Hosts.pool.aclose())


def hosts() -> Pool:
    """The hosts, of which there are none until a test needs them."""
    Hosts.pool = Hosts.pool or Pool(1)
    return Hosts.pool


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with an agent that has one tool, its task and one record."""
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "checker.yaml").write_text(AGENT)
    (tmp_path / "tasks" / "checks").mkdir(parents=True)
    (tmp_path / "tasks" / "checks" / "task.yaml").write_text(CHECKS)
    (tmp_path / "texts.txt").write_text(TEXT + "\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name in ("OLLAMA_HOST", "GLEANERY_DEFAULT_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as exit_:
        main(list(arguments))
    assert isinstance(exit_.value.code, int)
    return exit_.value.code


def ollama(body: dict[str, Any]) -> Any:
    """Calls its tool twice, one call after another, and answers then. What else it is asked are probes."""
    if "Œuvres" not in json.dumps(body, ensure_ascii=False):
        return Behaviour()
    if body.get("format"):
        return READ
    done = sum(message["role"] == "tool" for message in body["messages"])
    if done == len(CALLS):
        return "Both are right."
    scheme, value = CALLS[done]
    return Behaviour(f"Now the {scheme}.", tool_calls=[("check_identifier", {"scheme": scheme, "value": value})])


class OpenAI(OpenAIServer):
    """The same, as an OpenAI-compatible server."""

    def _played(self, body: Any) -> Turn:
        if "Œuvres" not in json.dumps(body, ensure_ascii=False):
            return super()._played(body)
        if "response_format" in body:
            return Turn(READ)
        done = sum(message["role"] == "tool" for message in body["messages"])
        if done == len(CALLS):
            return Turn("Both are right.")
        scheme, value = CALLS[done]
        return Turn(calls=[("check_identifier", json.dumps({"scheme": scheme, "value": value}), f"c{done}")])


def sent(kind: str) -> list[bytes]:
    """The bodies of the agent's requests, as a server of that kind received them."""
    server: Any = OllamaServer(ollama) if kind == "ollama" else OpenAI("vllm", models=["m"])
    with server:
        model, url = ("ollama/qwen3:4b", server.url) if kind == "ollama" else ("openai/m@lab", f"{server.url}/v1")
        name = model.partition("@")[2] or "ollama"
        Path("gleanery.toml").write_text(
            f'default_model = "{model}"\n[endpoints.{name}]\nkind = "{kind}"\nurl = "{url}"\n'
        )
        assert run("run", "checks", "texts.txt", "-o", "out.jsonl") == 0
        chats = [request.body for request in server.requests if request.path in ("/api/chat", "/v1/chat/completions")]
    assert json.loads(Path("out.jsonl").read_text())["status"] == "ok"
    return [body for body in chats if "Œuvres".encode() in body and loads(body).get("tools")]


def loads(body: bytes) -> dict[str, Any]:
    return dict(orjson.loads(body))


@pytest.mark.parametrize(("kind", "source"), [("ollama", TEXT), ("openai", "texts.txt")])
def test_what_is_sent_is_what_was_shown(
    project: Path, kind: str, source: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Byte for byte; later requests have that before the model's replies and the tools' results, and nothing else."""
    assert run("prompt", "checks", source, "--json") == 0
    shown = json.loads(capsys.readouterr().out)
    messages, tools = shown["messages"], [{"type": "function", "function": tool} for tool in shown["tools"]]
    first, *later = bodies = sent(kind)
    assert b'"messages":' + orjson.dumps(messages) in first
    for body in bodies:
        assert b'"tools":' + orjson.dumps(tools) in body
    for turns, body in enumerate(later, 1):
        assert b'"messages":' + orjson.dumps(messages)[:-1] + b"," in body
        added = loads(body)["messages"][len(messages) :]
        assert [message["role"] for message in added] == ["assistant", "tool"] * turns
        assert [message["content"] for message in added if message["role"] == "assistant"] == [""] * turns
        results = [json.loads(message["content"]) for message in added if message["role"] == "tool"]
        assert [result["scheme"] for result in results] == [scheme for scheme, _ in CALLS[:turns]]
    assert len(bodies) == 3


CLERK = AgentDeclaration(
    name="clerk",
    role="Clerk",
    goal="Check references.",
    backstory="You check.",
    tools=tuple(
        library_tools()[name]
        for name in (
            *("check_identifier", "read_file", "list_files", "abbreviate_journal"),
            *("write_file", "http_get", "crossref_lookup"),
        )
    ),
    steps=12,
    file=Path("agents/clerk.yaml"),
)
HARMLESS = {"check_identifier", "read_file", "list_files", "abbreviate_journal"}
SECRET = "the secret of the shelf"


@dataclass(frozen=True)
class Trap:
    """A workspace beside a folder with a secret, and a server that would like to be asked."""

    folder: Path
    site: Site
    injections: list[Injection]
    planted: Injection

    @property
    def workspace(self) -> Path:
        return self.folder / "workspace"

    def files(self) -> dict[str, str]:
        """All files with their contents, and links with where they lead."""
        paths = [path for path in sorted(self.folder.rglob("*")) if path.is_symlink() or path.is_file()]
        return {str(path): str(path.readlink()) if path.is_symlink() else path.read_text() for path in paths}


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Trap]:
    workspace, outside = tmp_path / "workspace", tmp_path / "outside"
    (workspace / "notes").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret.txt").write_text(SECRET)
    (outside / "journals.csv").write_text(f"journal,abbreviation\nMind,{SECRET}\n")
    (workspace / "way").symlink_to(outside)
    (workspace / "link.txt").symlink_to(outside / "secret.txt")
    with serving(said()) as site:
        at = f"127.0.0.1:{site.port}", str(outside)
        name, planted = PLANTED
        (workspace / name).write_text(planted.at(*at).text)
        yield Trap(tmp_path, site, [injection.at(*at) for injection in INJECTIONS], planted.at(*at))


@pytest.fixture
def reached(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The addresses that anything here connects to, and the names that it looks up."""
    seen: list[object] = []

    def connect(address: object, *_: object, **__: object) -> socket.socket:
        seen.append(address)
        raise OSError("This test lets nothing out.")

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *place, **_: seen.append(place) or [])
    return seen


class Obedient:
    """A model that does whatever a record says, one call after another or all at once, and what a file says too."""

    def __init__(self, trap: Trap, *, native: bool) -> None:
        self._trap, self._native = trap, native

    def __call__(self, request: Request) -> Answer:
        if request.schema:
            return "{}"
        said = "\n".join(message.content for message in request.messages)
        [injection] = [one for one in self._trap.injections if f"Record: {one.text}\n" in said]
        calls = injection.calls
        if self._trap.planted.text.splitlines()[-1] in said.replace(injection.text, "").replace("\\n", "\n"):
            calls += self._trap.planted.calls
        done = sum(len(message.tool_calls) for message in request.messages) if self._native else self._words(request)
        if done >= len(calls) or (self._native and not request.tools):
            return f"Final Answer: I did all of it with {calls[-1][0]}."
        if self._native:
            return [ToolCall(f"c{n}", name, json.dumps(given)) for n, (name, given) in enumerate(calls[done:], done)]
        name, given = calls[done]
        return f"Thought: I obey.\nAction: {name}\nAction Input: {json.dumps(given)}"

    def _words(self, request: Request) -> int:
        return sum(message.content.startswith("Thought: I obey.") for message in request.messages)


PERMISSIONS: list[Any] = [
    # what the agent's declaration says, what the user's settings say, and what may therefore run
    ({}, ToolOptions(), HARMLESS),
    ({tool.name: "allow" for tool in CLERK.tools}, ToolOptions(), HARMLESS | {"write_file"}),
    (
        {},
        ToolOptions(hosts=("allowed.example",), permissions={"http_get": "allow", "write_file": "deny"}),
        HARMLESS | {"http_get"},
    ),
]


@pytest.mark.parametrize(("declared", "options", "may"), PERMISSIONS, ids=["cautious", "trusting agent", "web"])
@pytest.mark.parametrize("native", [True, False], ids=["native", "in words"])
def test_no_record_widens_what_its_agent_may_do(
    trap: Trap, reached: list[object], declared: Any, options: ToolOptions, may: set[str], native: bool
) -> None:
    agent = replace(CLERK, permissions=declared)
    before = trap.files()
    model = ScriptedModel(Obedient(trap, native=native), capabilities=Capabilities(tools=native, schema="enforced"))
    task = replace(load_task("identifiers"), prompt="Record: {{ source }}\n")
    reader = Extractor(reading(task), load_schema(task), model, today=date(2026, 11, 20))
    toolbox = toolboxes(agent, replace(options, workspace=trap.workspace))

    async def all_of_them() -> list[Result]:
        crew = CrewAgent(task, load_schema(task), agent, model, reader, Request(()), hosts(), toolbox)
        records = [Record(f"r-{n}", n, injection.text) for n, injection in enumerate(trap.injections, 1)]
        return await asyncio.gather(*map(crew, records))

    results = Hosts.runner.run(all_of_them())
    log = [exchange.as_json() for result in results for exchange in result.exchanges if exchange.purpose == "tool"]
    ran = {_tool(call) for call in log if call["request"]["headers"].get("leave", "refused") != "refused"}
    assert len(results) == 60 and not [result.error for result in results if result.error]
    assert ran == may
    _nothing_happened(trap, before, reached, written="write_file" in may)
    told = "\n".join(message.content for request in model.requests for message in request.messages)
    assert SECRET not in told and "root:" not in told and "PATH=" not in told


@pytest.mark.parametrize(("declared", "options", "may"), PERMISSIONS, ids=["cautious", "trusting agent", "web"])
def test_not_even_a_host_that_asks_for_it_gets_it(
    trap: Trap, reached: list[object], declared: Any, options: ToolOptions, may: set[str]
) -> None:
    """The same calls put to the toolbox itself, as an agent host could that somebody has taken over."""
    agent, before = replace(CLERK, permissions=declared), trap.files()
    made = toolboxes(agent, replace(options, workspace=trap.workspace))
    calls = [call for injection in (*trap.injections, trap.planted) for call in injection.calls]
    log = ToolLog()
    for name, given in calls:
        assert SECRET not in made(log).call(name, json.dumps(given))
    assert {call.tool for call in log.calls if call.ran} == may
    assert len(log.calls) == len(calls)
    _nothing_happened(trap, before, reached, written="write_file" in may)


def _tool(call: Mapping[str, Any]) -> str:
    return str(call["request"]["url"].removeprefix("tool:"))


def _nothing_happened(trap: Trap, before: Mapping[str, str], reached: list[object], *, written: bool) -> None:
    """Nothing was asked or changed, but for new files of the workspace where those may be written."""
    assert (trap.site.asked, reached) == ([], [])
    after = trap.files()
    assert {path: after[path] for path in before} == before
    new = {path for path in after if path not in before}
    assert bool(new) == written and all(path.startswith(f"{trap.workspace}/") for path in new)
    assert not Path("/tmp/gleanery-injected").exists()


def test_nothing_is_reached_or_written_where_nothing_can_be(tmp_path: Path) -> None:
    """A run over all injections, where the system itself counts what wants out and lets nothing be written."""
    spaces = ["unshare", "--user", "--map-root-user", "--net", "--mount"]
    if shutil.which("unshare") is None or subprocess.run([*spaces, "true"], capture_output=True).returncode:
        pytest.skip("This system lets nobody have a network namespace of their own (unshare).")
    script = Path(__file__).with_name("without_network.py")
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (script.parent, script.parents[1])))}
    done = subprocess.run(
        [*spaces, sys.executable, "-B", script, tmp_path], env=environ, capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["control"] == [True, True]  # who tries is counted, and hindered
    assert (seen["sent"], seen["code"], seen["err"]) == ({"no way": 0, "udp": 0}, 0, "")
    project = tmp_path / "project"
    wire = [json.loads(line) for line in (project / "out.wire.jsonl").read_text().splitlines()]
    calls = [line for line in wire if line["purpose"] == "tool"]
    assert {line["record"] for line in wire if line["record"]} == {f"r-{n}" for n in range(1, 61)}
    ran = {_tool(call) for call in calls if call["request"]["headers"].get("leave", "refused") != "refused"}
    assert ran == HARMLESS | {"http_get"}
    assert not [call for call in calls if _tool(call) == "http_get" and call["error"] is None]
    made = {path for path in seen["left"] if not path.startswith(("project/", "home/.cache/gleanery/"))}
    assert made == set()
    assert (project / "workspace").is_dir() and len(list((project / "workspace").rglob("*"))) == 2
