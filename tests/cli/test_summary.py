"""What `gleanery run` says at its end."""

import json

import pytest

from gleanery.cli import summary as module
from gleanery.cli.summary import Summary
from gleanery.tasks.records import Issue, Result, Status


def result(status: Status, *codes: str) -> Result:
    return Result("r-1", "", {}, {}, {}, status, "test/model", tuple(Issue(code, None, "") for code in codes))


def counted(*results: Result) -> Summary:
    summary = Summary()
    for one in results:
        summary.add(one)
    return summary


@pytest.mark.parametrize(
    ("statuses", "failed", "review"),
    [([], 0, 0), (["ok"], 0, 0), (["ok", "review"], 0, 4), (["failed", "ok"], 4, 4)],
)
def test_exit_codes(statuses: list[Status], failed: int, review: int) -> None:
    summary = counted(*map(result, statuses))
    assert (summary.exit_code("failed"), summary.exit_code("review")) == (failed, review)


def test_counts_and_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    results = [result("review", "b"), result("review", "a", "b", "b"), result("failed", "c"), *[result("ok")] * 1200]
    counted(*results).show(None, as_json=True)
    output, errors = capsys.readouterr()
    assert output == ""
    assert errors.splitlines() == [
        "1,203 records in 0.0 s",
        "  ok      1,200",
        "  review      2   b 2 · a 1",
        "  failed      1",
    ]


@pytest.mark.parametrize(
    ("left_out", "line"), [(0, "Written to a.bib."), (2, "Written to a.bib, without 2 that the format cannot say.")]
)
def test_what_was_written_and_what_next(left_out: int, line: str, capsys: pytest.CaptureFixture[str]) -> None:
    summary = counted(result("review", "a"))
    summary.left_out = left_out
    summary.show("a.bib", as_json=False)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("1 record in ")
    assert lines[-2] == line
    assert lines[-1].startswith("Next: look at the records in review")


def test_a_file_of_results_is_where_to_look_next(capsys: pytest.CaptureFixture[str]) -> None:
    counted(result("ok"), result("review", "a")).show("my refs.jsonl", as_json=False)
    assert capsys.readouterr().err.endswith("such as: gleanery show 'my refs.jsonl:r-1'\n")
    counted(result("failed")).show("a.csv", as_json=False)
    assert "the records that failed" in capsys.readouterr().err


def test_who_was_asked_and_who_was_not(capsys: pytest.CaptureFixture[str]) -> None:
    summary = counted(result("ok"))
    summary.models, summary.skipped = ("embedded/references", "ollama/qwen3:4b"), ("no chat model is set.",)
    summary.show(None, as_json=False)
    errors = capsys.readouterr().err
    assert errors.splitlines()[0].endswith("with embedded/references then ollama/qwen3:4b")
    assert "no chat model" not in errors
    summary.add(result("review", "a"))
    summary.show(None, as_json=False)
    assert "A further model of the task was left out: no chat model is set." in capsys.readouterr().err


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    counted(result("review", "a"), result("ok")).show("bücher.bib", as_json=True)
    output, errors = capsys.readouterr()
    assert errors == ""
    said = json.loads(output)
    assert said.pop("seconds") >= 0
    assert said == {
        "records": 2, "ok": 1, "review": 1, "failed": 0, "reasons": {"a": 1}, "left_out": 0, "models": [],
        "output": "bücher.bib",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.04, "0.0 s"), (2, "2.0 s (1 a second)"), (61, "1 min 1 s\n"), (3725, "1 h 2 min"), (7199.9, "2 h 0 min")],
)
def test_how_long_it_took(
    seconds: float, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    summary = counted(result("ok"), result("ok"))
    monkeypatch.setattr(module.time, "monotonic", lambda: summary.began + seconds)
    summary.show(None, as_json=False)
    assert capsys.readouterr().err.startswith(f"2 records in {said}")
