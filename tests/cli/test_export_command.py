"""`gleanery export`: what is committed of a job, in the order of its records, in every format, at any time."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from ledgers.filled_ledger import CHAT, FilledLedger, result
from terminal import command, on_terminal, plain

from gleanery.cli.export import export
from gleanery.errors import ExportError, UsageError
from gleanery.jobs.job import Job
from gleanery.jobs.ledger.writer import Delivery
from gleanery.jobs.outcome import Outcome, outcome_of
from gleanery.queue import Queue
from gleanery.tasks.exports.jsonl import JsonlExporter
from gleanery.tasks.records import Record, Status


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FilledLedger]:
    monkeypatch.setenv("GLEANERY_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    with FilledLedger(tmp_path / "home") as ledger:
        yield ledger


@pytest.fixture
def job(filled: FilledLedger) -> Job:
    """A running job: of eight records, one failed, two are in review, three ok, two still to do."""
    return filled.add("running", total=8, ok=3, review=2, failed=1, models=(CHAT,))


STATUSES: list[Status] = ["failed", "review", "review", "ok", "ok", "ok"]


def run(*arguments: object) -> Result:
    return CliRunner().invoke(export, [str(argument) for argument in arguments])


def expected(*, full: bool = False, only: tuple[Status, ...] = ("ok", "review", "failed")) -> bytes:
    """What JsonlExporter writes for the same Results."""
    stream = io.BytesIO()
    exporter = JsonlExporter(stream, full=full)
    for position, status in enumerate(STATUSES, 1):
        record = Record(f"r-{position}", position, f"Roe, J. ({1900 + position}). Book {position}. London: Verso.")
        if status in only:
            exporter.write(result(record, status, CHAT))
    return stream.getvalue()


@pytest.mark.parametrize("full", [False, True])
def test_jsonl_is_what_the_exporter_writes(job: Job, full: bool) -> None:
    done = run(job.id, "-o", "out.jsonl", *(["--full"] if full else []))
    assert done.exit_code == 4
    assert Path("out.jsonl").read_bytes() == expected(full=full)


def test_what_is_still_to_do_is_said(job: Job) -> None:
    assert run(job.id, "-o", "out.jsonl").stderr == (
        f"Wrote 6 records of {job.id} to out.jsonl: 3 ok, 2 in review, 1 failed.\n"
        "In review: low-confidence 2.\n"
        "Still to do: 2 of 8 (running); they come as the job goes.\n"
    )
    assert run(job.id, "-o", "out.jsonl", "-q").stderr == ""


def test_a_later_export_has_more_and_the_same_before(filled: FilledLedger, job: Job) -> None:
    run(job.id, "-o", "first.jsonl")
    filled.deliver(job, ["ok", "ok"])
    filled.writer.set_state(job.number, "done")
    done = run(job.id, "-o", "second.jsonl")
    first, second = Path("first.jsonl").read_bytes(), Path("second.jsonl").read_bytes()
    assert second.startswith(first)
    assert second.count(b"\n") == 8
    assert f"Next: look at what is not ok, such as: gleanery show {job.id}:r-1\n" in done.stderr


def test_records_stand_in_their_order_however_they_came(filled: FilledLedger) -> None:
    job = filled.add("running", total=2500)
    todo = {
        record.position: record for page in (0, 1000, 2000) for record in filled.ledger.todo(job.number, after=page)
    }
    for position in (2500, 7, 1300, 1, 1001):
        outcome: Outcome = outcome_of(todo[position], result(todo[position], "ok"))
        filled.writer.commit([Delivery(job.number, outcome)])
    done = run(job.id)
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["r-1", "r-7", "r-1001", "r-1300", "r-2500"]
    filled.deliver(job, ["ok"] * 900)
    lines = run(job.id, "--json", "-q").stdout.splitlines()
    positions = [int(json.loads(line)["id"][2:]) for line in lines]
    assert len(positions) == 905
    assert positions == sorted(positions)


def test_cached_results_say_so_in_full(filled: FilledLedger) -> None:
    job = filled.add("running", total=2)
    for cached, record in zip((True, False), filled.ledger.todo(job.number), strict=True):
        filled.writer.commit([Delivery(job.number, outcome_of(record, result(record, "ok")), cached=cached)])
    assert [json.loads(line)["cached"] for line in run(job.id, "--full").stdout.splitlines()] == [True, False]


@pytest.mark.parametrize(
    ("wanted", "only", "code"),
    [
        ("ok", ("ok",), 0),
        ("review", ("review",), 0),
        ("failed", ("failed",), 4),
        ("ok, review", ("ok", "review"), 0),
    ],
)
def test_only_some_statuses(job: Job, wanted: str, only: tuple[Status, ...], code: int) -> None:
    done = run(job.id, "-o", "out.jsonl", "--status", wanted)
    assert done.exit_code == code
    assert Path("out.jsonl").read_bytes() == expected(only=only)
    assert "Still to do" not in done.stderr


def test_review_may_count_as_failing(filled: FilledLedger) -> None:
    job = filled.add("done", total=1, review=1)
    assert run(job.id).exit_code == 0
    assert run(job.id, "--fail-on", "review").exit_code == 4


@pytest.mark.parametrize(
    ("file", "holds"),
    [
        ("out.bib", "title = {Book 4}"),
        ("out.json", '"title":"Book 4"'),
        ("out.ris", "TI  - Book 4"),
        ("out.csv", ",Book 4,"),
        ("out.tsv", "\tBook 4\t"),
    ],
)
def test_other_formats(job: Job, file: str, holds: str) -> None:
    done = run(job.id, "-o", file)
    assert done.exit_code == 4
    assert holds.replace(" ", "") in Path(file).read_text().replace(" ", "")
    left_out = "1 of which the format cannot say" in done.stderr
    assert left_out == (file not in ("out.csv", "out.tsv"))


def test_the_columns_are_those_of_the_task_as_it_was(filled: FilledLedger) -> None:
    """The task's folder may be gone: the ledger has its files."""
    folder = Path("tasks/works")
    folder.mkdir(parents=True)
    (folder / "task.yaml").write_text(
        "name: works\nsummary: Works.\nkind: extract\noutput: 'title, year int'\nmodels: [ollama/qwen3:4b]\n"
    )
    with Queue(filled.home) as queue:
        job = queue.submit("works", ["Roe, J. (1901). Book 1. London: Verso."])
    (folder / "task.yaml").unlink()
    filled.deliver(job, ["ok"])
    run(job.id, "-o", "out.csv")
    assert Path("out.csv").read_text().splitlines()[0].startswith("id,status,confidence,title,year")
    assert isinstance(run(job.id, "-o", "out.csv", "--full").exception, UsageError)


