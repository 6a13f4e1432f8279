"""`gleanery eval` on three references, with results that are made here instead of by a model."""

import json
import sys
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner
from click.testing import Result as Run

from gleanery.cli.eval import evaluate
from gleanery.errors import ExportError, UsageError
from gleanery.tasks.declarations import Task, load_task
from gleanery.tasks.records import Issue, Result, Span

GOLD = [
    {"source": "grobid-x", "raw": "Roe. A title. 1999.", "fields": {"title": "A title", "year": "1999"}},
    {"source": "grobid-x", "raw": "Bad \x1b[31m title. 7.", "fields": {"title": "Good", "volume": "7"}},
    {"source": "bir2024", "raw": "Poe. Other. 2001.", "fields": {"title": "Other", "year": "2001"}},
]


def result(raw: str) -> Result:
    """The text before the last full stop but one is the title; a control character puts it into review."""
    before, _, rest = raw[:-1].rpartition(". ")
    title = before.rpartition(". ")[2]
    start = raw.index(title)
    spans = {"title": Span(start, start + len(title), "exact")}
    output: dict[str, Any] = {"title": title}
    if len(rest) == 4:
        output["issued"] = {"date-parts": [[int(rest)]]}
        spans["issued"] = Span(raw.index(rest), raw.index(rest) + 4, "exact")
    dirty = "\x1b" in raw
    issues = (Issue("control-character", None, "There is a control character."),) if dirty else ()
    sure = {"title": 0.5 if dirty else 1.0, "record": 0.2 if dirty else 1.0}
    return Result("r-1", raw, output, spans, sure, "review" if dirty else "ok", "test/model", issues)


Call = tuple[str, str | None, float, date]
"""What the desk was asked for: task, model, accept, date."""


@pytest.fixture(autouse=True)
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    asked: list[Call] = []

    def run(task: Task, source: Iterable[str], *, model: str | None, date: date) -> Iterator[Result]:
        asked.append((task.name, model, task.accept, date))
        return map(result, source)

    running = ModuleType("gleanery.running")
    running.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "gleanery.running", running)
    return asked


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    file = tmp_path / "gold.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in GOLD))
    return file


def call(gold: Path, *options: object) -> Run:
    return CliRunner().invoke(evaluate, ["bibliography", str(gold), *map(str, options)])


def test_the_table(gold: Path) -> None:
    done = call(gold)
    assert done.exit_code == 0
    shown = [line.rstrip() for line in done.stdout.splitlines()]
    assert shown[0] == "overall: 3 references"
    assert "  title                3   66.67   66.67   66.67   66.67   66.67   66.67" in shown
    assert "  micro                6   80.00   66.67   72.73   80.00   66.67   72.73" in shown
    assert "  instance                                 66.67                   66.67" in shown
    assert "calibration error of values: 0.1667 over 3" in shown
    assert "calibration error of records: 0.0667 over 3" in shown
    assert "in review 33.33 %, failed 0.00 %, of the ok 100.00 % wholly right" in shown
    assert "  review       1  control-character" in shown
    assert "bibliography: 3 references" in done.stderr


def test_sources_and_one_match(gold: Path) -> None:
    shown = call(gold, "--by-source", "--match", "strict").stdout
    assert [line for line in shown.splitlines() if line.endswith("references")] == [
        "grobid-x: 2 references",
        "overall: 3 references",
    ]
    assert "bir2024: 1 reference\n" in shown
    assert "soft" not in shown


def test_one_source_is_shown_once(gold: Path) -> None:
    shown = call(gold, "--by-source", "--limit", 2).stdout
    assert "grobid-x: 2 references\n" in shown
    assert "overall" not in shown


def test_model_accept_and_date_are_those_asked_for(gold: Path, calls: list[Call]) -> None:
    asked = ("--model", "test/model", "--accept", 0.5, "--date", "1999-06-01")
    report = json.loads(call(gold, *asked, "--json").stdout)
    call(gold)
    assert calls == [
        ("bibliography", "test/model", 0.5, date(1999, 6, 1)),
        ("bibliography", None, load_task("bibliography").accept, date.today()),
    ]
    assert (report["model"], report["accept"], report["date"]) == ("test/model", 0.5, "1999-06-01")


