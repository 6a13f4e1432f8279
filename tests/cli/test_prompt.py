"""`gleanery prompt`: it prints what a run then says to a model, word for word, and sends nothing."""

import json
from pathlib import Path

import pytest
from servers.ollama_server import Behaviour, OllamaServer
from terminal import command

TASK = """\
name: works
summary: Title and year.
kind: extract
output: "title: of the work, year? int"
models: [default]
prompt: |
  Read the {reference} below.

  Shelf {{ shelf }}:
  {{ source }}
examples: examples.jsonl
"""
BIBTEX = "@book{smith, title = {{Braces}} and {% percents %}, note = {{ source }}, year = 1999}"
ANSWER = '{"title": "Braces", "year": 1999}'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a task of two placeholders and an example."""
    monkeypatch.chdir(tmp_path)
    for name in ("OLLAMA_HOST", "GLEANERY_DEFAULT_MODEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    task = tmp_path / "tasks" / "works"
    task.mkdir(parents=True)
    (task / "task.yaml").write_text(TASK)
    (task / "examples.jsonl").write_text('{"input": "Roe, A title.", "output": {"title": "A title"}}\n')
    (tmp_path / "refs.jsonl").write_text(json.dumps({"text": BIBTEX, "shelf": "{{ A }}"}) + "\n")
    return tmp_path


def prompt(*arguments: str, stdin: bytes = b"") -> str:
    done = command("prompt", *arguments, stdin=stdin)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.mark.parametrize("shots", [[], ["--shots", "0"]])
def test_it_is_what_a_run_then_sends(folder: Path, shots: list[str]) -> None:
    with OllamaServer(lambda body: ANSWER if "Shelf" in json.dumps(body) else Behaviour()) as server:
        settings = f'[endpoints.ollama]\nkind = "ollama"\nurl = "{server.url}"\n'
        (folder / "gleanery.toml").write_text(("shots = 0\n" if shots else "") + settings)
        shown = json.loads(prompt("works", "refs.jsonl", "--json", *shots))
        assert not server.requests
        done = command("run", "works", "refs.jsonl", "-o", "out.jsonl")
        assert done.returncode == 0, done.stderr.decode()
        (sent,) = [chat for chat in server.chats if "Shelf" in json.dumps(chat)]
    assert sent["messages"] == shown["messages"]
    assert sent["format"] == shown["schema"]
    assert len(shown["messages"]) == (2 if shots else 4)


def test_the_text_is_verbatim(folder: Path) -> None:
    shown = prompt("works", "refs.jsonl")
    assert shown.endswith(f"--- user\n\nShelf {{{{ A }}}}:\n{BIBTEX}\n")
    assert shown.startswith("--- system\n\nRead the {reference} below.\n")
    assert [line for line in shown.splitlines() if line.startswith("---")] == [
        f"--- {role}" for role in ("system", "user", "assistant", "user")
    ]


@pytest.mark.parametrize(
    ("given", "stdin", "said"),
    [
        ("a text", b"", "a text"),
        ("-", "Čapek, Krakatit.\nanother\n".encode(), "Čapek, Krakatit."),
        ("lines.txt", b"", "the first"),
        ("x" * 5000, b"", "x" * 5000),
    ],
    ids=["text", "stdin", "file", "longer than any name"],
)
def test_a_text_a_file_or_standard_input(folder: Path, given: str, stdin: bytes, said: str) -> None:
    (folder / "lines.txt").write_text("the first\nthe second\n")
    assert prompt("bibliography", given, stdin=stdin).endswith(f"\n\n{said}\n")


def test_what_is_wrong_with_a_record_is_told(folder: Path) -> None:
    done = command("prompt", "works", "refs.jsonl", "--field", "txt")
    assert done.returncode == 0
    assert "Note: " in done.stderr.decode() and "txt" in done.stderr.decode()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("work", "text"), "Did you mean `works`?"),
        (("works", "a text"), "there is no column `shelf`"),
        (("works", "empty.txt"), "empty.txt has no record"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_errors(folder: Path, arguments: tuple[str, ...], said: str) -> None:
    (folder / "empty.txt").touch()
    done = command("prompt", *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert said in done.stderr.decode()
