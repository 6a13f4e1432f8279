"""Agent hosts, with real CrewAI in them: killed, frozen, out of memory, out of patience; and what they may not do."""

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from gleanery.agents.assignment import Assignment, Findings, GaveUpError
from gleanery.agents.host import shared
from gleanery.agents.host.pool import Pool
from gleanery.agents.host.process import HostLost, HostProcess
from gleanery.errors import EndpointError, ModelError, ReplyError, StalledError
from gleanery.models.chat import Message, Reply, Request, Timing, Tool, ToolCall

pytestmark = pytest.mark.xdist_group("crewai")

LOOK_UP = Tool("look_up", "Look a word up.", {"type": "object", "properties": {"word": {"type": "string"}}})
CALL = ToolCall("c1", "look_up", '{"word": "Emma"}')
READY = 60.0
Answering = Callable[[Request], Any]


def assignment(word: str = "a record", **changes: Any) -> Assignment:
    given = {"tools": (LOOK_UP,), "steps": 5, "native": True, **changes}
    return Assignment(
        role="Reader",
        goal="Read.",
        backstory="You read.",
        prompt=f"About {word}.",
        expected="A word.",
        model="scripted/model",
        options=Request(()),
        **given,
    )


class Scripted:
    """What a record's agent gets: replies and tools' answers by functions, which may be coroutines."""

    def __init__(self, answer: Answering, tool: Callable[[str, str], str] = lambda name, arguments: "A novel.") -> None:
        self._answer, self.call = answer, tool
        self.requests: list[Request] = []

    async def ask(self, request: Request) -> Reply:
        self.requests.append(request)
        answer = self._answer(request)
        if asyncio.iscoroutine(answer):
            answer = await answer
        if isinstance(answer, Exception):
            raise answer
        calls = tuple(answer) if isinstance(answer, list) else ()
        text = "" if calls else answer
        return Reply(text, "tool_calls" if calls else "stop", "scripted/model", Timing(0.0), tool_calls=calls)


def looks_up(request: Request) -> Any:
    """Calls its tool once, and answers then."""
    return "Found." if request.messages[-1].role == "tool" else [CALL]


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def pool(runner: asyncio.Runner) -> Iterator[Pool]:
    """One host for all tests, started anew where a test has killed it."""

    async def made() -> Pool:
        return Pool(1, deadline=1.0)

    pool = runner.run(made())
    yield pool
    runner.run(pool.aclose())


@pytest.fixture
def use(runner: asyncio.Runner, pool: Pool) -> Callable[[Coroutine[Any, Any, Any]], Any]:
    """Runs a test's coroutine once a host is ready."""

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        async def once_ready() -> Any:
            await asyncio.wait_for(pool.ready(), READY)
            return await asyncio.wait_for(work, READY)

        return runner.run(once_ready())

    return run


def test_what_is_sent_for_an_agent_with_a_tool(use: Any, pool: Pool) -> None:
    """Word for word: another CrewAI may say it otherwise, and whoever upgrades shall know."""
    services = Scripted(looks_up)
    assert use(pool.perform(assignment("Emma"), services)) == Findings("Found.", None, 2)
    asked = (
        "\nCurrent Task: About Emma.\n\nThis is the expected criteria for your final answer: A word.\n"
        "you MUST return the actual complete content as the final answer, not a summary."
    )
    first = (Message("system", "You are Reader. You read.\nYour personal goal is: Read."), Message("user", asked))
    assert [request.messages for request in services.requests] == [
        first,
        (*first, Message("assistant", "", (CALL,)), Message("tool", "A novel.", (), "c1", "look_up")),
    ]
    assert [request.tools for request in services.requests] == [(LOOK_UP,)] * 2


