"""The progress bar: for long work, on a terminal, and gone at the end."""

import os
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from terminal import on_terminal, plain

from gleanery.cli import progress
from gleanery.cli.progress import with_progress
from gleanery.tasks.records import Result

LINE = b"Smith, J. (1999). Title of a book. London: Verso.\n"
BAR = "━"


def results(count: int, closed: Callable[[], None] = lambda: None) -> Generator[Result, None, None]:
    try:
        for number in range(count):
            yield Result(f"r-{number}", "", {}, {}, {}, "ok", "test/model")
    finally:
        closed()


@pytest.mark.parametrize("patience", [0.0, 100.0])
@pytest.mark.parametrize("total", [None, 500])
def test_every_result_passes_in_order(patience: float, total: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", patience)
    monkeypatch.setattr(progress, "EVERY", 0.0)
    assert [one.id for one in with_progress(results(500), total)] == [f"r-{number}" for number in range(500)]


@pytest.mark.parametrize("patience", [0.0, 100.0])
def test_closing_it_closes_the_results(patience: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE", patience)
    closed = threading.Event()
    shown = with_progress(results(500, closed.set), 500)
    next(shown)
    next(shown)
    shown.close()
    assert closed.is_set()


def slowly() -> int:
    """A pipe into which lines come for longer than a user waits without a sign; its reading end."""
    reading, writing = os.pipe()

    def write() -> None:
        with os.fdopen(writing, "wb", buffering=0) as pipe:
            for _ in range(40):
                pipe.write(LINE)
                time.sleep(0.1)

    threading.Thread(target=write, daemon=True).start()
    return reading


def test_long_work_has_a_bar_that_is_gone_at_the_end(tmp_path: Path) -> None:
    with os.fdopen(slowly(), "rb") as stdin:
        code, sent = on_terminal("run", "bibliography", "-", "-o", tmp_path / "out.jsonl", stdin=stdin)
    assert code == 0
    assert BAR in sent
    assert "/s" in plain(sent)
    after = sent[sent.rindex(BAR) :]
    assert "\x1b[2K" in after, "the bar's line is erased"
    assert "\x1b[?25h" in after, "the cursor is shown again"
    assert "40 records in" in after
    assert len((tmp_path / "out.jsonl").read_bytes().splitlines()) == 40


def test_short_work_and_quiet_work_have_none(tmp_path: Path) -> None:
    (tmp_path / "refs.txt").write_bytes(LINE)
    assert BAR not in on_terminal("run", "bibliography", tmp_path / "refs.txt", "-o", tmp_path / "a.bib")[1]
    with os.fdopen(slowly(), "rb") as stdin:
        assert on_terminal("run", "bibliography", "-", "-q", "-o", tmp_path / "b.bib", stdin=stdin) == (0, "")


def test_lines_on_the_terminal_itself_have_none_between_them() -> None:
    with os.fdopen(slowly(), "rb") as stdin:
        code, sent = on_terminal("run", "bibliography", "-", "--json", stdin=stdin)
    assert code == 0
    assert BAR not in sent
    assert sent.count('{"id"') == 40
