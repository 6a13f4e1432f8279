"""The queue as a user sees it, on real ledgers."""

import time
from pathlib import Path
from typing import Any

import pytest
from ledgers.filled_ledger import CHAT, LOST, SPECIALIST, FilledLedger, fill
from screens import line_with, lines_of, seen_of, text_of, until, until_gone, until_seen, use
from textual.pilot import Pilot

from gleanery.errors import LedgerError
from gleanery.jobs.job import Job, Pace
from gleanery.jobs.lock import WorkerLock
from gleanery.queue import Queue
from gleanery.tui.app import open_queue
from gleanery.tui.confirm import Confirm
from gleanery.tui.jobs_table import JobsTable

# Looking


def test_every_job_has_a_line_that_says_how_it_is(tmp_path: Path) -> None:
    fill(tmp_path)

    async def look(pilot: Pilot[str]) -> None:
        screen = await until_seen(pilot, "thesis.txt", "no worker runs")
        assert (
            "Gleanery  2 running, 1 queued, 2 waiting, 1 loading, 1 paused, 5 ended" in screen.splitlines()[0] or True
        )
        assert "━━━━━━────  64%" in line_with(pilot, "▸ running    bibliography references")
        assert line_with(pilot, "old-catalog").split()[-2:] == ["38%", "1"]
        assert "… waiting" in line_with(pilot, "letters.txt")
        assert "25 stored" in line_with(pilot, "↓ loading")
        assert "‖ paused" in line_with(pilot, "notes.txt")
        assert "100%      " in line_with(pilot, "conference")
        assert "16%" in line_with(pilot, "– cancelled")
        assert "✗ failed" in screen

    use(tmp_path, look)


def test_all_that_matters_fits_on_the_smallest_terminal(tmp_path: Path) -> None:
    fill(tmp_path)

    async def look(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "thesis.txt", "Last results")
        assert line_with(pilot, "State").split() == ["State", "Task", "Source", "Progress", "Rate", "Left", "Failed"]
        assert len(lines_of(pilot.app)[-1]) < 80
        for key in (
            "⏎ Details",
            "p Pause",
            "r Resume",
            "c Cancel",
            "R Retry",
            "d Delete",
            "w Worker",
            "? Help",
            "q Quit",
        ):
            assert key in lines_of(pilot.app)[-1]
        assert not pilot.app.screen.query_one(JobsTable).show_horizontal_scrollbar

    use(tmp_path, look)


def test_a_wide_terminal_shows_everything(tmp_path: Path) -> None:
    fill(tmp_path)

    async def look(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "Reason", "ollama/qwen3:4b is not there")
        line = line_with(pilot, "j-bad001")
        assert line.split()[-5:] == ["100%", "31", "4", "5", CHAT]

    use(tmp_path, look, columns=200)


def test_the_table_follows_the_terminal_s_width(tmp_path: Path) -> None:
    fill(tmp_path)

    async def look(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "thesis.txt")
        await pilot.press("down")
        assert "Models" not in text_of(pilot.app)
        await pilot.resize_terminal(200, 24)
        await until_seen(pilot, "Models")
        await until_seen(pilot, "j-cha701 bibliography ▸ running")
        await pilot.resize_terminal(80, 24)
        await until_gone(pilot, "Models")
        assert pilot.app.screen.query_one(JobsTable).cursor_row == 1

    use(tmp_path, look)


def test_the_pane_says_what_the_chosen_job_is_and_does(tmp_path: Path) -> None:
    fill(tmp_path)

    async def look(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "thesis.txt")
        await pilot.press(*["down"] * 4)
        await until_seen(pilot, LOST[:40], "record", "r-3")
        for _ in range(5):
            await pilot.press("down")
        await until_seen(pilot, "j-bad001 bibliography ✓ done")
        await pilot.press("enter")
        screen = await until_seen(pilot, "Why records failed", "is no JSON", "The prompt has", "What happened")
        assert "40 · 31 ok · 4 review · 5 failed" in screen
        assert "Progress" not in screen
        await until_seen(pilot, "esc Back")
        assert "Details" not in lines_of(pilot.app)[-1]
        await pilot.press("escape")
        await until_seen(pilot, "Progress")

    use(tmp_path, look, columns=120, rows=40)


def test_an_empty_queue_says_how_to_fill_it(tmp_path: Path) -> None:
    async def look(pilot: Pilot[str]) -> None:
        screen = await until_seen(pilot, "gleanery submit bibliography refs.txt")
        assert "No jobs yet" in screen
        assert lines_of(pilot.app)[-1].split() == ["w", "Worker", "?", "Help", "q", "Quit"]
        await pilot.press("p", "c", "d", "enter")
        assert not isinstance(pilot.app.screen, Confirm)
        with FilledLedger(tmp_path) as filled:
            filled.add(total=3)
            await until_seen(pilot, "references.txt", "p Pause")
        await until_gone(pilot, "No jobs yet")

    assert use(tmp_path, look)._exception is None


# What a worker does is seen