def test_what_is_sent_in_words(use: Any, pool: Pool) -> None:
    services = Scripted(
        lambda request: (
            "Thought: done\nFinal Answer: Found."
            if len(request.messages) > 2
            else 'Thought: go\nAction: look_up\nAction Input: {"word": "Emma"}'
        )
    )
    assert use(pool.perform(assignment("Emma", native=False), services)) == Findings("Found.", None, 2)
    first, second = services.requests
    assert first.messages[0].content.startswith("You are Reader. You read.\nYour personal goal is: Read.\n")
    assert "Tool Name: look_up" in first.messages[0].content
    assert first.messages[1].content.endswith("your job depends on it!\n\nThought:")
    said = 'Thought: go\nAction: look_up\nAction Input: {"word": "Emma"}\nObservation: A novel.'
    assert second.messages[2] == Message("assistant", said)
    assert second.messages[3].content.startswith("Analyze the tool result.")
    assert (first.tools, first.stop) == ((), ("\nObservation:",))


def test_several_calls_in_a_reply_are_made_at_once(use: Any, pool: Pool) -> None:
    both = threading.Barrier(2, timeout=10)

    def tool(name: str, arguments: str) -> str:
        both.wait()
        return arguments

    calls = [CALL, ToolCall("c2", "look_up", '{"word": "Persuasion"}')]
    services = Scripted(lambda request: "Both." if request.messages[-1].role == "tool" else calls, tool)
    assert use(pool.perform(assignment(), services)) == Findings("Both.", None, 2)
    assert [message.content for message in services.requests[1].messages[3:]] == [call.arguments for call in calls]


@pytest.mark.parametrize("arguments", ['{"word": ', "[1]", "null", "", '{"other": {"deep": [1, "ü"]}}'])
def test_arguments_reach_a_tool_as_the_model_wrote_them(use: Any, pool: Pool, arguments: str) -> None:
    called: list[str] = []

    def tool(name: str, arguments: str) -> str:
        called.append(arguments)
        return "Error: word is missing."

    call = ToolCall("c1", "look_up", arguments)
    services = Scripted(lambda request: "So." if request.messages[-1].role == "tool" else [call], tool)
    assert use(pool.perform(assignment(), services)).text == "So."
    assert called == [arguments]
    assert services.requests[1].messages[2].tool_calls == (call,)


def test_an_unknown_tool_is_told(use: Any, pool: Pool) -> None:
    services = Scripted(
        lambda request: "So." if request.messages[-1].role == "tool" else [ToolCall("c1", "guess", "{}")]
    )
    assert use(pool.perform(assignment(), services)) == Findings("So.", None, 2)
    assert "Tool not found" in services.requests[1].messages[-1].content


def test_an_endless_loop_ends(use: Any, pool: Pool) -> None:
    def endless(request: Request) -> Any:
        if not request.tools:
            return "Enough."
        return [ToolCall("c1", "look_up", f'{{"word": "{len(request.messages)}"}}')]

    services = Scripted(endless)
    assert use(pool.perform(assignment(steps=3), services)) == Findings("Enough.", None, 4)


@pytest.mark.parametrize("error", [StalledError("It stalled."), EndpointError("Gone."), KeyError("oops")])
def test_why_a_model_gave_no_reply_stays_here(use: Any, pool: Pool, error: Exception) -> None:
    findings = use(pool.perform(assignment(), Scripted(lambda request: error)))
    assert findings.failure is error
    assert (findings.text, findings.asked) == ("", 1)


@pytest.mark.parametrize("said", ["", "  \n"])
def test_an_empty_answer_is_a_failure(use: Any, pool: Pool, said: str) -> None:
    findings = use(pool.perform(assignment(), Scripted(lambda request: said)))
    assert isinstance(findings.failure, ReplyError)


