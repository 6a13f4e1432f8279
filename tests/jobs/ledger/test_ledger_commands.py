"""What doors may ask for, and what they are told, in every state of a job."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from ledger_parts import BUNDLE, commit, manifest, obeyed, records, submitted

from gleanery.errors import UsageError
from gleanery.jobs.job import STATES, Job, State
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.ledger.writer import LedgerWriter


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "home") as ledger:
        yield ledger


def in_state(ledger: Ledger, state: State) -> Job:
    """A job of four records in that state, the first failed."""
    job = submitted(ledger, 4) if state != "loading" else ledger.submit(manifest(), BUNDLE)
    if state != "loading":
        commit(ledger, job, [1], "failed")
        LedgerWriter(ledger).set_state(job.number, state)
    return ledger.job(job.id)


MACHINE: dict[str, dict[State, State | None]] = {
    # What a command makes of a state; None: it is refused, and nothing changes.
    "pause": {
        "loading": "paused",
        "queued": "paused",
        "waiting": "paused",
        "running": "paused",
        "paused": "paused",
        "done": None,
        "failed": None,
        "cancelled": None,
    },
    "resume": {
        "loading": "loading",
        "queued": "queued",
        "waiting": "queued",
        "running": "running",
        "paused": "queued",
        "done": None,
        "failed": "queued",
        "cancelled": "queued",
    },
    "cancel": {
        "loading": "cancelled",
        "queued": "cancelled",
        "waiting": "cancelled",
        "running": "cancelled",
        "paused": "cancelled",
        "done": None,
        "failed": None,
        "cancelled": "cancelled",
    },
    "retry": {
        "loading": None,  # it has no record that failed
        "queued": "queued",
        "waiting": "waiting",
        "running": "running",
        "paused": "paused",
        "done": "queued",
        "failed": "queued",
        "cancelled": "queued",
    },
}


@pytest.mark.parametrize("verb", MACHINE)
@pytest.mark.parametrize("state", STATES)
def test_every_command_in_every_state(ledger: Ledger, verb: str, state: State) -> None:
    job = in_state(ledger, state)
    answer, refused = obeyed(ledger, job.id, verb)  # type: ignore[arg-type]
    wanted = MACHINE[verb][state]
    assert (ledger.job(job.id).state, refused) == (wanted or state, wanted is None)
    assert job.id in answer and answer.endswith(".")
    assert ledger.pending() == []


@pytest.mark.parametrize("state", STATES)
def test_every_job_but_a_running_one_can_be_deleted(ledger: Ledger, state: State) -> None:
    job = in_state(ledger, state)
    answer, refused = obeyed(ledger, job.id, "delete")
    if state == "running":
        assert refused and answer == f"{job.id} is running. Cancel it first: `gleanery cancel {job.id}`."
        assert ledger.job(job.id).state == "running"
    else:
        assert not refused and ledger.jobs() == []


def test_answers_are_plain(ledger: Ledger) -> None:
    job = submitted(ledger, 2)
    said = [obeyed(ledger, job.id, verb)[0] for verb in ("pause", "pause", "resume", "resume", "cancel", "cancel")]
    assert said == [
        f"Paused {job.id}.",
        f"{job.id} is paused already.",
        f"Resumed {job.id}.",
        f"{job.id} is queued already.",
        f"Cancelled {job.id}.",
        f"{job.id} is cancelled already.",
    ]
    LedgerWriter(ledger).set_state(job.number, "done")
    assert obeyed(ledger, job.id, "pause") == (f"{job.id} is done: there is nothing to pause.", True)
    assert obeyed(ledger, job.id, "retry") == (f"{job.id} has nothing to retry: no record is failed.", True)


def test_an_ended_job_that_goes_on_has_no_end_any_more(ledger: Ledger) -> None:
    job = in_state(ledger, "done")
    assert ledger.job(job.id).ended is not None
    obeyed(ledger, job.id, "retry")
    assert ledger.job(job.id).ended is None


def test_loading_paused_and_taken_up_again(ledger: Ledger) -> None:
    job = ledger.submit(manifest(), BUNDLE)
    obeyed(ledger, job.id, "pause")
    ledger.load(job.number, records(3), "three")
    answer, _ = obeyed(ledger, job.id, "resume")
    assert ledger.job(job.id).state == "loading" and "not all stored yet" in answer
    obeyed(ledger, job.id, "pause")
    ledger.finish_loading(job.number)
    assert (ledger.job(job.id).state, ledger.job(job.id).loaded) == ("paused", True)
    obeyed(ledger, job.id, "resume")
    assert ledger.job(job.id).state == "queued"


def test_loading_ends_when_the_job_is_cancelled_or_deleted(ledger: Ledger) -> None:
    job = ledger.submit(manifest(), BUNDLE)
    obeyed(ledger, job.id, "cancel")
    with pytest.raises(UsageError, match=f"{job.id} was cancelled while its records were being stored"):
        ledger.load(job.number, records(3), "three")
    obeyed(ledger, job.id, "resume")
    ledger.load(job.number, records(3), "three")
    obeyed(ledger, job.id, "delete")
    for call in (lambda: ledger.load(job.number, records(3, 4), "six"), lambda: ledger.finish_loading(job.number)):
        with pytest.raises(UsageError, match="was deleted while its records were being stored"):
            call()
    assert ledger.database.value("SELECT count(*) FROM records") == 0


def test_a_waiting_job_that_is_resumed_waits_no_longer(ledger: Ledger) -> None:
    first = submitted(ledger, 1)
    second = submitted(ledger, 1, after=[first.id])
    obeyed(ledger, second.id, "pause")
    answer, _ = obeyed(ledger, second.id, "resume")
    assert (ledger.job(second.id).state, ledger.job(second.id).reason) == ("waiting", f"Waits for {first.id}.")
    assert answer == f"Resumed {second.id}. It waits for {first.id}; resume it once more to wait no longer."
    obeyed(ledger, second.id, "resume")
    assert (ledger.job(second.id).state, ledger.job(second.id).after) == ("queued", ())


def test_a_job_that_others_wait_for_stays(ledger: Ledger) -> None:
    first = submitted(ledger, 1)
    second = submitted(ledger, 1, after=[first.id])
    answer, refused = obeyed(ledger, first.id, "delete")
    assert refused and answer.startswith(f"{second.id} waits for {first.id}.")
    LedgerWriter(ledger).set_state(first.number, "done")
    assert obeyed(ledger, first.id, "delete") == (f"Deleted {first.id}.", False)
    assert ledger.job(second.id).after == ()


def test_retry_of_chosen_records(ledger: Ledger) -> None:
    job = submitted(ledger, 5)
    commit(ledger, job, [1, 2], "failed")
    commit(ledger, job, [3], "review")
    assert obeyed(ledger, job.id, "retry", ids=["r-2"]) == (f"1 record of {job.id} will be done again.", False)
    answer, refused = obeyed(ledger, job.id, "retry", ids=["r-1", "r-9"])
    assert refused and "`r-9`" in answer
    assert obeyed(ledger, job.id, "retry", ids=["r-4"])[1]
    assert obeyed(ledger, job.id, "retry", statuses=["review"])[0] == f"1 record of {job.id} will be done again."
    assert [record.position for record in ledger.todo(job.number)] == [2, 3, 4, 5]


def order(ledger: Ledger) -> list[str]:
    return [job.manifest.task for job in ledger.jobs()]


def test_jobs_are_moved(ledger: Ledger) -> None:
    ids = {}
    for task, priority in (("a", 0), ("b", 0), ("c", 0), ("urgent", 5), ("low", -5)):
        job = ledger.submit(manifest(task), BUNDLE, priority=priority)
        ledger.finish_loading(job.number)
        ids[task] = job.id
    assert order(ledger) == ["urgent", "a", "b", "c", "low"]
    assert (
        obeyed(ledger, ids["c"], "move", before=ids["a"])[0]
        == f"Moved {ids['c']} before {ids['a']}; its priority is 0."
    )
    assert order(ledger) == ["urgent", "c", "a", "b", "low"]
    obeyed(ledger, ids["c"], "move", after=ids["b"][2:])
    assert order(ledger) == ["urgent", "a", "b", "c", "low"]
    assert obeyed(ledger, ids["b"], "move", to="first")[0] == f"Moved {ids['b']} to the front; its priority is 5."
    assert order(ledger) == ["b", "urgent", "a", "c", "low"]
    obeyed(ledger, ids["a"], "move", to="last")
    assert order(ledger) == ["b", "urgent", "c", "low", "a"]
    assert obeyed(ledger, ids["low"], "move", priority=9)[0] == f"{ids['low']} has priority 9."
    assert order(ledger) == ["low", "b", "urgent", "c", "a"]
    obeyed(ledger, ids["low"], "move", to="last", priority=5)
    assert order(ledger) == ["b", "urgent", "low", "c", "a"]
    for _ in range(10):  # as often as one likes
        obeyed(ledger, ids["low"], "move", before=ids["urgent"])
        obeyed(ledger, ids["urgent"], "move", before=ids["low"])
    assert order(ledger) == ["b", "urgent", "low", "c", "a"]
    submitted(ledger)
    assert order(ledger)[-2:] == ["works", "a"]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({}, "moved to one place"),
        ({"to": "first", "before": "j-other"}, "moved to one place"),
        ({"to": "middle"}, "`first` or `last`"),
        ({"before": "j-nobody"}, "There is no job `j-nobody`"),
        ({"after": "j-moved"}, "cannot be moved after itself"),
        ({"after": "j-other", "priority": 3}, "has priority 0"),
        ({"priority": "high"}, "whole number"),
        ({"priority": 5000}, "whole number"),
    ],
)
def test_moves_that_cannot_be(ledger: Ledger, arguments: dict[str, object], reason: str) -> None:
    ledger.submit(manifest("moved"), BUNDLE, id="j-moved", state="queued")
    ledger.submit(manifest("other"), BUNDLE, id="j-other", state="queued")
    answer, refused = obeyed(ledger, "j-moved", "move", **arguments)
    assert refused and reason in answer
    assert order(ledger) == ["moved", "other"]


def test_an_ended_job_has_no_place(ledger: Ledger) -> None:
    job = in_state(ledger, "cancelled")
    assert obeyed(ledger, job.id, "move", to="first") == (f"{job.id} is cancelled: it has no place in the queue.", True)


def test_a_command_for_a_job_that_was_deleted_meanwhile(ledger: Ledger) -> None:
    job = submitted(ledger, 1)
    first, second = ledger.command(ledger.ask(job.id, "delete")), ledger.command(ledger.ask(job.id, "pause"))
    writer = LedgerWriter(ledger)
    assert writer.obey(first) == f"Deleted {job.id}."
    assert writer.obey(second) == f"There is no job {job.id} any more."
    assert [ledger.command(command.number).refused for command in (first, second)] == [False, True]
    assert ledger.pending() == []
