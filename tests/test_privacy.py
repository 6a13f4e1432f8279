"""No command opens a socket to anything but the configured endpoints: Python's audit events say what is opened."""

import json
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from servers.ollama_server import OllamaServer
from servers.openai_server import OpenAIServer

HOOKED = """
import json, sys

def hook(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        seen.append(["connect", arguments[1]])
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        seen.append(["look up", arguments[0]])
    elif event == "urllib.Request":
        seen.append(["fetch", arguments[0]])

seen = []
sys.addaudithook(hook)
from gleanery.cli.main import main
try:
    main(sys.argv[2:])
finally:
    open(sys.argv[1], "w").write(json.dumps(seen, default=str))
"""
REFERENCE = "Smith, J. (1999). Title of a book. London: Verso.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with references."""
    (tmp_path / "refs.txt").write_text(REFERENCE)
    (tmp_path / "gold.jsonl").write_text(
        json.dumps({"source": "x", "raw": REFERENCE.strip(), "fields": {"title": "Title of a book"}}) + "\n"
    )
    return tmp_path


def opened(folder: Path, *arguments: str, code: int | None = 0) -> list[list[object]]:
    """What a command connects to and looks up, run in a process of its own with an empty HOME and proxies around."""
    seen = folder / "seen.json"
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"), "http://127.0.0.1:9")
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "TMPDIR": str(folder), **proxies}
    command = [sys.executable, "-c", HOOKED, str(seen), *arguments]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=110)
    assert code is None or done.returncode == code, done.stderr
    # A path is a socket of this machine's own services (the name service's), to which nothing leaves it.
    return [entry for entry in json.loads(seen.read_text()) if not isinstance(entry[1], str) or entry[0] != "connect"]


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "bibliography", "refs.txt", "-o", "out.bib"],
        ["tasks"],
        ["show", "bibliography"],
        ["prompt", "bibliography", "refs.txt"],
        ["init", "mine"],
        ["eval", "bibliography", "gold.jsonl"],
        ["config", "show"],
        ["config", "schema"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_without_a_chat_model_nothing_is_opened(folder: Path, arguments: list[str]) -> None:
    assert opened(folder, *arguments) == []


def test_a_run_leaves_nothing_but_its_output(folder: Path) -> None:
    """Native code that reports to its makers is seen by no hook; ONNX Runtime's keeps a device id and a database."""
    before = {path for path in folder.rglob("*") if path.is_file()}
    opened(folder, "run", "bibliography", "refs.txt", "-o", "out.bib")
    after = {path for path in folder.rglob("*") if path.is_file()}
    assert after - before == {folder / "out.bib", folder / "seen.json"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "bibliography", "refs.txt", "-o", "out.jsonl"],
        ["run", "identifiers", "refs.txt", "-o", "out.jsonl"],
        ["models", "list"],
        ["models", "ps"],
        ["models", "show", "qwen3:4b"],
        ["doctor"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_only_the_configured_ollama(folder: Path, arguments: list[str]) -> None:
    with OllamaServer() as server:
        (folder / "gleanery.toml").write_text(f'[endpoints.ollama]\nkind = "ollama"\nurl = "{server.url}"\n')
        entries = opened(folder, *arguments, code=None)
        assert {json.dumps(entry) for entry in entries} <= _of(server.url)
        assert "bibliography" in arguments or entries


def test_only_the_configured_openai_server(folder: Path) -> None:
    with OpenAIServer("vllm", models=["m"]) as server:
        (folder / "gleanery.toml").write_text(
            f'default_model = "openai/m@lab"\n[endpoints.lab]\nkind = "openai"\nurl = "{server.url}/v1"\n'
        )
        entries = opened(folder, "run", "bibliography", "refs.txt", "-o", "out.jsonl", "--accept", "1", code=None)
        assert {json.dumps(entry) for entry in entries} <= _of(server.url)
        assert server.chats


def _of(url: str) -> set[str]:
    """What may be opened for an endpoint."""
    host, port = urlsplit(url).hostname, urlsplit(url).port
    return {json.dumps(["connect", [host, port]]), json.dumps(["look up", host])}
