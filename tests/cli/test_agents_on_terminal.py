"""What CrewAI says reaches no terminal: not when all goes well, not when a record fails, not when its process dies."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from servers.ollama_server import Behaviour, OllamaServer
from terminal import on_terminal

pytestmark = pytest.mark.xdist_group("crewai")

NOISY = """
import sys

if "gleanery.agents.host.main" in sys.orig_argv:
    import atexit, os, signal, threading, time

    def say(*_):
        print("NOISE on the output", flush=True)
        print("\\x1b[31mNOISE on the errors\\x1b[0m", file=sys.stderr, flush=True)
        os.write(1, b"NOISE on 1"), os.write(2, b"NOISE on 2")
        try:
            with open("/dev/tty", "w") as terminal:
                terminal.write("NOISE on the terminal")
        except OSError as error:
            with open(HEARD, "a") as heard:
                heard.write(f"{error.errno}\\n")

    def die(*_):
        os.write(2, b"\\n\\x1b[31mNOISE at the end\\x1b[0m\\n")
        os._exit(3)

    def go_on():
        while True:
            say()
            time.sleep(0.05)

    with open(HEARD, "a") as heard:
        heard.write(f"host {os.getpid()}\\n")
    say()
    signal.signal(signal.SIGUSR1, die)
    atexit.register(say)
    threading.Thread(target=go_on, daemon=True).start()
"""
"""What hosts run first, as their sitecustomize: CrewAI, were it to say whatever it likes wherever it can."""
TEXT = "See ISBN 978-3-16-148410-0."


def conversation(body: dict[str, Any]) -> Any:
    """Calls the tool, and answers then. What else it is asked are probes."""
    if TEXT not in json.dumps(body):
        return Behaviour()
    if body.get("format"):
        return '{"valid": ["978-3-16-148410-0"]}'
    if body["messages"][-1]["role"] == "tool":
        return "The ISBN is right."
    return Behaviour(tool_calls=[("check_identifier", {"scheme": "ISBN", "value": "978-3-16-148410-0"})])


@pytest.mark.parametrize(("case", "code"), [("success", 0), ("failure", 4), ("crash", 4)])
def test_nothing_of_crewai_reaches_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str, code: int
) -> None:
    heard, hooks = tmp_path / "heard", tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "sitecustomize.py").write_text(NOISY.replace("HEARD", repr(str(heard))))
    (tmp_path / "texts.txt").write_text(f"{TEXT}\n")

    def hosts() -> list[int]:
        return [int(line.split()[1]) for line in heard.read_text().splitlines() if line.startswith("host")]

    def answer(body: dict[str, Any]) -> Any:
        if TEXT in json.dumps(body):
            if case == "failure":
                return " "
            if case == "crash":
                os.kill(hosts()[-1], signal.SIGUSR1)
        return conversation(body)

    monkeypatch.chdir(tmp_path)
    with OllamaServer(answer) as server:
        (tmp_path / "gleanery.toml").write_text(f'[endpoints.ollama]\nkind = "ollama"\nurl = "{server.url}"\n')
        variables = {"PYTHONPATH": str(hooks), "XDG_CONFIG_HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
        arguments = ("run", "identifiers", "texts.txt", "-o", "out.jsonl", "-q")
        assert on_terminal(*arguments, variables=variables) == (code, "")
    result = json.loads((tmp_path / "out.jsonl").read_text())
    assert result["status"] == ("ok" if case == "success" else "failed")
    assert len(hosts()) == (2 if case == "crash" else 1)
    assert "6" in heard.read_text().splitlines()  # ENXIO: a host has no terminal
    if case == "crash":
        assert "died over this record twice" in result["error"] and "It last said: " in result["error"]
        assert "NOISE" in result["error"] and result["error"].isprintable()
