"""`gleanery show FILE:ID`: one result of a run, and what was said to models for it."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.ollama_server import Behaviour, OllamaServer
from terminal import command

TASK = """\
name: works
summary: Title of a work.
kind: extract
output: title
models: [default]
"""
INVENTED, GOOD = '{"title": "Another book"}', '{"title": "A book"}'


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, list[str]]]:
    """A folder in which a run was made, and the bodies of its two requests for the only record."""
    folder = tmp_path_factory.mktemp("project")
    task = folder / "tasks" / "works"
    task.mkdir(parents=True)
    (task / "task.yaml").write_text(TASK)
    (folder / "refs.txt").write_text("Roe, J. A book.\n")

    def answer(body: dict[str, object]) -> str | Behaviour:
        asked = json.dumps(body)
        return (GOOD if "Another book" in asked else INVENTED) if "Roe, J." in asked else Behaviour()

    with OllamaServer(answer) as server, pytest.MonkeyPatch.context() as patch:
        for name in ("OLLAMA_HOST", "GLEANERY_DEFAULT_MODEL"):
            patch.delenv(name, raising=False)
        patch.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        (folder / "gleanery.toml").write_text(f'[endpoints.ollama]\nkind = "ollama"\nurl = "{server.url}"\n')
        done = command("run", "works", "refs.txt", "-o", "a:b.jsonl", folder=folder)
        assert done.returncode == 0, done.stderr.decode()
        yield folder, [request.body.decode() for request in server.requests if b"Roe, J." in request.body]


@pytest.fixture
def ran(project: tuple[Path, list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Those bodies, in a copy of the folder."""
    folder, bodies = project
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return bodies


def test_a_result(ran: list[str]) -> None:
    done = command("show", "a:b.jsonl:r-1")
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout) == json.loads(Path("a:b.jsonl").read_text())


def test_the_wire_record_has_every_body_as_it_was_received(ran: list[str]) -> None:
    done = command("show", "a:b.jsonl:r-1", "--wire")
    assert done.returncode == 0, done.stderr.decode()
    shown = done.stdout.decode()
    assert len(ran) == 2
    assert all(f"\n{body}\n" in shown for body in ran)
    assert shown.index(ran[0]) < shown.index('\\"Another ') < shown.index(ran[1]) < shown.rindex('\\"A ')
    assert shown.count("POST http") == 2


def test_the_same_as_json(ran: list[str]) -> None:
    shown = json.loads(command("show", "a:b.jsonl:r-1", "--wire", "--json").stdout)
    chats = [exchange["request"]["body"] for exchange in shown["exchanges"] if exchange["purpose"] == "chat"]
    assert chats == ran
    assert shown["status"] == "ok"
    assert "exchanges" not in json.loads(command("show", "a:b.jsonl:r-1", "--json").stdout)


def test_a_record_without_exchanges_says_so(ran: list[str]) -> None:
    lines = Path("a:b.wire.jsonl").read_text().splitlines(keepends=True)
    Path("a:b.wire.jsonl").write_text("".join(line for line in lines if json.loads(line)["record"] != "r-1"))
    done = command("show", "a:b.jsonl:r-1", "--wire")
    assert (done.returncode, "No exchange with a model is kept for r-1" in done.stderr.decode()) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a:b.jsonl:r-9",), "has no result `r-9`"),
        (("refs.txt:r-1",), "refs.txt:1 is no result"),
        (("works", "--wire"), "`works` is no result"),
        (("no.jsonl:r-1",), "no.jsonl:r-1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_errors(ran: list[str], arguments: tuple[str, ...], said: str) -> None:
    done = command("show", *arguments)
    assert (done.returncode, done.stdout) == (2, b"")
    assert said in done.stderr.decode()


def test_no_wire_record(ran: list[str]) -> None:
    Path("a:b.wire.jsonl").unlink()
    done = command("show", "a:b.jsonl:r-1", "--wire")
    assert done.returncode == 2
    assert "a:b.wire.jsonl, the wire record, cannot be read" in done.stderr.decode()
