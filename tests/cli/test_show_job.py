"""`gleanery show JOB` and `gleanery show JOB:RECORD`."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from ledgers.filled_ledger import CHAT, CONTEXT, DIGESTS, LOST, SPECIALIST, TORN, FilledLedger
from terminal import on_terminal, plain

from gleanery.cli.result_view import marked
from gleanery.cli.show_job import named_job
from gleanery.cli.tasks import show
from gleanery.errors import UsageError
from gleanery.jobs.job import Job, Pace
from gleanery.queue import Queue


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FilledLedger]:
    monkeypatch.setenv("GLEANERY_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    with FilledLedger(tmp_path) as ledger:
        yield ledger


@pytest.fixture
def job(filled: FilledLedger) -> Job:
    pace = Pace(1795248000.0, 2.4, 16, 210.0, 12.5, 4200, (("r-9", 1.84), ("r-8", 0.0312)))
    return filled.add("done", total=10, ok=3, review=2, failed=5, models=(SPECIALIST, CHAT), pace=pace, priority=3)


def shown(*arguments: str) -> Result:
    return CliRunner().invoke(show, arguments)


def facts(result: Result) -> dict[str, str]:
    """The lines of a name and what is said of it."""
    assert result.exit_code == 0, result.exception
    return {
        line[:10].strip(): line[11:] for line in result.stdout.splitlines() if line[:10].strip() and line[10:11] == " "
    }


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("j-abc123", ("j-abc123", None)),
        ("j-abc", ("j-abc", None)),
        ("j-abc123:r-7", ("j-abc123", "r-7")),
        ("j-abc123:a:b", ("j-abc123", "a:b")),
        ("j-abc1234", None),
        ("bibliography", None),
        ("refs.jsonl:r-1", None),
    ],
)
def test_what_names_a_job(text: str, named: tuple[str, str | None] | None) -> None:
    assert named_job(text) == named


def test_a_job(job: Job) -> None:
    result = shown(job.id[:6])
    said = facts(result)
    assert result.stdout.startswith(f"{job.id}: bibliography on references.txt\n")
    assert said["state"] == "done"
    assert said["records"] == "10 of 10 (100%): 3 ok, 2 in review, 5 failed"
    assert said["pace"] == "TTFT 210 ms, TPOT 12.5 ms, 4,200 tokens"
    assert said["models"] == f"{SPECIALIST}  {DIGESTS[SPECIALIST][:12]}"
    assert f"           {CHAT}  {DIGESTS[CHAT][:12]}" in result.stdout
    assert (said["task"], said["prompt"]) == ("bibliography  7a7a7a7a7a7a", "919191919191")
    assert said["options"] == "accept 0.9, temperature 0.0, seed 0, max_tokens 1024"
    assert (said["source"], said["priority"]) == ("/home/ada/bibliography/references.txt", "3")
    assert f"    1.8 s  {job.id}:r-9\n   31.2 ms  {job.id}:r-8\n" in result.stdout
    assert result.stderr == f"\nNext: look at one of them: gleanery show {job.id}:r-1\n"


def test_failures_are_grouped_by_their_reason(job: Job) -> None:
    lines = shown(job.id).stdout.splitlines()
    first = lines.index("Why records failed") + 2
    assert [line.split()[0] for line in lines[first : first + 2]] == ["4", "1"]
    assert lines[first + 1].endswith(TORN)


def test_what_happened_last(filled: FilledLedger, job: Job) -> None:
    for number in range(20):
        filled.writer.note("test", f"Event {number}.", job.id)
    lines = shown(job.id).stdout.splitlines()
    assert [line.split(maxsplit=2)[2] for line in lines[-8:]] == [f"Event {number}." for number in range(12, 20)]


def test_a_job_that_waits_says_for_what(filled: FilledLedger) -> None:
    first = filled.add("paused")
    waiting, lost = filled.add("waiting", after=(first.id,)), filled.add("waiting", LOST)
    assert first.id in facts(shown(waiting.id))["state"]
    assert facts(shown(waiting.id))["after"] == first.id
    assert facts(shown(lost.id))["state"] == f"waiting: {LOST}"


def test_a_running_job_without_a_worker_says_so(filled: FilledLedger) -> None:
    job = filled.add("running", total=4, ok=1)
    assert "No worker runs" in shown(job.id).stderr


def test_a_job_as_json(filled: FilledLedger, job: Job) -> None:
    said = json.loads(shown(job.id, "--json").stdout)
    assert said["manifest"] == json.loads(json.dumps(job.manifest.as_json()))
    assert said["pins"] == {SPECIALIST: DIGESTS[SPECIALIST], CHAT: DIGESTS[CHAT]}
    assert said["pace"]["slowest"] == [["r-9", 1.84], ["r-8", 0.0312]]
    assert [one["records"] for one in said["reasons"]] == [4, 1]
    assert (said["ok"], said["failed"], said["state"]) == (3, 5, "done")
    assert said["events"][-1]["job"] == job.id


def test_a_record(job: Job) -> None:
    result = shown(f"{job.id}:r-1")
    assert result.exit_code == 0, result.exception
    said = json.loads(result.stdout)
    assert (said["id"], said["status"], said["error"]) == ("r-1", "failed", CONTEXT.replace("9120", "9001"))
    assert json.loads(shown(f"{job.id}:r-7", "--json").stdout)["output"]["title"] == "Book 7"


def test_a_record_on_a_terminal_has_its_spans_marked(job: Job) -> None:
    code, sent = on_terminal("show", f"{job.id}:r-7", columns=100)
    assert code == 0
    assert "\x1b[4m1907\x1b[0m" in sent.replace("\x1b[36m", "").replace("\x1b[36;4m", "\x1b[4m")
    lines = plain(sent).splitlines()
    assert lines[0].split() == ["r-7", "review", "0.71", CHAT]
    assert lines[2] == "Roe, J. (1907). Book 7. London: Verso."
    assert ["title", "Book", "7", "exact", "16-22"] in [line.split() for line in lines]
    assert lines[-1].startswith("low-confidence: The record's confidence")


def test_marks_that_overlap_or_come_in_parts() -> None:
    spans = {"a": {"start": 0, "end": 9, "parts": [[0, 3], [6, 9]]}, "b": {"start": 2, "end": 4}, "c": {"start": None}}
    text = marked("abcdefghi\x1bj", spans)
    assert plain(text) == "abcdefghi j"
    assert text.count("\x1b[0m") == 3


def test_the_exchanges_of_a_record(job: Job) -> None:
    result = shown(f"{job.id}:r-6", "--wire")
    assert "POST http://127.0.0.1:11434/api/chat" in result.stdout
    assert "Roe, J. (1906). Book 6. London: Verso." in result.stdout.split("POST")[1]
    (exchange,) = json.loads(shown(f"{job.id}:r-6", "--wire", "--json").stdout)["exchanges"]
    assert (exchange["model"], exchange["reply"]["status"]) == (CHAT, 200)


def test_a_record_without_exchanges(filled: FilledLedger) -> None:
    job = filled.add("done", total=1, ok=1)
    result = shown(f"{job.id}:r-1", "--wire")
    assert result.exit_code == 0
    assert "No exchange with a model is kept for r-1" in result.stderr


def test_a_record_that_was_done_again_shows_what_it_was(filled: FilledLedger, job: Job) -> None:
    with Queue(filled.home) as queue:
        queue.ask(job.id, "retry", ids=["r-1"])
        todo = shown(f"{job.id}:r-1")
        assert json.loads(todo.stdout)["status"] == "failed"
        assert f"{job.id}:r-1 is still to do, and the job is queued. This is what it was before:" in todo.stderr
        filled.deliver(job, ["review"])
        queue.ask(job.id, "retry", ids=["r-1"])
        filled.deliver(job, ["ok"])
    said = json.loads(shown(f"{job.id}:r-1", "--json").stdout)
    assert said["status"] == "ok"
    assert [one["status"] for one in said["superseded"]] == ["review", "failed"]
    assert "Before it was done again (2 of 2)" in shown(f"{job.id}:r-1").stderr


@pytest.mark.parametrize(
    ("record", "said"),
    [("r-99", "has no record `r-99`"), ("r-5", "is still to do, and the job is paused")],
)
def test_no_result(filled: FilledLedger, record: str, said: str) -> None:
    job = filled.add("paused", total=6, ok=4)
    result = shown(f"{job.id}:{record}")
    assert isinstance(result.exception, UsageError)
    assert said in str(result.exception)


def test_usage(job: Job) -> None:
    assert "--wire shows the exchanges of a record" in str(shown(job.id, "--wire").exception)
    assert "There is no job `j-n0ne`" in str(shown("j-n0ne").exception)


def test_what_a_terminal_would_obey_is_left_out(filled: FilledLedger) -> None:
    job = filled.add("failed", "\x1b[2Jbad", total=1, source="\x1b]0;x\x07.txt")
    assert not {"\x1b", "\x07"} & set(shown(job.id).stdout)