def test_a_killed_host_costs_its_records_one_attempt(use: Any, pool: Pool) -> None:
    """Whoever was in it is done again, alone, and who kills again is given up."""
    alone: list[int] = []
    begun: set[str] = set()
    inside = 0

    async def answer(word: str) -> str:
        nonlocal inside
        inside += 1
        try:
            if word in begun:
                alone.append(inside)
            begun.add(word)
            while len(begun) < 5:
                await asyncio.sleep(0.01)
            if word == "murder":
                os.kill(pool.pids[0], signal.SIGKILL)
                await asyncio.sleep(60)
            await asyncio.sleep(0.2)
            return f"Done {word}."
        finally:
            inside -= 1

    async def all_of_them() -> list[Findings]:
        words = ["one", "two", "murder", "three", "four"]
        services = [Scripted(lambda request, word=word: answer(word)) for word in words]  # type: ignore[misc]
        return await asyncio.gather(*(pool.perform(assignment(w), s) for w, s in zip(words, services, strict=True)))

    one, two, murder, three, four = use(all_of_them())
    assert [findings.text for findings in (one, two, three, four)] == [
        f"Done {w}." for w in ("one", "two", "three", "four")
    ]
    assert isinstance(murder.failure, GaveUpError)
    assert "twice" in str(murder.failure) and "SIGKILL" in str(murder.failure)
    assert alone == [1] * 5


def test_a_frozen_host_is_ended(use: Any, pool: Pool) -> None:
    frozen: list[int] = []

    def freezes(request: Request) -> Any:
        if not frozen:
            frozen.extend(pool.pids)
            os.kill(pool.pids[0], signal.SIGSTOP)
        return "Done."

    async def both() -> list[Findings]:
        slow = Scripted(lambda request: asyncio.sleep(1.5, "Slow."))  # waits longer than a host may take
        return await asyncio.gather(pool.perform(assignment(), Scripted(freezes)), pool.perform(assignment(), slow))

    first, second = use(both())
    assert (first.text, second.text) == ("Done.", "Slow.")
    assert frozen and not psutil.pid_exists(frozen[0])


def test_a_host_that_needs_too_much_memory_is_lost(runner: asyncio.Runner) -> None:
    async def blow_up() -> None:
        pool = Pool(1, memory=400 * 2**20)
        try:
            await asyncio.wait_for(pool.ready(), READY)
            huge = Scripted(lambda request: "long " * (40 * 2**20))
            findings, other = await asyncio.wait_for(
                asyncio.gather(pool.perform(assignment(), huge), pool.perform(assignment(), Scripted(looks_up))), READY
            )
        finally:
            await pool.aclose()
        assert other.text == "Found."
        assert isinstance(findings.failure, GaveUpError)
        assert "MemoryError" in str(findings.failure)

    runner.run(blow_up())


def test_a_cancelled_record_ends_its_request_and_its_thread(use: Any, pool: Pool) -> None:
    aborted: list[str] = []

    async def waits() -> str:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            aborted.append("at once")
            raise
        return "Never."

    async def cancelled() -> None:
        services = Scripted(lambda request: waits())
        record = asyncio.create_task(pool.perform(assignment(), services))
        while not services.requests:
            await asyncio.sleep(0.01)
        record.cancel()
        with pytest.raises(asyncio.CancelledError):
            await record
        assert aborted == ["at once"]
        [host] = pool._ready
        while host.load:  # until the host says that its thread has ended
            await asyncio.sleep(0.01)
        assert len(services.requests) == 1

    before = pool.pids
    use(cancelled())
    assert pool.pids == before


def test_a_tool_that_waits_does_not_hold_up_a_cancelled_record(use: Any, pool: Pool) -> None:
    called, go_on = threading.Event(), threading.Event()

    def tool(name: str, arguments: str) -> str:
        called.set()
        go_on.wait(10)
        return "Late."

    async def cancelled() -> None:
        record = asyncio.create_task(pool.perform(assignment(), Scripted(looks_up, tool)))
        while not called.is_set():
            await asyncio.sleep(0.01)
        record.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(record, 1)
        [host] = pool._ready
        while host.load:
            await asyncio.sleep(0.01)

    try:
        use(cancelled())
    finally:
        go_on.set()


def test_nothing_reaches_the_terminal(use: Any, pool: Pool, capfd: pytest.CaptureFixture[str]) -> None:
    use(pool.perform(assignment(), Scripted(looks_up)))
    use(pool.perform(assignment(), Scripted(lambda request: StalledError("It stalled."))))
    use(pool.perform(assignment(native=False), Scripted(lambda request: "Action: nonsense")))

    def kills(request: Request) -> Any:
        os.kill(pool.pids[0], signal.SIGSEGV)
        return "Never."

    assert "SIGSEGV" in str(use(pool.perform(assignment(), Scripted(kills))).failure)
    assert capfd.readouterr() == ("", "")


