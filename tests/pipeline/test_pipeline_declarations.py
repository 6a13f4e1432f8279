"""Pipelines as they are declared: the same from a file and a script, and what is wrong is said with its place."""

from pathlib import Path

import pytest

from gleanery import Pipeline
from gleanery.errors import DeclarationError, UsageError
from gleanery.pipeline.declarations import read_pipeline

GOOD = """\
name: annotated
summary: Parse and check.
steps:
  - task: bibliography
  - filter: status == "review"
    drop: true
  - tool: check_identifier
    name: doi
    arguments: {scheme: "'DOI'", value: output.DOI}
  - tool: to_bibtex
  - split: output.author
  - join: text
    of: output.family
"""


def test_a_file_and_a_script_say_the_same(tmp_path: Path) -> None:
    file = tmp_path / "annotated.yaml"
    file.write_text(GOOD)
    read = Pipeline.load(file)
    said = Pipeline(
        [
            "bibliography",
            {"filter": 'status == "review"', "drop": True},
            {"tool": "check_identifier", "name": "doi", "arguments": {"scheme": "'DOI'", "value": "output.DOI"}},
            {"tool": "to_bibtex"},
            {"split": "output.author"},
            {"join": "text", "of": "output.family"},
        ],
        name="annotated",
    )
    assert [(step.name, step.words) for step in read.steps] == [(step.name, step.words) for step in said.steps]
    assert [step.name for step in read.steps] == ["bibliography", "filter-2", "doi", "to_bibtex", "split-5", "join-6"]
    assert (read.name, read.summary) == ("annotated", "Parse and check.")


@pytest.mark.parametrize(
    ("steps", "line", "says"),
    [
        ("  - filter: x", 3, "begins with a task"),
        ("  - bibliography\n  - fliter: x", 4, "Did you mean `filter`?"),
        ("  - bibliography\n  - filter: x\n    dorp: true", 5, "Did you mean `drop`?"),
        ("  - bibliography\n  - filter: x\n    drop: 'yes'", 5, "true or false"),
        ("  - bibliography\n  - filter: f(x)", 4, "`f(x)` is more than"),
        ("  - bibliography\n  - join: list", 4, "nothing is split"),
        ("  - bibliography\n  - split: x\n  - join: liste", 5, "Did you mean `list`?"),
        ("  - task: bibliografie", 3, "Did you mean `bibliography`?"),
        ("  - agent: bibliography", 3, "Write `task: bibliography`"),
        ("  - bibliography\n  - task: bibliography", 4, "a step `bibliography` already"),
        ("  - bibliography\n  - task: keywords\n    name: output", 5, "another `name`"),
        ("  - bibliography\n  - tool: to_bibtexx", 4, "Did you mean `to_bibtex`?"),
        ("  - bibliography\n  - tool: check_identifier", 4, "which `arguments`"),
        ("  - bibliography\n  - tool: to_bibtex\n    arguments: {recrod: output}", 5, "Did you mean `record`?"),
        ("  - bibliography\n  - tool: check_identifier\n    arguments: {value: x}", 5, "needs `scheme`"),
        ("  - bibliography\n  - task: keywords\n    filter: x", 4, "this one has task and filter"),
        ("  - task: bibliography\n    when: status == 'ok'", 4, "nothing yet"),
        ("  - bibliography\n  - task: keywords\n    when: f(x)", 5, "`f(x)` is more than"),
        ("  []", 2, "must not be empty"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(steps: str, line: int, says: str, tmp_path: Path) -> None:
    file = tmp_path / "bad.yaml"
    file.write_text(f"name: bad\nsteps:\n{steps}\n")
    with pytest.raises(DeclarationError) as caught:
        read_pipeline(file)
    assert says in str(caught.value) and caught.value.file == file
    assert caught.value.line == line


def test_a_script_is_told_the_step() -> None:
    with pytest.raises(UsageError, match=r"Step 2, `filter`: `f\(x\)` is more"):
        Pipeline(["bibliography", {"filter": "f(x)"}])
    with pytest.raises(UsageError, match="no steps"):
        Pipeline([])
    with pytest.raises(UsageError, match="There is no file"):
        Pipeline.load("nowhere.yaml")
