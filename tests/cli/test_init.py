from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import gleanery
from gleanery.cli.init import init
from gleanery.cli.tasks import show
from gleanery.errors import UsageError
from gleanery.tasks.checks import Checks
from gleanery.tasks.declarations import load_task
from gleanery.tasks.records import Record
from gleanery.tasks.schemas import load_schema


@pytest.fixture(autouse=True)
def _project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(init, arguments)


def check(name: str) -> None:
    task = load_task(name)
    schema = load_schema(task)
    (example,) = task.read_examples()
    assert schema.validate(example.output) == example.output
    assert CliRunner().invoke(show, [name]).exit_code == 0


def test_the_scaffold_runs_as_it_is() -> None:
    result = run("my-invoices")
    assert result.exit_code == 0
    assert result.stdout.split() == [
        f"tasks/my-invoices/{file}" for file in ("task.yaml", "schema.py", "examples.jsonl")
    ]
    assert "gleanery run my-invoices FILE" in result.stderr
    check("my-invoices")
    (example,) = load_task("my-invoices").read_examples()
    (parsed,) = gleanery.run("my-invoices", [example.input])
    assert parsed.output["author"] == example.output["author"]


@pytest.mark.parametrize(
    "output",
    ["title, year int", "a? [date], b float, c bool", 'title: the "title"', "title: x\nyear? int: a, b", "Jahr#"],
)
def test_scaffold_in_one_line(output: str) -> None:
    result = run("mine", "--output", output)
    if output == "Jahr#":
        assert isinstance(result.exception, UsageError)
        assert not Path("tasks").exists()
        return
    assert result.stdout.split() == ["tasks/mine/task.yaml", "tasks/mine/examples.jsonl"]
    assert "gleanery run mine FILE" in result.stderr
    assert load_task("mine").output == output
    check("mine")


@pytest.mark.parametrize("name", ["field", "base-model", "a-1b"])
def test_names_that_collide_with_pydantic(name: str) -> None:
    run(name)
    check(name)


def test_nothing_is_overwritten() -> None:
    run("mine")
    Path("tasks/mine/task.yaml").write_text("kept")
    result = run("mine", "--output", "title")
    assert isinstance(result.exception, UsageError)
    assert "is already there" in str(result.exception)
    assert Path("tasks/mine/task.yaml").read_text() == "kept"


@pytest.mark.parametrize("name", ["Mine", "1st", "a/b", "..", "a b", ""])
def test_wrong_names(name: str) -> None:
    result = run(name)
    assert isinstance(result.exception, UsageError)
    assert not Path("tasks").exists()


def test_a_file_called_tasks() -> None:
    Path("tasks").write_text("")
    assert isinstance(run("mine").exception, UsageError)


def test_scaffold_of_one_that_writes() -> None:
    result = run("notes", "--kind", "generate")
    assert result.stdout.split() == ["tasks/notes/task.yaml", "tasks/notes/checks.py"]
    assert "gleanery generate notes" in result.stderr
    task = load_task("notes")
    assert task.generation is not None and CliRunner().invoke(show, ["notes"]).exit_code == 0
    checks, record = Checks(task.generation.checks), Record("g-1", 1, "")
    assert checks.issues("The sea is grey and wide today. It waits under the snow.", record) == []
    assert len(checks.issues("The sea.", record)) == 2
    assert isinstance(run("other", "--kind", "generate", "--output", "a").exception, UsageError)