def test_json_is_the_whole_report_and_nothing_else(gold: Path) -> None:
    report = json.loads(call(gold, "--json", "--worst", 5).stdout)
    assert report["overall"]["soft"]["micro"] == {"p": 80.0, "r": 66.67, "f1": 72.73, "n": 6}
    assert report["by_source"]["bir2024"]["soft"]["instance"] == 100.0
    assert report["trust"]["ok_right"] == 100.0
    assert report["worst"] == [
        {
            "source": "grobid-x",
            "line": 2,
            "raw": GOLD[1]["raw"],
            "wrong": [
                {"field": "title", "gold": "Good", "predicted": "Bad \x1b[31m title"},
                {"field": "volume", "gold": "7", "predicted": ""},
            ],
        }
    ]


def test_the_worst_are_marked_and_cannot_drive_the_terminal(gold: Path) -> None:
    shown = call(gold, "--worst", 1).stdout
    assert "grobid-x, line 2: 2 wrong, review\n[title|Bad �[31m title]. 7.\n" in shown
    assert "  volume          gold  7\n                  here  -\n" in shown
    assert "\x1b" not in shown


def test_colours_on_a_terminal(gold: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    done = CliRunner().invoke(evaluate, ["bibliography", str(gold), "--worst", "1"], color=True)
    assert "\x1b[36mBad �[31m title\x1b[0m. 7." in done.stdout


def test_limit(gold: Path) -> None:
    assert call(gold, "--limit", 1).stdout.startswith("overall: 1 reference\n")


def test_predictions_are_written_a_line_a_reference(gold: Path, tmp_path: Path) -> None:
    file = tmp_path / "predicted.jsonl"
    assert call(gold, "--predictions", file).exit_code == 0
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert lines[0] == {"raw": GOLD[0]["raw"], "fields": {"title": "A title", "year": "1999"}, "printed": {}}
    assert [line["raw"] for line in lines] == [line["raw"] for line in GOLD]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["gold.jsonl", "predicted.jsonl"]


def test_predictions_that_cannot_be_written_are_said_before_any_work(
    gold: Path, tmp_path: Path, calls: list[Call]
) -> None:
    assert isinstance(call(gold, "--predictions", tmp_path / "no" / "where").exception, ExportError)
    assert not calls


@pytest.mark.parametrize(("tolerance", "code"), [(0.5, 1), (99, 0)])
def test_compare_exits_1_on_a_loss(gold: Path, tmp_path: Path, tolerance: float, code: int) -> None:
    report = json.loads(call(gold, "--json").stdout)
    report["overall"]["soft"]["micro"]["f1"] = 80.0
    report["overall"]["n"] = 9
    earlier = tmp_path / "earlier.json"
    earlier.write_text(json.dumps(report))
    done = call(gold, "--compare", earlier, "--tolerance", tolerance)
    assert done.exit_code == code
    assert "overall                  micro F1          80.00   72.73   -7.27" in done.stdout
    assert "not of the same gold: 9 references then, 3 now" in done.stderr
    assert ("overall: micro F1 fell by 7.27 points" in done.stderr) is bool(code)
    as_json = call(gold, "--json", "--compare", earlier, "--tolerance", tolerance)
    assert json.loads(as_json.stdout)["overall"]["n"] == 3
    assert as_json.exit_code == code


def test_broken_gold_is_named(gold: Path) -> None:
    gold.write_text('{"raw": "a"}\n')
    error = call(gold).exception
    assert isinstance(error, UsageError)
    assert "gold.jsonl:1: `fields` is missing" in str(error)


def test_a_missing_file_is_a_usage_error(tmp_path: Path) -> None:
    assert call(tmp_path / "none.jsonl").exit_code == 2
