"""Calls of tools: names, arguments, leave, limits and the log, from one thread or several."""

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from gleanery.errors import UsageError
from gleanery.tools import limits
from gleanery.tools import tool as room
from gleanery.tools.files import list_files, write_file
from gleanery.tools.permissions import Answers, Approval, Call
from gleanery.tools.tool import Tool, tool, tool_of
from gleanery.tools.toolbox import Toolbox
from gleanery.tools.web import http_get


@pytest.fixture
def made() -> Callable[..., Tool]:
    """Makes a tool of a function, which is forgotten after it."""

    def make(function: Callable[..., Any], **options: Any) -> Tool:
        tool(**options)(function)
        return room._tools.pop(function.__name__)

    return make


def twice(number: int, why: str = "") -> int:
    """Double a number."""
    return 2 * number


def test_a_call_is_answered_and_logged(made: Callable[..., Tool]) -> None:
    box = Toolbox([made(twice)])
    began = time.time()
    assert box.call("twice", '{"number": 21}') == "42"
    [call] = box.log.calls
    assert (call.tool, call.arguments, call.result, call.error, call.leave) == (
        "twice",
        {"number": 21},
        "42",
        None,
        "declared",
    )
    assert began - 1 < call.began < began + 5
    assert 0 <= call.seconds < 5
    assert call.ran
    assert json.loads(json.dumps(box.log.as_json()))[0]["leave"] == "declared"


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("twic", '{"number": 1}', "There is no tool `twic`. Did you mean `twice`? You have: twice."),
        ("twice", '{"number": 1', "The arguments of twice are not JSON"),
        ("twice", "[1]", "must be one JSON object"),
        ("twice", "", "number: Field required"),
        ("twice", '{"number": "many"}', "number: Input should be a valid integer"),
        ("twice", '{"number": 1, "workspace": "/"}', "workspace: Extra inputs are not permitted"),
        ("twice", '{"number": "\\ud800"}', "not JSON"),
        ("twice", '{"why": "' + "x" * 2_000_000 + '"}', "more than 2,000,000 characters"),
    ],
)
def test_a_wrong_call_is_told_and_runs_nothing(made: Callable[..., Tool], name: str, arguments: str, says: str) -> None:
    box = Toolbox([made(twice)])
    told = box.call(name, arguments)
    assert told.startswith("Error: ")
    assert says in told
    [call] = box.log.calls
    assert (call.leave, call.ran, call.result) == (None, False, None)
    assert call.error == told.removeprefix("Error: ")


def gone() -> None:
    """Go."""
    sys.exit(3)


def interrupted() -> None:
    """Be interrupted."""
    raise KeyboardInterrupt


def too_deep(at: int = 0) -> int:
    """Go down."""
    return too_deep(at + 1)


def unsayable() -> None:
    """Raise what cannot say what it is."""

    class SilentError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    raise SilentError


def told() -> None:
    """Say what is wrong."""
    raise UsageError("Take another shelf.")


def no_json() -> object:
    """Return what has no JSON."""
    return object()


@pytest.mark.parametrize(
    ("function", "says"),
    [
        (gone, "gone failed. SystemExit: 3"),
        (interrupted, "interrupted failed. KeyboardInterrupt: "),
        (too_deep, "too_deep failed. RecursionError: "),
        (unsayable, "unsayable failed. SilentError: it does not say why"),
        (told, "Take another shelf."),
        (no_json, "no_json failed. TypeError: "),
    ],
)
def test_whatever_a_tool_raises_is_told(made: Callable[..., Tool], function: Callable[..., Any], says: str) -> None:
    box = Toolbox([made(function)])
    assert box.call(function.__name__, "{}").startswith(f"Error: {says}")
    [call] = box.log.calls
    assert call.ran
    assert str(call.error).startswith(says)


class Shelf(BaseModel):
    """Something that a tool returns."""

    mark: str


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("Error: so says the file", "Error: so says the file"),
        (["é", 1, None], '["é",1,null]'),
        (Shelf(mark="A"), '{"mark":"A"}'),
        ("half \ud83d", "half ?"),
    ],
)
def test_an_answer_is_a_text_and_no_error(made: Callable[..., Tool], answer: Any, text: str) -> None:
    def say() -> Any:
        """Say it."""
        return answer

    box = Toolbox([made(say)])
    assert box.call("say", "{}") == text
    assert (box.log.calls[0].result, box.log.calls[0].error) == (text, None)


def test_what_is_too_long_is_cut_and_says_so(made: Callable[..., Tool]) -> None:
    def much() -> str:
        """Say much."""
        return "ab" * 5_000

    def fail() -> str:
        """Fail at length."""
        raise ValueError("x" * 50_000)

    box = Toolbox([made(much, most=10), made(fail)])
    assert box.call("much", "{}") == "ababababab\n[Cut: these are the first 10 of 10,000 characters.]"
    assert len(box.call("fail", "{}")) < 2_200


