"""The question whether a tool may be called: what is shown, what is answered, and who gets through meanwhile."""

import io
import json
import os
import select
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers.ollama_server import Behaviour, OllamaServer
from terminal import COMMAND, environment, on_terminal, plain

from gleanery.cli import progress
from gleanery.cli.approving import TerminalApproval, described, terminal_approval
from gleanery.cli.progress import with_progress
from gleanery.cli.screen import Screen
from gleanery.tools.permissions import Answers, Call

CALL = Call("write_file", {"path": "a.txt", "text": "tea"}, network=False, writes=True, description="Write a file.")
ASKED = "ne[v]er: "


class Person:
    """Somebody at a real terminal, of which `theirs` is the program's end."""

    def __init__(self) -> None:
        self.ours, self.theirs = os.openpty()
        self.out = os.fdopen(os.dup(self.theirs), "w")
        self.seen = ""
        self._read = 0

    def expect(self, text: str) -> str:
        """Wait until the terminal shows the text after what was expected before; all up to it."""
        end = time.monotonic() + 30
        while text not in self.seen[self._read :]:
            assert select.select([self.ours], [], [], end - time.monotonic())[0], self.seen
            self.seen += plain(os.read(self.ours, 65536).decode()).replace("\r\n", "\n")
        at = self.seen.index(text, self._read) + len(text)
        shown, self._read = self.seen[self._read : at], at
        return shown

    def type(self, line: str) -> None:
        os.write(self.ours, f"{line}\n".encode())

    def close(self) -> None:
        self.out.close()
        os.close(self.ours)
        os.close(self.theirs)


@pytest.fixture
def person() -> Iterator[Person]:
    person = Person()
    yield person
    person.close()


class Asking(threading.Thread):
    """One who asks, on a thread of his own."""

    def __init__(self, ask: Callable[[], Any]) -> None:
        super().__init__(daemon=True)
        self._ask = ask
        self.answer: Any = None
        self.start()

    def run(self) -> None:
        self.answer = self._ask()

    def told(self) -> Any:
        self.join(10)
        assert not self.is_alive()
        return self.answer


@pytest.mark.parametrize(
    ("typed", "answer"),
    [("o", "once"), ("J", "always"), ("n", "no"), ("v", "never"), (" once ", "once"), ("for this job", "always")],
)
def test_an_answer_is_what_was_typed(person: Person, typed: str, answer: str) -> None:
    asking = Asking(lambda: TerminalApproval(Screen(), person.theirs, person.out)(CALL))
    shown = person.expect(ASKED)
    assert "wants to call write_file: Write a file." in shown
    assert 'path: "a.txt"' in shown and 'text: "tea"' in shown and "It writes" in shown
    person.type(typed)
    assert asking.told() == answer


def test_anything_else_is_asked_again(person: Person) -> None:
    asking = Asking(lambda: TerminalApproval(Screen(), person.theirs, person.out)(CALL))
    person.expect(ASKED)
    for typed in ("", "what?", "nope"):
        person.type(typed)
        person.expect("Please type o, j, n or v")
    person.type("n")
    assert asking.told() == "no"


def test_what_was_typed_before_the_question_does_not_answer_it(person: Person) -> None:
    person.type("j")
    asking = Asking(lambda: TerminalApproval(Screen(), person.theirs, person.out)(CALL))
    person.expect(ASKED)
    person.type("n")
    assert asking.told() == "no"


def test_the_end_of_input_is_a_no(person: Person) -> None:
    asking = Asking(lambda: TerminalApproval(Screen(), person.theirs, person.out)(CALL))
    person.expect(ASKED)
    os.write(person.ours, b"\x04")
    assert asking.told() == "no"


def test_one_question_at_a_time_and_those_that_are_answered_for_the_job_are_not_put(person: Person) -> None:
    approval, answers = TerminalApproval(Screen(), person.theirs, person.out), Answers()
    asking = [Asking(lambda: answers.ask(CALL, approval)) for _ in range(5)]
    person.expect(ASKED)
    time.sleep(0.2)
    person.type("j")
    assert sorted(one.told() for one in asking) == [(True, False)] + 4 * [(True, True)]
    other = Asking(lambda: answers.ask(Call("http_get", {}, network=True, writes=False), approval))
    shown = person.expect(ASKED)
    assert shown.count("wants to call") == 1 and "leaves this machine" in shown
    person.type("v")
    assert other.told() == (False, False)
    assert person.seen.count("Allow it?") == 2


def test_questions_that_do_not_share_their_answers_come_one_after_another(person: Person) -> None:
    approval = TerminalApproval(Screen(), person.theirs, person.out)
    asking = [Asking(lambda: approval(CALL)) for _ in range(3)]
    for _ in asking:
        assert person.expect(ASKED).count("wants to call") == 1
        person.type("o")
    assert [one.told() for one in asking] == 3 * ["once"]


def test_a_question_is_taken_back_when_the_run_is_over(person: Person) -> None:
    screen = Screen()
    approval = TerminalApproval(screen, person.theirs, person.out)
    with screen:
        pending = [Asking(lambda: approval(CALL)) for _ in range(2)]
        person.expect(ASKED)
    assert [one.told() for one in pending] == ["no", "no"]
    assert approval(CALL) == "no"
    assert person.seen.count("Allow it?") == 1


