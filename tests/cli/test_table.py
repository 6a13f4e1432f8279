"""The table on the terminal: its lines fit, and nothing of the input reaches the terminal that it would obey."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from terminal import on_terminal, plain

from gleanery.cli.table import TerminalTable, _sized
from gleanery.tasks.records import Result, Status


def result(status: Status = "ok", error: str | None = None, **output: Any) -> Result:
    values = {key.replace("_", "-"): value for key, value in output.items()} if output else None
    return Result("r-1", "the input", values, {}, {"record": 0.5}, status, "test/model", error=error)


@pytest.fixture
def width(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> int:
    columns: int = getattr(request, "param", 100)
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((columns, 24)))
    return columns


def written(capsys: pytest.CaptureFixture[str], *results: Result, fields: Sequence[str] = ()) -> list[str]:
    table = TerminalTable(fields)
    for one in results:
        table.write(one)
    table.close()
    return plain(capsys.readouterr().out).split("\n")[:-1]


@pytest.mark.parametrize("width", [60, 80, 99, 100, 133, 300], indirect=True)
def test_lines_fit_the_terminal(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    long = result(
        type="a type of a long name",
        title="Title " * 50,
        container_title="機械学習" * 50,
        author=[{"family": "Čapek-Nováková" * 3}] * 9,
        issued={"literal": "no date at all"},
    )
    header, line = written(capsys, long)
    assert cell_len(header) <= width
    assert width - 1 <= cell_len(line) <= width
    assert ("in" in header.split()) == (width >= 100)


def test_what_a_line_shows(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    _, line = written(
        capsys,
        result(
            type="book",
            title="A title",
            publisher="Verso",
            author=[{"family": "Roe"}, {"literal": "NASA"}, {"given": "Plato"}, {"family": "X"}],
            issued={"date-parts": [[1999, 5]]},
        ),
    )
    assert line.split() == ["ok", "0.50", "book", "1999", "Roe,", "NASA,", "Plato", "…", "A", "title", "Verso"]


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (result("failed", "ValueError: why"), "ValueError: why"),
        (result("review"), "the input"),
        (result("ok", title="A\x1b[2J\x07\x9b\u202e\nB"), "A [2J    B"),
    ],
)
def test_where_there_is_no_plain_title(one: Result, shown: str, width: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown in written(capsys, one)[1]


@pytest.mark.parametrize("width", [60, 100], indirect=True)
def test_fields_of_a_task_of_its_own(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    answer = {"term": "Krug " * 30, "year": 1200, "uses": ["wine", "oil"], "more": {"a": 1}, "none": None}
    header, line = written(capsys, result(**answer), fields=tuple(answer))
    assert header.split() == (["status", *answer] if width == 100 else ["status", "term", "year", "uses", "more"])
    assert cell_len(line) <= width
    assert line.split()[-4:] == ["1200", "wine;", "oil", '{"a":', "1}"][-4:]


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (result("failed", "the answer is torn"), "failed the answer is torn"),
        (result("review", term=None, uses=[]), "review the input"),
    ],
)
def test_a_line_without_values_says_why(
    one: Result, shown: str, width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert written(capsys, one, fields=("term", "uses"))[1] == shown


def test_chat_models_have_no_confidence(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert written(capsys, replace(result(type="book", title="A title"), confidence={}))[1].split()[1] == "book"


def test_without_results_there_is_no_table(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert written(capsys) == []


@given(st.text(max_size=40), st.integers(2, 30))
def test_a_cell_has_exactly_its_size(text: str, size: int) -> None:
    sized = _sized(text, size)
    assert cell_len(sized) == size
    if cell_len(text) <= size:
        assert sized == text + " " * (size - cell_len(text))
    else:
        assert sized.rstrip().endswith("…")


@pytest.mark.parametrize("columns", [80, 120])
def test_on_a_real_terminal(columns: int, tmp_path: Path) -> None:
    file = tmp_path / "refs.txt"
    hostile = "\x1b]0;title\x07\x1b[2J\x1b[31mSmith, J. (1999). \x1bcA\x08\x9b5A title.\r\x1b[1A London: Verso."
    file.write_text(
        f"{hostile}\n田中太郎『日本の歴史』岩波書店、2001年、二三〇頁。{'歴史' * 40}\nمحمد، ١٩٨٥\n\n", encoding="utf-8"
    )
    code, sent = on_terminal("run", "bibliography", file, columns=columns)
    lines = plain(sent).splitlines()
    assert code == 0
    assert lines[0].split()[:4] == ["status", "conf", "type", "year"]
    assert lines[5].startswith("4 records in")
    assert all(cell_len(line) <= columns for line in lines[:5])
    assert all(character.isprintable() or character == "\n" for character in plain(sent))


def test_no_color_is_honoured(tmp_path: Path) -> None:
    (tmp_path / "refs.txt").write_text("Smith, J. (1999). A title. London: Verso.\n")
    assert "\x1b[" in on_terminal("run", "bibliography", tmp_path / "refs.txt")[1]
    assert "\x1b" not in on_terminal("run", "bibliography", tmp_path / "refs.txt", variables={"NO_COLOR": "1"})[1]