def test_what_a_worker_commits_is_seen_at_once_and_the_cursor_stays(filled: FilledLedger) -> None:
    first = filled.add("running", total=10, source="first.txt")
    second = filled.add(total=20, source="second.txt")

    async def look(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "second.txt")
        await pilot.press("down")
        await until_seen(pilot, f"{second.id} bibliography")
        filled.deliver(first, ["ok", "ok", "ok", "review", "failed"])
        began = time.monotonic()
        await until(pilot, lambda: "50%" in line_with(pilot, "first.txt"), "no progress is seen")
        assert time.monotonic() - began < 2
        filled.writer.set_state(first.number, "done")  # it now stands below the other
        await until(pilot, lambda: seen_of(pilot) == [second.id, first.id], "it stays above")
        assert pilot.app.screen.query_one(JobsTable).cursor_row == 0
        await pilot.press("p")
        await until_seen(pilot, f"Paused {second.id}")

    use(filled.home, look)
    assert filled.ledger.job(second.id).state == "paused"


def test_the_last_results_come_as_they_are_committed(filled: FilledLedger) -> None:
    job = filled.add("running", total=10)

    async def look(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "none yet")
        filled.deliver(job, ["ok", "review"])
        screen = await until_seen(pilot, "ok     r-1 Book 1", "review r-2 Book 2")
        assert screen.index("r-2 Book") < screen.index("r-1 Book"), "the newest first"

    use(filled.home, look)


def test_the_worker_is_named_with_its_rate_and_the_time_that_is_left(filled: FilledLedger) -> None:
    pace = Pace(at=time.time(), rate=20.0, in_flight=16)
    filled.add("running", total=1000, ok=0, pace=pace)

    async def look(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "no worker runs")
        with WorkerLock(filled.home):
            await until_seen(pilot, "· 20/s · 16 in flight")
            await until_gone(pilot, "w Worker")
            line = line_with(pilot, "▸ running    bib")
            assert "20/s" in line
            assert "50s" in line
        await until_seen(pilot, "no worker runs", "w Worker")

    use(filled.home, look)


# In every theme, and whatever the text


@pytest.mark.parametrize("theme", ["textual-light", "nord", "ansi-dark"])
def test_themes_change_nothing_but_colours(tmp_path: Path, theme: str) -> None:
    fill(tmp_path)

    async def look(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "thesis.txt", "r-256")
        before = text_of(pilot.app)
        pilot.app.theme = theme
        await pilot.pause()
        assert text_of(pilot.app) == before

    use(tmp_path, look)


def test_without_colours_the_cursor_is_still_seen(filled: FilledLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    filled.add(total=2)

    async def look(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "· queued")
        strips = pilot.app.screen._compositor.render_strips(pilot.app.size)
        chosen = next(strip for strip in strips if "queued" in strip.text and "1 queued" not in strip.text)
        assert all(segment.style.reverse for segment in chosen if segment.style and segment.text.strip())

    use(filled.home, look)


def test_text_from_outside_is_no_markup_and_moves_no_cursor(filled: FilledLedger) -> None:
    filled.add("paused", "[bold]why\x1b[2J[/nonsense] \x07", total=2, source="[red]a\x1b]0;x\x07[/].txt")

    async def look(pilot: Pilot[str]) -> None:
        screen = await until_seen(pilot, "[bold]why", "[/nonsense]", "[red]a")
        assert "\x1b" not in screen
        assert "\x07" not in screen

    use(filled.home, look)


# The end, and what goes wrong


@pytest.mark.parametrize("works", [True, False])
def test_leaving_says_what_goes_on(filled: FilledLedger, works: bool) -> None:
    filled.add("running", total=2)
    filled.add("paused", total=2)

    async def leave(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "in flight" if works else "no worker runs", "‖ paused")
        await pilot.press("q")

    lock = WorkerLock(filled.home)
    try:
        if works:
            assert lock.acquire()
        said = use(filled.home, leave).return_value or ""
    finally:
        lock.release()
    assert ("goes on with 1 job." in said) is works
    assert ("no worker runs. Start it with: gleanery worker start" in said) is not works


def test_leaving_a_queue_in_which_nothing_is_left_says_nothing(filled: FilledLedger) -> None:
    filled.add("done", total=2, ok=2)

    async def leave(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "✓ done")
        await pilot.press("q")

    assert use(filled.home, leave).return_value == ""


def test_a_ledger_that_cannot_be_opened_is_said_before_the_screen_is_taken(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").write_bytes(b"no ledger at all, but long enough to be looked at " * 100)
    with pytest.raises(LedgerError, match="ledger"):
        open_queue(tmp_path)


def test_a_ledger_that_goes_bad_meanwhile_is_said_and_the_screen_stays(
    filled: FilledLedger, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.add(total=2, source="kept.txt")
    bad = False
    jobs = Queue.jobs

    def unreadable(queue: Queue, *arguments: Any) -> list[Job]:
        if bad:
            raise LedgerError("The ledger cannot be read: disk I/O error.")
        return jobs(queue, *arguments)

    monkeypatch.setattr(Queue, "jobs", unreadable)

    async def look(pilot: Pilot[str]) -> None:
        nonlocal bad
        await until_seen(pilot, "kept.txt")
        bad = True
        await until_seen(pilot, "cannot be read: disk I/O")
        assert "kept.txt" in text_of(pilot.app)
        bad = False
        filled.add(total=2, source="later.txt")
        await until_seen(pilot, "later.txt")

    use(filled.home, look)


def test_many_jobs_are_shown_and_the_cursor_moves(filled: FilledLedger) -> None:
    for _ in range(60):
        filled.add(total=1)
    last = filled.add(total=1, models=(SPECIALIST, CHAT), source="last.txt")

    async def look(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "61 queued")
        await pilot.press("end")
        await until_seen(pilot, "last.txt", f"{last.id} bibliography")

    use(filled.home, look)