def test_the_summary_as_json(job: Job) -> None:
    done = run(job.id, "-o", "out.bib", "--json")
    assert json.loads(done.stdout) == {
        "job": job.id, "state": "running", "records": 6, "ok": 3, "review": 2, "failed": 1,
        "reasons": {"low-confidence": 2}, "left_out": 1, "todo": 2, "output": "out.bib",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "kind", "said"),
    [
        (("-o", "out.xyz"), UsageError, "no export format has the extension"),
        (("-o", "out.bib", "--full"), UsageError, "--full is a form of JSONL"),
        (("-o", "missing/out.jsonl"), ExportError, "there is no folder"),
    ],
    ids=["format", "full", "folder"],
)
def test_errors(job: Job, options: tuple[str, ...], kind: type[Exception], said: str) -> None:
    done = run(job.id, *options)
    assert isinstance(done.exception, kind)
    assert said in str(done.exception)


def test_an_unknown_status(job: Job) -> None:
    done = run(job.id, "--status", "ok,bad")
    assert done.exit_code == 2
    assert "`bad` is no status. Give some of ok,review,failed." in done.stderr


def test_a_job_without_results(filled: FilledLedger) -> None:
    job = filled.add("paused", total=3)
    done = run(job.id, "-o", "out.jsonl")
    assert (done.exit_code, Path("out.jsonl").read_bytes()) == (0, b"")
    assert f"Still to do: 3 of 3 (paused); gleanery resume {job.id}." in done.stderr


def test_as_a_user_meets_it(job: Job) -> None:
    piped = command("export", job.id[:6])
    assert (piped.returncode, piped.stdout) == (4, expected())
    code, sent = on_terminal("export", job.id, columns=100)
    assert code == 4
    lines = plain(sent).splitlines()
    assert lines[0].split() == ["status", "conf", "type", "year", "authors", "title", "in"]
    assert lines[4].split() == ["ok", "0.97", "book", "1904", "Roe", "Book", "4", "Verso"]
