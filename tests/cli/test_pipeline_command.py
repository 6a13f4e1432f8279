"""`gleanery pipeline`: runs, shows and forgets what a file declares."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from terminal import environment

ROOT = Path(__file__).parents[2]
REFERENCES = ROOT / "examples" / "references.txt"
DECLARED = """\
name: checked
summary: Parse, and write what is sure as BibTeX.
steps:
  - task: bibliography
    model: embedded/references
  - filter: status == "ok"
  - tool: to_bibtex
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "checked.yaml").write_text(DECLARED)
    return tmp_path


def pipeline(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    code = "from gleanery.cli.pipeline import pipeline; pipeline()"
    variables = environment(GLEANERY_HOME=str(folder / "home"), XDG_CONFIG_HOME=str(folder / "config"))
    variables.pop("OLLAMA_HOST", None)
    call = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(call, cwd=folder, env=variables, capture_output=True, text=True, timeout=60)


def test_it_runs_and_says_what_became_of_the_records(folder: Path) -> None:
    done = pipeline(folder, "run", "checked.yaml", REFERENCES, "-o", "out.jsonl")
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    assert [result["id"] for result in results] == [f"r-{n}" for n in range(1, 15)]
    assert {result["status"]: set(result["carried"]) for result in results} == {
        "ok": {"to_bibtex"}, "review": {"left_at"},
    }  # fmt: skip
    assert "14 records" in done.stderr and "embedded/references" in done.stderr
    again = pipeline(folder, "run", "checked.yaml", REFERENCES, "--fail-on", "review", "-q")
    assert again.returncode == 4 and again.stderr == ""
    assert [json.loads(line) for line in again.stdout.splitlines()] == results


def test_a_dry_run_shows_the_steps_and_does_nothing(folder: Path) -> None:
    said = pipeline(folder, "run", "checked.yaml", REFERENCES, "--dry-run").stdout
    assert "Would run `checked`" in said and '  2  filter-2      filter status == "ok"' in said
    assert not (folder / "home").exists()


def test_what_it_keeps_can_be_shown_and_removed(folder: Path) -> None:
    assert "not been run yet" in pipeline(folder, "show", "checked.yaml").stdout
    pipeline(folder, "run", "checked.yaml", REFERENCES, "--limit", "2", "-q")
    shown = json.loads(pipeline(folder, "show", "checked.yaml", "--json").stdout)
    assert [step["name"] for step in shown["steps"]] == ["bibliography", "filter-2", "to_bibtex"]
    home = Path(shown["home"])
    assert home.is_dir() and home.stat().st_mode & 0o777 == 0o700
    assert str(home) in pipeline(folder, "forget", "checked.yaml").stdout
    assert not home.exists()
    assert "nothing of it" in pipeline(folder, "forget", "checked.yaml").stdout