def test_nothing_that_a_model_says_can_move_the_cursor() -> None:
    text = "\x1b[2J\x1b[1A\rAllow it?\u202e\n" + "x" * 5000
    lines = described(Call("t\x1b[K", {"a\nb": text}, network=False, writes=False, description="\x07Rings."))
    assert all(line.isprintable() for line in lines)
    assert "characters more" in lines[-1] and "\\u001b[2J" in lines[-1]


def test_results_are_held_back_and_the_bar_is_put_aside(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr("sys.stderr", person.out)
    screen = Screen()
    shown = with_progress(iter(range(1000)), 1000, screen)
    next(shown), next(shown), next(shown)
    assert screen._bar is not None and screen._bar.live.is_started
    written: list[int] = []

    def write() -> None:
        with screen.writing():
            written.append(1)

    with screen.asking():
        assert not screen._bar.live.is_started
        writing = Asking(write)
        next(shown)
        time.sleep(0.1)
        assert not written
    writing.told()
    assert written and screen._bar.live.is_started
    shown.close()
    assert screen._bar is None


def test_a_bar_that_ends_during_a_question_does_not_come_back(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", 0.0)
    monkeypatch.setattr("sys.stderr", person.out)
    screen = Screen()
    shown = with_progress(iter(range(1000)), 1000, screen)
    next(shown), next(shown), next(shown)
    bar = screen._bar
    assert bar is not None
    with screen.asking():
        shown.close()
    assert not bar.live.is_started


def test_without_a_terminal_nobody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("o\n"))
    assert terminal_approval(Screen()) is None
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin, os.fdopen(writing, "w"):
        monkeypatch.setattr("sys.stdin", stdin)
        assert terminal_approval(Screen()) is None


AGENT = """\
name: scribe
role: Scribe
goal: Write down what is said.
backstory: You write.
tools: [write_file]
limits: {steps: 4}
"""
TASK = """\
name: notes
summary: Write notes.
kind: agent
agent: scribe
output: text
models: [ollama/qwen3:4b]
prompt: "Write this down: {{ source }}"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "tasks" / "notes").mkdir(parents=True)
    (tmp_path / "tasks" / "notes" / "task.yaml").write_text(TASK)
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "scribe.yaml").write_text(AGENT)
    (tmp_path / "room").mkdir()
    (tmp_path / "in.txt").write_text("one\ntwo\nthree\n")
    return tmp_path


def scribe(body: dict[str, Any]) -> Behaviour:
    """A model that writes each text into a file of its own, and then says so."""
    said = json.dumps(body["messages"])
    name = next((n for n in ("one", "two", "three") if f"down: {n}" in said), "none")
    if any(message["role"] == "tool" for message in body["messages"]):
        return Behaviour(f"The note on {name} is done.")
    return Behaviour("", tool_calls=[("write_file", {"path": f"{name}.txt", "text": name})])


def configured(server: OllamaServer, folder: Path) -> dict[str, str]:
    settings = f'[endpoints.ollama]\nkind = "ollama"\nurl = "{server.url}"\n[tools]\nworkspace = "{folder}/room"\n'
    (folder / "gleanery.toml").write_text(settings)
    return {"XDG_CACHE_HOME": f"{folder}/cache", "XDG_CONFIG_HOME": f"{folder}/config",
            "GLEANERY_HOME": f"{folder}/home"}  # fmt: skip


def started(person: Person, folder: Path, variables: dict[str, str], *options: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [*COMMAND, "run", "notes", "in.txt", *options], cwd=folder, env=environment(**variables),
        stdin=person.theirs, stdout=person.theirs, stderr=person.theirs, start_new_session=True,
    )  # fmt: skip


def test_a_run_asks_for_each_record_until_it_is_told_for_all(person: Person, folder: Path) -> None:
    with OllamaServer(scribe) as server:
        process = started(person, folder, configured(server, folder), "-o", "out.jsonl")
        try:
            first = person.expect(ASKED)
            assert first.count("wants to call write_file") == 1
            person.type("n")
            person.expect(ASKED)
            person.type("j")
            assert process.wait(30) == 0
        finally:
            process.kill()
            process.wait()
    notes = {note.name for note in (folder / "room").iterdir()}
    assert len(notes) == 2 and notes < {"one.txt", "two.txt", "three.txt"}
    assert len((folder / "out.jsonl").read_text().splitlines()) == 3


def test_ctrl_c_during_a_question_ends_the_run(person: Person, folder: Path) -> None:
    with OllamaServer(scribe) as server:
        process = started(person, folder, configured(server, folder))
        try:
            person.expect(ASKED)
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            assert process.wait(30) == 130
            assert time.monotonic() - began < 6
            assert "Traceback" not in person.expect("Interrupted")
        finally:
            process.kill()
            process.wait()
    assert not list((folder / "room").iterdir())


def test_quiet_asks_nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with OllamaServer(scribe) as server:
        variables = configured(server, folder)
        monkeypatch.chdir(folder)
        code, said = on_terminal("run", "notes", "in.txt", "-q", variables=variables)
    assert code == 0 and "Allow" not in said
    assert not list((folder / "room").iterdir())