def test_a_host_has_nothing_of_ours_but_its_line(use: Any, pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    for pid in pool.pids:  # another is started with the key in this environment
        os.kill(pid, signal.SIGKILL)
    use(pool.perform(assignment(), Scripted(looks_up)))
    [pid] = pool.pids
    host = psutil.Process(pid)
    environ = host.environ()
    assert "sk-secret" not in environ.values() and "GLEANERY_HOME" not in environ
    assert environ["HOME"] == environ["TMPDIR"] == host.cwd() != os.environ.get("HOME")
    assert host.net_connections("inet") == []


def test_a_host_goes_with_its_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import asyncio, os, signal\n"
        "from gleanery.agents.host.pool import Pool\n"
        "async def main():\n"
        "    pool = Pool(1)\n"
        "    await pool.ready()\n"
        "    print(pool.pids[0], flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    environ = {**os.environ, "TMPDIR": str(tmp_path)}  # who is killed leaves the host's folder behind
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True, env=environ) as parent:
        assert parent.stdout is not None
        host = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    host.wait(5)


def test_where_no_host_starts_the_records_are_not_to_blame(
    runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gleanery.agents.host.process._HOST", ("-c", "import sys; sys.exit('no CrewAI here')"))

    async def try_it() -> None:
        pool = Pool(1)
        with pytest.raises(ModelError, match="It last said: no CrewAI here"):
            await pool.ready()
        with pytest.raises(EndpointError, match="No process can be had that runs agents"):
            await pool.perform(assignment(), Scripted(looks_up))
        await pool.aclose()

    runner.run(try_it())


def test_a_host_that_is_not_there_takes_nothing(runner: asyncio.Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gleanery.agents.host.process._HOST", ("-c", "pass"))

    async def try_it() -> None:
        host = HostProcess(1.0, None, lambda: None)
        with pytest.raises(HostLost, match="ended with status 0"):
            await host.start()
        with pytest.raises(HostLost):
            await host.perform(assignment(), Scripted(looks_up))
        await host.ended()

    runner.run(try_it())


def test_hosts_are_shared_and_kept_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gleanery.agents.host.process._HOST", ("-c", "import time; time.sleep(60)"))
    pids: list[int] = []

    async def lease_twice() -> None:
        first = shared.lease()
        assert shared.lease() is first
        await shared.give_back()
        await shared.give_back()
        assert shared.lease() is first  # it was kept
        pids.extend(host.pid for host in first._lives)
        await shared.give_back()

    asyncio.run(lease_twice())
    assert len(pids) == 1 and not psutil.pid_exists(pids[0])
    assert shared._shared == {}
    monkeypatch.setattr(shared, "_LINGER", 0.01)

    async def until_the_end() -> None:
        shared.lease()
        await shared.give_back()
        while shared._shared:
            await asyncio.sleep(0.01)

    asyncio.run(until_the_end())


def test_time_is_no_excuse_while_we_are_at_work(use: Any, pool: Pool) -> None:
    """A slow model or tool is no hang of the host."""

    def tool(name: str, arguments: str) -> str:
        time.sleep(1.5)
        return "A novel."

    before = pool.pids
    assert use(pool.perform(assignment(), Scripted(looks_up, tool))).text == "Found."
    assert pool.pids == before


@pytest.mark.parametrize("attempt", ["socket.create_connection(('127.0.0.1', 9))", "socket.socket()", "gethost('x')"])
def test_no_library_in_a_host_reaches_a_network(attempt: str) -> None:
    code = (
        "import socket, sys\nfrom socket import gethostbyname as gethost\n"
        "from gleanery.agents.host.main import _stay_inside\n"
        f"sys.addaudithook(_stay_inside)\nsocket.socketpair()\ntry:\n    {attempt}\n"
        "except PermissionError as error:\n    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("An agent host reaches nothing by itself"), done.stderr
