"""`gleanery watch`: bars on a terminal, lines in a pipe, JSON for scripts; its end, and Ctrl-C."""

import json
import os
import pty
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from ledgers.filled_ledger import CHAT, FilledLedger
from terminal import COMMAND, environment, on_terminal, plain

from gleanery.cli.watch import watch
from gleanery.jobs.job import Job, Pace

BAR = "━"


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FilledLedger]:
    monkeypatch.setenv("GLEANERY_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    with FilledLedger(tmp_path) as ledger:
        yield ledger


def watched(*arguments: str) -> Result:
    return CliRunner().invoke(watch, arguments)


@contextmanager
def going_on(filled: FilledLedger, id: str, steps: list[list[str]], end: str = "done") -> Iterator[None]:
    """A worker's writing, on a thread: some results every tenth of a second, then the end."""

    def work() -> None:
        with FilledLedger(filled.home) as worker:
            for number, statuses in enumerate(steps, 1):
                time.sleep(0.1)
                pace = Pace(time.time(), 5.0 * number, 4, 210.0, 12.5, 100 * number)
                worker.deliver(worker.ledger.job(id), statuses, pace=pace)  # type: ignore[arg-type]
            time.sleep(0.1)
            worker.writer.set_state(worker.ledger.job(id).number, end)  # type: ignore[arg-type]

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        thread.join()


def test_nothing_to_watch(filled: FilledLedger) -> None:
    filled.add("done", total=1, ok=1)
    result = watched()
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no job is under way" in result.stderr


@pytest.mark.parametrize(
    ("add", "code", "said"),
    [
        (lambda f: f.add("done", total=3, ok=2, review=1), 0, "is done: 2 ok, 1 in review. Next: gleanery export j-"),
        (lambda f: f.add("done", total=3, ok=2, failed=1), 4, "or try again: gleanery retry j-"),
        (lambda f: f.add("paused", total=3, ok=1), 1, "with 2 still to do. To go on: gleanery resume j-"),
        (lambda f: f.add("cancelled", total=3), 1, "To go on: gleanery resume j-"),
        (
            lambda f: f.add("failed", "No such model.", total=3),
            3,
            "is failed (No such model), with 3 still to do. To go",
        ),
        (
            lambda f: f.add("failed", "Bad: gleanery resume j-1", total=3),
            3,
            "(Bad: gleanery resume j-1), with 3 still to do.\n",
        ),
        (lambda f: f.add("waiting", after=[f.add("paused").id]), 1, "will not be done by itself: gleanery resume j-"),
    ],
    ids=["done", "some failed", "paused", "cancelled", "failed", "says how to go on", "waits in vain"],
)
def test_the_end_is_said_and_told_by_the_exit_code(
    filled: FilledLedger, add: Callable[[FilledLedger], Job], code: int, said: str
) -> None:
    job = add(filled)
    result = watched(job.id)
    assert result.exit_code == code
    assert said in result.stderr
    assert "worker" not in result.stderr


def test_several_jobs_each_said_once_the_worst_tells(filled: FilledLedger) -> None:
    jobs = [filled.add("done", total=1, ok=1), filled.add("done", total=1, failed=1)]
    result = watched(*(job.id for job in jobs), jobs[0].id[:5])
    assert result.exit_code == 4
    assert [line.split()[1:4] for line in result.stdout.splitlines()] == [
        [jobs[0].id, "done", "1/1"],
        [jobs[1].id, "done", "1/1,"],
    ]


def test_lines_of_a_job_that_goes_on(filled: FilledLedger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gleanery.cli.watch._EVERY", 0.0)
    job = filled.add("running", total=9, models=(CHAT,))
    with going_on(filled, job.id, [["ok", "review"], ["failed"]]):
        result = watched()
    assert result.exit_code == 4
    lines = [line.split(maxsplit=1)[1] for line in result.stdout.splitlines()]
    expected = [
        f"{job.id} running 0/9",
        f"{job.id} running 2/9, 1 review, 5/s, TTFT 210 ms, TPOT 12.5 ms, 1 s left",
        f"{job.id} running 3/9, 1 review, 1 failed, 10/s, TTFT 210 ms, TPOT 12.5 ms, 1 s left",
        f"{job.id} done 3/9, 1 review, 1 failed, TTFT 210 ms, TPOT 12.5 ms",
    ]
    # On a busy machine one of those between may be missed.
    assert (lines[0], lines[-1]) == (expected[0], expected[-1])
    assert len(lines) > 2
    assert [line for line in expected if line in lines] == lines
    assert result.stderr.count("No worker runs, so nothing goes on: gleanery worker start") == 1


def test_how_far_it_is_is_a_line_every_few_seconds_only(filled: FilledLedger) -> None:
    job = filled.add("running", total=9)
    with going_on(filled, job.id, [["ok"]] * 5):
        result = watched()
    assert [line.split()[2] for line in result.stdout.splitlines()] == ["running", "done"]


def test_json_for_scripts(filled: FilledLedger) -> None:
    job, other = filled.add("running", total=4), filled.add("paused", total=4)
    with going_on(filled, job.id, [["ok"], ["ok", "failed"]]):
        result = watched(job.id, other.id, "--json")
    assert (result.exit_code, result.stderr) == (1, "")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert lines[0] == {"type": "worker", "pid": None}
    done = [(line["state"], line["done"]) for line in lines if line["type"] == "job" and line["id"] == job.id]
    assert (done[0], done[-1]) == (("running", 0), ("done", 3))
    assert set(done) <= {("running", 0), ("running", 1), ("running", 3), ("done", 3)}
    assert len(done) == len(set(done)) > 2
    assert [line["state"] for line in lines if line["type"] == "job" and line["id"] == other.id] == ["paused"]
    assert [line["job"] for line in lines if line["type"] == "event"] == [job.id]


def test_a_job_that_is_deleted_meanwhile(filled: FilledLedger) -> None:
    job = filled.add("paused", total=4)
    filled.ledger.ask(job.id, "resume")  # keeps the watching going

    def delete() -> None:
        time.sleep(0.2)
        with FilledLedger(filled.home) as worker:
            for command in worker.ledger.pending():
                worker.writer.obey(command)
            worker.ledger.ask(job.id, "delete")
            worker.writer.obey(worker.ledger.pending()[0])

    thread = threading.Thread(target=delete)
    thread.start()
    result = watched(job.id)
    thread.join()
    assert result.exit_code == 1
    assert f"{job.id} was deleted." in result.stderr


def test_an_unknown_job(filled: FilledLedger) -> None:
    assert "j-n0ne00" in str(watched("j-n0ne00").exception)


@pytest.mark.parametrize("columns", [80, 120])
def test_bars_on_a_terminal(filled: FilledLedger, columns: int) -> None:
    job = filled.add("running", total=8, models=(CHAT,), source="refs/references.txt")
    filled.add("paused", "The model has changed.", total=8)
    with going_on(filled, job.id, [["ok", "ok"]] * 4 + [[]] * 8):
        code, sent = on_terminal("watch", columns=columns)
    assert code == 1
    shown = plain(sent)
    assert BAR in shown
    assert re.search(r"\d/s, TTFT 210 ms, TPOT 12.5 ms, [\d,]+ tokens, 4 in flight", shown)
    assert "The model has changed." in shown
    after = shown[shown.rindex("progress") :]
    assert "100%" in after, "the last picture stays"
    assert "\x1b[?25h" in sent[sent.rindex(BAR) :], "the cursor is shown again"
    assert f"{job.id} is done: 8 ok." in after


def test_ctrl_c_leaves_the_watching_and_the_job_goes_on(filled: FilledLedger) -> None:
    job = filled.add("running", total=8)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "watch"], stdin=theirs, stdout=theirs, stderr=theirs, env=environment(), start_new_session=True
    )
    os.close(theirs)
    sent = b""
    while BAR.encode() not in sent:
        sent += os.read(ours, 4096)
    process.send_signal(signal.SIGINT)
    code = process.wait(10)
    while b"gleanery pause" not in sent:
        sent += os.read(ours, 4096)
    os.close(ours)
    assert code == 130
    said = plain(sent.decode())
    assert f"Stopped watching. The jobs are kept, but no worker runs; to halt them: gleanery pause {job.id}" in said
    assert "Traceback" not in said
    assert filled.ledger.job(job.id).state == "running"
