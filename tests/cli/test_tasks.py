from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from gleanery.cli.tasks import show, tasks
from gleanery.errors import DeclarationError, UsageError
from gleanery.tasks.declarations import LIBRARY

TASK = "name: {name}\nsummary: Read invoices.\nkind: extract\noutput: 'title: as printed, year? int'\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, "invoices", TASK.format(name="invoices"))
    return tmp_path


def write(project: Path, name: str, text: str) -> Path:
    folder = project / "tasks" / name
    folder.mkdir(parents=True)
    (folder / "task.yaml").write_text(text, encoding="utf-8")
    return folder


def names() -> list[str]:
    """The tasks of the project and the library."""
    return sorted(["invoices", *(file.parent.name for file in LIBRARY.glob("*/task.yaml"))])


def test_tasks_are_an_aligned_plain_table(project: Path) -> None:
    result = CliRunner().invoke(tasks)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["name", *names()]
    at = lines[0].index("where")
    assert {line.split()[0] for line in lines[1:] if not line[at:].startswith("built-in")} == {"invoices"}
    assert next(line for line in lines if line.startswith("invoices"))[at:].startswith("tasks/invoices")


def test_tasks_as_json(project: Path) -> None:
    listed = json.loads(CliRunner().invoke(tasks, ["--json"]).stdout)
    assert [task["name"] for task in listed] == names()
    assert listed[names().index("invoices")] == {
        "name": "invoices",
        "kind": "extract",
        "summary": "Read invoices.",
        "where": "tasks/invoices/task.yaml",
    }


def test_broken_tasks_are_told_on_stderr(project: Path) -> None:
    write(project, "broken", "name: broken\nkid: extract\n")
    result = CliRunner().invoke(tasks)
    assert result.exit_code == 0
    assert "tasks/broken/task.yaml:2: `kid`: there is no such key. Did you mean `kind`?" in result.stderr
    assert "invoices" in result.stdout and "broken" not in result.stdout


def test_only_broken_tasks_exit_2(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("gleanery.tasks.declarations.LIBRARY", tmp_path / "none")
    write(tmp_path, "broken", "")
    result = CliRunner().invoke(tasks, ["--json"])
    assert (result.exit_code, json.loads(result.stdout)) == (2, [])


def test_show(project: Path) -> None:
    result = CliRunner().invoke(show, ["invoices"])
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "invoices: Read invoices."
    assert "grounding  require" in lines and "examples   0" in lines
    assert "title  str   yes       as printed" in lines and "year   int" in lines
    assert "\x1b" not in result.stdout


def test_show_as_json(project: Path) -> None:
    shown = json.loads(CliRunner().invoke(show, ["invoices", "--json"]).stdout)
    assert shown["schema"]["required"] == ["title"]
    assert (shown["models"], shown["examples"], len(shown["digest"])) == (["default"], 0, 64)


def test_show_tells_an_example_that_does_not_fit(project: Path) -> None:
    folder = write(project, "misfit", TASK.format(name="misfit") + "examples: ex.jsonl\n")
    (folder / "ex.jsonl").write_text(
        '{"input": "a", "output": {"title": "a"}}\n{"input": "a", "output": {"title": 1}}\n'
    )
    result = CliRunner().invoke(show, ["misfit"])
    assert isinstance(result.exception, DeclarationError)
    assert "ex.jsonl:2: `output`: does not fit the schema: title: 1 is not of type 'string'" in str(result.exception)
    assert result.stdout.startswith("misfit: ")


def test_show_unknown_task(project: Path) -> None:
    result = CliRunner().invoke(show, ["invoice"])
    assert isinstance(result.exception, UsageError)
    assert "Did you mean `invoices`?" in str(result.exception)


def test_show_bibliography_and_its_examples_fit() -> None:
    pytest.importorskip("gleanery.tasks.references.reference")
    result = CliRunner().invoke(show, ["bibliography"])
    assert result.exception is None
    assert "examples   8" in result.stdout


def printed_by(code: str) -> str:
    root = Path(__file__).parents[2]
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root).stdout


def test_commands_import_nothing_heavy() -> None:
    heavy = {"pydantic", "yaml", "rich", "jinja2", "jsonschema", "orjson"}
    code = f"import sys, gleanery.cli.tasks, gleanery.cli.init; print(sorted({heavy} & set(sys.modules)))"
    assert printed_by(code) == "[]\n"


def test_loading_a_task_and_reading_its_source_imports_no_schema() -> None:
    code = (
        "import sys; from gleanery.tasks.declarations import load_task; from gleanery.tasks.sources import read_source;"
        "load_task('bibliography'); next(read_source('pyproject.toml'));"
        "print(sorted({'pydantic', 'rich', 'jsonschema', 'difflib', 'csv'} & set(sys.modules)))"
    )
    assert printed_by(code) == "[]\n"


def test_show_a_task_that_generates() -> None:
    said = CliRunner().invoke(show, ["haiku"]).stdout
    assert "Prompt 6" in said and "seeds      that of the settings" in said and "checks     2" in said
    shown = json.loads(CliRunner().invoke(show, ["haiku", "--json"]).stdout)
    assert len(shown["generation"]["prompts"]) == 6 and shown["guards"] is None
