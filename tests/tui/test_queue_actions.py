"""What a user asks in the terminal UI is done in the ledger; what matters is asked first."""

import asyncio

import pytest
from ledgers.filled_ledger import FilledLedger
from screens import seen_of, until, until_gone, until_seen, use
from textual.pilot import Pilot

from gleanery.background import stop_worker
from gleanery.jobs.job import Job
from gleanery.jobs.lock import holder_of
from gleanery.tui.confirm import Confirm
from gleanery.tui.jobs_table import JobsTable


def now_in(filled: FilledLedger, job: Job) -> Job:
    return filled.ledger.job(job.id)


# What is asked is done


def test_pause_and_resume_are_written_to_the_ledger(filled: FilledLedger) -> None:
    job = filled.add(total=5)

    async def work(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "· queued")
        await pilot.press("p")
        await until_seen(pilot, "‖ paused", f"Paused {job.id}")
        assert now_in(filled, job).state == "paused"
        await pilot.press("r")
        await until_seen(pilot, "· queued")
        assert now_in(filled, job).state == "queued"

    use(filled.home, work)


def test_what_cannot_be_done_is_said(filled: FilledLedger) -> None:
    job = filled.add("done", total=2, ok=2)

    async def work(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "✓ done")
        await pilot.press("p")
        await until_seen(pilot, f"{job.id} is done: there is nothing to pause.")
        await pilot.press("c")
        await until_seen(pilot, f"{job.id} is done: there is nothing to cancel.")
        await pilot.press("+")
        await until_seen(pilot, "it has no place in the queue.")

    use(filled.home, work, columns=160, rows=40)
    assert now_in(filled, job).state == "done"


@pytest.mark.parametrize("keys", [["n"], ["escape"], ["enter"]])
def test_cancelling_asks_first_and_no_means_no(filled: FilledLedger, keys: list[str]) -> None:
    job = filled.add("queued", total=5)

    async def work(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "· queued")
        await pilot.press("c")
        await until_seen(pilot, f"Cancel {job.id} (bibliography)?", "5 of its 5 records are still to do")
        assert isinstance(pilot.app.screen, Confirm)
        await pilot.press(*keys)
        await until_gone(pilot, "still to do")
        await asyncio.sleep(0.2)

    use(filled.home, work)
    assert now_in(filled, job).state == "queued"


@pytest.mark.parametrize("keys", [["y"], ["left", "enter"]])
def test_cancelling_asks_first_and_yes_means_yes(filled: FilledLedger, keys: list[str]) -> None:
    job = filled.add("queued", total=5)

    async def work(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "· queued")
        await pilot.press("c")
        await until_seen(pilot, "still to do")
        await pilot.press(*keys)
        await until_seen(pilot, "– cancelled")

    use(filled.home, work)
    assert now_in(filled, job).state == "cancelled"


def test_failed_records_are_retried(filled: FilledLedger) -> None:
    job = filled.add("done", total=10, ok=6, review=1, failed=3)

    async def work(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "✓ done")
        await pilot.press("R")
        await until_seen(pilot, "· queued", "70%")

    use(filled.home, work)
    counts = now_in(filled, job).counts
    assert (counts.todo, counts.ok, counts.review, counts.failed) == (3, 6, 1, 0)


def test_only_an_ended_job_is_deleted_and_the_cursor_goes_to_the_next(filled: FilledLedger) -> None:
    ended = filled.add("done", total=4, ok=4, source="old.txt")
    other = filled.add("queued", total=4, source="new.txt")

    async def work(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "old.txt")
        await pilot.press("d")
        await until_seen(pilot, "only a job that")
        await pilot.press("down", "d")
        await until_seen(pilot, f"Delete {ended.id}", "4 results")
        await pilot.press("y")
        await until(pilot, lambda: seen_of(pilot) == [other.id], "it is still there")
        await until_seen(pilot, f"{other.id} bibliography")

    use(filled.home, work)
    assert [job.id for job in filled.ledger.jobs()] == [other.id]


def test_jobs_are_put_in_another_order_and_the_cursor_goes_with_them(filled: FilledLedger) -> None:
    one, two, three = (filled.add(total=2, source=f"{name}.txt") for name in ("one", "two", "three"))

    async def work(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "three.txt")
        await pilot.press("+")  # the first one stays the first
        await pilot.press("-")
        await until(pilot, lambda: seen_of(pilot) == [two.id, one.id, three.id], "it was not moved")
        await pilot.press("]")
        await until(pilot, lambda: seen_of(pilot) == [two.id, three.id, one.id], "it was not moved again")
        assert pilot.app.screen.query_one(JobsTable).cursor_row == 2
        await pilot.press("[")
        await until(pilot, lambda: seen_of(pilot) == [two.id, one.id, three.id], "it was not moved back")
        await pilot.press("+")
        await until(pilot, lambda: seen_of(pilot) == [one.id, two.id, three.id], "it was not moved to the top")
        await pilot.press("-")
        await until(pilot, lambda: seen_of(pilot) == [two.id, one.id, three.id], "it was not moved back")

    use(filled.home, work)
    assert [job.id for job in filled.ledger.jobs()] == [two.id, one.id, three.id]


@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")  # that is what it is for
def test_a_worker_is_started_and_goes_on_after_the_user_has_left(filled: FilledLedger) -> None:
    filled.add("paused", total=1)

    async def work(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "no worker runs")
        await pilot.press("w")
        await until_seen(pilot, "started.", "· idle")
        await pilot.press("q")

    try:
        use(filled.home, work)
        assert holder_of(filled.home) is not None
    finally:
        stopped = stop_worker(filled.home, 20.0)
    assert stopped is not None


# Help and the palette


def test_help_names_every_key(filled: FilledLedger) -> None:
    filled.add(total=2)

    async def work(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "· queued")
        await pilot.press("?")
        screen = await until_seen(pilot, "Keys", "esc goes back", "ctrl+p")
        assert "Do the job's failed records again." in screen
        assert "+ [     Let the job run before the one above it." in screen
        await pilot.press("escape")
        await until_gone(pilot, "esc goes back")

    use(filled.home, work)


def test_the_palette_knows_what_the_keys_do(filled: FilledLedger) -> None:
    job = filled.add(total=2)

    async def work(pilot: Pilot[str]) -> None:
        await until_seen(pilot, "· queued")
        await pilot.press("ctrl+p")
        await pilot.press(*"pause")
        await until_seen(pilot, "Pause the job:")
        await pilot.press("enter")
        await until_seen(pilot, f"Paused {job.id}")

    use(filled.home, work)
    assert now_in(filled, job).state == "paused"
