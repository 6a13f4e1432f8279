"""`gleanery pause | resume | cancel | retry | move | delete`: what is asked, what is answered, and what to do next."""

import json
import os
import pty
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from ledgers.filled_ledger import CHAT, FilledLedger, manifest
from terminal import COMMAND, command, environment

from gleanery.cli import control
from gleanery.errors import UsageError
from gleanery.jobs.lock import Holder
from gleanery.queue import Queue


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FilledLedger]:
    monkeypatch.setenv("GLEANERY_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    with FilledLedger(tmp_path) as ledger:
        yield ledger


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The ledgers for which a worker was started; none really is."""
    homes: list[Path] = []

    def start(queue: Queue) -> tuple[Holder, bool]:
        homes.append(queue.home)
        return Holder(4711, 0.0), True

    monkeypatch.setattr(Queue, "start_worker", start)
    return homes


def run(asked: click.Command, *arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(asked, arguments, input=stdin)


def test_pause(filled: FilledLedger) -> None:
    job = filled.add("running", total=4, ok=1)
    result = run(control.pause, job.id)
    assert result.exit_code == 0, result.exception
    assert job.id in result.stdout
    assert result.stderr == f"To go on: gleanery resume {job.id}\n"
    assert filled.ledger.job(job.id).state == "paused"


def test_pause_all_that_goes_on(filled: FilledLedger) -> None:
    going = [filled.add("running"), filled.add("queued"), filled.add("waiting", "lost")]
    others = [filled.add("done", total=1, ok=1), filled.add("loading"), filled.add("cancelled")]
    assert run(control.pause, "--all").exit_code == 0
    assert {filled.ledger.job(job.id).state for job in going} == {"paused"}
    assert [filled.ledger.job(job.id).state for job in others] == ["done", "loading", "cancelled"]


def test_what_cannot_be_done_is_said_and_the_rest_is_done(filled: FilledLedger) -> None:
    done, running = filled.add("done", total=1, ok=1), filled.add("running")
    result = run(control.pause, done.id, running.id)
    assert result.exit_code == 2
    assert done.id in result.stderr
    assert result.stderr.startswith("Error: ")
    assert filled.ledger.job(running.id).state == "paused"
    refused, paused = map(json.loads, run(control.pause, done.id, running.id, "--json").stdout.splitlines())
    assert (refused["done"], refused["job"]) == (False, done.id)
    assert (paused["verb"], paused["job"]) == ("pause", running.id)


def test_a_wrong_id_stops_everything_before_it_began(filled: FilledLedger) -> None:
    running = filled.add("running")
    result = run(control.pause, running.id, "j-n0ne00")
    assert isinstance(result.exception, UsageError)
    assert "There is no job `j-n0ne00`" in str(result.exception)
    assert filled.ledger.job(running.id).state == "running"


@pytest.mark.parametrize("asked", [control.pause, control.resume, control.cancel, control.retry, control.delete])
def test_jobs_must_be_named_or_all_meant(filled: FilledLedger, asked: click.Command) -> None:
    job = filled.add("done", total=1, ok=1)
    for arguments in ((), (job.id, "--all")):
        assert "--all" in str(run(asked, *arguments).exception)


def test_all_of_none(filled: FilledLedger) -> None:
    result = run(control.pause, "--all")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "There are no such jobs: gleanery jobs\n")


def test_resume_starts_a_worker_and_says_so(filled: FilledLedger, started: list[Path]) -> None:
    job = filled.add("paused", total=4, ok=1)
    result = run(control.resume, job.id[:5])
    assert result.exit_code == 0, result.exception
    assert filled.ledger.job(job.id).state == "queued"
    assert result.stderr == f"Next: gleanery watch {job.id}\nStarted a worker (process 4711).\n"
    assert started == [filled.home]


def test_resume_without_a_worker(filled: FilledLedger, started: list[Path]) -> None:
    job = filled.add("paused")
    result = run(control.resume, job.id, "--no-start")
    assert "No worker runs, and none was started: gleanery worker start\n" in result.stderr
    assert started == []


def test_no_worker_is_started_for_what_was_refused(filled: FilledLedger, started: list[Path]) -> None:
    job = filled.add("done", total=1, ok=1)
    assert run(control.resume, job.id).exit_code == 2
    assert started == []


def test_resume_all_leaves_what_somebody_cancelled(filled: FilledLedger, started: list[Path]) -> None:
    paused, failed, cancelled = filled.add("paused"), filled.add("failed", "why"), filled.add("cancelled")
    assert run(control.resume, "--all").exit_code == 0
    assert [filled.ledger.job(job.id).state for job in (paused, failed, cancelled)] == ["queued", "queued", "cancelled"]


def test_resume_takes_up_an_interrupted_loading(filled: FilledLedger, started: list[Path]) -> None:
    source = filled.home / "refs.txt"
    source.write_text("".join(f"Roe, J. ({1900 + n}). Book {n}. London: Verso.\n" for n in range(50)))
    with Queue(filled.home) as queue:

        def interrupt(job: object, count: int) -> None:
            if count > 10:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            queue.submit("bibliography", source, model="embedded/references", progress=interrupt)
    (job,) = filled.ledger.jobs()
    assert job.state == "loading"
    assert 0 < job.counts.total < 50
    result = run(control.resume, job.id)
    assert result.exit_code == 0, result.exception
    assert result.stdout == f"Stored all 50 records of {job.id}; it is queued.\n"
    assert filled.ledger.job(job.id).counts.total == 50
    assert len(started) == 1


def test_cancel_keeps_what_is_done(filled: FilledLedger) -> None:
    job = filled.add("running", total=4, ok=3)
    result = run(control.cancel, job.id)
    assert result.exit_code == 0, result.exception
    assert filled.ledger.job(job.id).state == "cancelled"
    assert result.stderr == f"3 records are done: gleanery export {job.id} -o FILE\n"


@pytest.mark.parametrize(
    ("options", "todo"),
    [
        ((), [1, 2]),
        (("--failed",), [1, 2]),
        (("--review",), [3]),
        (("--failed", "--review"), [1, 2, 3]),
        (("--record", "r-2", "--record", "r-5"), [2, 5]),
    ],
    ids=lambda value: " ".join(map(str, value)),
)
def test_retry(filled: FilledLedger, started: list[Path], options: tuple[str, ...], todo: list[int]) -> None:
    job = filled.add("done", total=6, ok=3, review=1, failed=2)
    result = run(control.retry, job.id, *options)
    assert result.exit_code == 0, result.exception
    assert [record.position for record in filled.ledger.todo(job.number)] == todo
    assert filled.ledger.job(job.id).state == "queued"
    assert len(started) == 1


def test_retry_all_that_have_failures(filled: FilledLedger, started: list[Path]) -> None:
    bad, good = filled.add("done", total=2, ok=1, failed=1), filled.add("done", total=2, ok=1, review=1)
    assert run(control.retry, "--all").exit_code == 0
    assert [filled.ledger.job(job.id).counts.todo for job in (bad, good)] == [1, 0]


def test_retry_with_another_model_is_a_new_job(filled: FilledLedger, started: list[Path]) -> None:
    job = filled.add("done", total=3, ok=2, failed=1)
    result = run(control.retry, job.id, "--model", CHAT, "--json")
    assert result.exit_code == 0, result.exception
    said = json.loads(result.stdout)
    new = filled.ledger.job(said["job"])
    assert new.id != job.id
    assert (new.models, new.counts.todo, new.manifest.again_of) == ((CHAT,), 3, job.id)
    assert filled.ledger.job(job.id).counts.done == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [(("--model", CHAT, "--review"), "--model does all records"), (("--all", "--record", "r-1"), "one JOB")],
    ids=["model", "record"],
)
def test_retry_usage(filled: FilledLedger, options: tuple[str, ...], said: str) -> None:
    job = filled.add("done", total=1, failed=1)
    ids = () if "--all" in options else (job.id,)
    assert said in str(run(control.retry, *ids, *options).exception)


@pytest.mark.parametrize(
    ("options", "order"),
    [
        (("--first",), "cab"),
        (("--before", "j-bbbbbb"), "acb"),
        (("--priority", "5"), "cab"),
        (("--priority", "-1"), "abc"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_move(filled: FilledLedger, options: tuple[str, ...], order: str) -> None:
    for name in "abc":
        filled.add("queued", id=f"j-{6 * name}")
    result = run(control.move, "j-cccccc", *options)
    assert result.exit_code == 0, result.exception
    assert "".join(job.id[-1] for job in filled.ledger.jobs()) == order


def test_move_behind(filled: FilledLedger) -> None:
    for name in "abc":
        filled.add("queued", id=f"j-{6 * name}")
    run(control.move, "j-aaaaaa", "--after", "j-b")
    assert [job.id[-1] for job in filled.ledger.jobs()] == ["b", "a", "c"]
    run(control.move, "j-bbbbbb", "--last")
    assert [job.id[-1] for job in filled.ledger.jobs()] == ["a", "c", "b"]


@pytest.mark.parametrize("options", [(), ("--first", "--last"), ("--first", "--before", "j-abcdef")])
def test_move_wants_one_place(filled: FilledLedger, options: tuple[str, ...]) -> None:
    job = filled.add("queued")
    assert "Say where to" in str(run(control.move, job.id, *options).exception)


def test_delete_asks_before(filled: FilledLedger) -> None:
    job = filled.add("done", total=3, ok=3, source="thesis.txt")
    assert "Add --yes" in str(run(control.delete, job.id).exception)
    code, sent = answered("n", "delete", job.id)
    assert code == 130
    assert f"{job.id}  bibliography thesis.txt, done: 3 records, 3 done" in sent
    assert "Delete this job for good? [y/N]" in sent
    assert filled.ledger.job(job.id).counts.done == 3
    assert answered("y", "delete", job.id)[0] == 0
    assert filled.ledger.jobs() == []


def answered(answer: str, *arguments: str) -> tuple[int, str]:
    """Run a command on a terminal on which somebody types an answer: its exit code, and what it wrote."""
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    call = [*COMMAND, *arguments]
    done = subprocess.run(call, stdin=theirs, capture_output=True, env=environment(), timeout=60)
    os.close(ours)
    os.close(theirs)
    return done.returncode, done.stderr.decode()


def test_delete_with_yes(filled: FilledLedger) -> None:
    job, other = filled.add("done", total=3, ok=3), filled.add("queued")
    result = run(control.delete, "--all", "--yes")
    assert result.exit_code == 0, result.exception
    assert [one.id for one in filled.ledger.jobs()] == [other.id]
    assert job.id in result.stdout


def test_a_running_job_is_not_deleted(filled: FilledLedger) -> None:
    job = filled.add("running")
    result = run(control.delete, job.id, "--yes")
    assert result.exit_code == 2
    assert filled.ledger.job(job.id).state == "running"


def test_as_a_user_meets_it(filled: FilledLedger) -> None:
    job = filled.add("running")
    done = command("pause", job.id)
    assert (done.returncode, done.stderr.decode()) == (0, f"To go on: gleanery resume {job.id}\n")
    assert command("pause").returncode == 2
    assert b"Traceback" not in command("pause", "j-n0ne00").stderr


@pytest.mark.parametrize(
    "asked", [control.pause, control.resume, control.cancel, control.retry, control.move, control.delete]
)
def test_help_teaches_by_examples(asked: click.Command) -> None:
    shown = run(asked, "--help").stdout
    assert shown.count(f"gleanery {asked.name} ") >= 2
    assert max(map(len, shown.splitlines())) <= 100


def test_the_manifest_of_the_fixture_is_that_of_a_chat_model_where_it_asks_one() -> None:
    assert manifest((CHAT,)).prompt_digest is not None
    assert manifest().prompt_digest is None