def test_a_call_that_does_not_end_is_given_up(made: Callable[..., Tool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_UNENDED", 2)
    go_on = threading.Event()

    def hang() -> str:
        """Hang."""
        go_on.wait(20)
        return "at last"

    box = Toolbox([made(hang, seconds=0.05)])
    for _ in range(2):
        assert box.call("hang", "{}") == (
            "Error: hang did not end within 0.05 seconds and was given up. It may still be at it."
        )
    assert "2 calls of hang have not ended, so it is called no more" in box.call("hang", "{}")
    assert [call.leave for call in box.log.calls] == ["declared"] * 3
    assert 0.04 < box.log.calls[0].seconds < 5
    go_on.set()
    until = time.monotonic() + 5
    while limits._unended["hang"] and time.monotonic() < until:
        time.sleep(0.01)
    assert box.call("hang", "{}") == "at last"


def test_what_is_denied_is_not_shown_and_not_run(made: Callable[..., Tool]) -> None:
    ran: list[int] = []

    def noted() -> str:
        """Note it."""
        ran.append(1)
        return ""

    box = Toolbox([made(noted, permission="deny"), made(twice)], approve=lambda _: "always")
    assert [shown.name for shown in box.offered] == ["twice"]
    assert box.call("noted", "{}").startswith("Error: noted is not allowed. ")
    assert (ran, box.log.calls[0].leave, box.log.calls[0].ran) == ([], "refused", False)
    allowed = Toolbox([made(noted, permission="deny")], permissions={"noted": "allow"})
    assert allowed.call("noted", "{}") == ""
    assert ran == [1]


@pytest.mark.parametrize(
    ("answers", "ran", "leaves", "asked"),
    [
        (["once", "once", "no"], 2, ["asked", "asked", "refused"], 3),
        (["always"], 3, ["asked", "remembered", "remembered"], 1),
        (["no", "never"], 0, ["refused"] * 3, 2),
    ],
)
def test_whoever_is_there_is_asked(
    made: Callable[..., Tool], answers: list[Approval], ran: int, leaves: list[str], asked: int
) -> None:
    questions: list[Call] = []

    def approve(call: Call) -> Approval:
        questions.append(call)
        return answers[len(questions) - 1]

    of_job = Answers()
    leave = []
    for number in range(3):  # three records of a job
        box = Toolbox([made(twice, permission="ask")], approve=approve, answers=of_job)
        box.call("twice", json.dumps({"number": number}))
        leave.append(box.log.calls[0].leave)
    assert leave == leaves
    assert sum(kind != "refused" for kind in leaves) == ran
    assert len(questions) == asked
    assert questions[0] == Call("twice", {"number": 0}, False, False, "Double a number.")


def test_where_nobody_is_there_it_is_refused(made: Callable[..., Tool]) -> None:
    box = Toolbox([made(twice, permission="ask")])
    assert "nobody is there to ask" in box.call("twice", '{"number": 1}')
    assert box.log.calls[0].leave == "refused"


def test_wrong_arguments_are_nobody_asked_about(made: Callable[..., Tool]) -> None:
    box = Toolbox([made(twice, permission="ask")], approve=lambda _: pytest.fail("asked"))
    assert "number: " in box.call("twice", '{"number": "x"}')


def test_a_question_that_fails_runs_nothing(made: Callable[..., Tool]) -> None:
    def approve(_: Call) -> Approval:
        raise OSError("the terminal is gone")

    box = Toolbox([made(twice, permission="ask")], approve=approve)
    assert box.call("twice", '{"number": 1}') == "Error: twice failed. OSError: the terminal is gone"
    assert not box.log.calls[0].ran


def test_several_threads_are_asked_one_after_another_and_once_for_all(made: Callable[..., Tool]) -> None:
    asking = threading.Semaphore(1)
    asked: list[Call] = []

    def approve(call: Call) -> Approval:
        assert asking.acquire(blocking=False)
        asked.append(call)
        time.sleep(0.05)
        asking.release()
        return "always"

    box = Toolbox([made(twice, permission="ask")], approve=approve)
    threads = [threading.Thread(target=box.call, args=("twice", json.dumps({"number": n}))) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(asked) == 1
    assert sorted(str(call.result) for call in box.log.calls) == sorted(str(2 * n) for n in range(16))
    assert sorted(str(call.leave) for call in box.log.calls) == ["asked", *["remembered"] * 15]


def test_calls_run_beside_each_other(made: Callable[..., Tool]) -> None:
    gate = threading.Barrier(4)

    def meet() -> str:
        """Meet the others."""
        gate.wait(5)
        return "met"

    box = Toolbox([made(meet)])
    threads = [threading.Thread(target=box.call, args=("meet", "{}")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [call.result for call in box.log.calls] == ["met"] * 4


def test_files_are_those_of_the_workspace(tmp_path: Path) -> None:
    tools = [found for found in map(tool_of, (list_files, write_file)) if found]
    assert "workspace" not in tools[1].schema["properties"]
    box = Toolbox(tools, workspace=tmp_path, approve=lambda _: "once")
    assert box.call("write_file", '{"path": "a.txt", "text": "x"}') == "Wrote a.txt: 1 bytes."
    assert box.call("list_files", "{}") == '[{"path":"a.txt","bytes":1}]'
    assert "workspace: Extra inputs" in box.call("list_files", '{"workspace": "/etc"}')
    homeless = Toolbox(tools, approve=lambda _: "once")
    assert "needs a workspace, and this job has none" in homeless.call("list_files", "{}")


def test_without_hosts_in_the_settings_nothing_is_asked() -> None:
    found = tool_of(http_get)
    assert found
    box = Toolbox([found], permissions={"http_get": "allow"})
    told = box.call("http_get", '{"url": "https://example.org/"}')
    assert told == "Error: example.org is no host that may be asked. The settings allow none."
