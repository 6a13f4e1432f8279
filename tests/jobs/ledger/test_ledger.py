"""The ledger as doors use it: opened, filled and read."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from ledger_parts import BUNDLE, commit, counted, manifest, outcome, records, submitted

from gleanery.errors import LedgerError, UsageError
from gleanery.jobs.job import Counts
from gleanery.jobs.ledger import schema
from gleanery.jobs.ledger.ids import ALPHABET
from gleanery.jobs.ledger.ledger import FILE, Ledger
from gleanery.jobs.ledger.writer import Delivery, LedgerWriter
from gleanery.jobs.outcome import line_of, outcome_of
from gleanery.tasks.records import Issue, Record, Result


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger.open(tmp_path / "home") as ledger:
        yield ledger


def test_a_new_ledger_is_for_its_owners_eyes_only(tmp_path: Path) -> None:
    home = tmp_path / "data" / "gleanery"
    before = os.umask(0)
    try:
        with Ledger.open(home) as ledger:
            submitted(ledger, 10)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in home.iterdir()}
    finally:
        os.umask(before)
    assert modes == {FILE: 0o600, f"{FILE}-wal": 0o600, f"{FILE}-shm": 0o600}
    assert [stat.S_IMODE(folder.stat().st_mode) for folder in (home, home.parent)] == [0o700, 0o700]


def test_what_is_committed_is_on_disk(ledger: Ledger) -> None:
    settings = {name: ledger.database.value(f"PRAGMA {name}") for name in ("journal_mode", "synchronous", "fullfsync")}
    assert settings == {"journal_mode": "wal", "synchronous": 2, "fullfsync": 1}
    assert ledger.database.value("PRAGMA secure_delete") == 1
    assert ledger.database.value("PRAGMA foreign_keys") == 1


def test_a_ledger_that_is_not_there_is_not_made_unasked(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="There is no ledger at"):
        Ledger.open(tmp_path / "home", create=False)
    assert not (tmp_path / "home").exists()


def test_a_newer_ledger_is_refused_and_stays_as_it_is(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        submitted(ledger, 3)
        ledger.database.connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(LedgerError, match=f"newer Gleanery .ledger version {schema.VERSION + 1}; this one knows"):
        Ledger.open(tmp_path)
    assert (tmp_path / FILE).read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize("what", ["text", "database"])
def test_a_foreign_file_is_refused_and_stays_as_it_is(tmp_path: Path, what: str) -> None:
    path = tmp_path / FILE
    if what == "text":
        path.write_bytes(b"a letter to somebody\n" * 300)
    else:
        with sqlite3.connect(path) as other:
            other.execute("CREATE TABLE letters (text)")
        other.close()
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=r"is not a ledger of Gleanery: .*Move it away"):
        Ledger.open(tmp_path)
    assert path.read_bytes() == before


def test_an_older_ledger_is_brought_to_this_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger.open(tmp_path) as ledger:
        job = submitted(ledger, 3)
    further = "ALTER TABLE jobs ADD COLUMN colour TEXT NOT NULL DEFAULT 'red; green';\n-- and; no more\n"
    monkeypatch.setattr("gleanery.jobs.ledger.database.MIGRATIONS", (*schema.MIGRATIONS, further))
    monkeypatch.setattr("gleanery.jobs.ledger.database.VERSION", schema.VERSION + 1)
    with Ledger.open(tmp_path) as ledger:
        assert ledger.job(job.id).counts == Counts(total=3, todo=3)
        assert ledger.database.value("SELECT colour FROM jobs") == "red; green"
        assert ledger.database.value("PRAGMA user_version") == schema.VERSION + 1


def test_a_migration_that_fails_leaves_the_version_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger.open(tmp_path) as ledger:
        job = submitted(ledger, 3)
    further = "ALTER TABLE jobs ADD COLUMN colour TEXT;\nALTER TABLE nothing ADD COLUMN colour TEXT;\n"
    with monkeypatch.context() as patch:
        patch.setattr("gleanery.jobs.ledger.database.MIGRATIONS", (*schema.MIGRATIONS, further))
        patch.setattr("gleanery.jobs.ledger.database.VERSION", schema.VERSION + 1)
        with pytest.raises(LedgerError):
            Ledger.open(tmp_path)
    with Ledger.open(tmp_path) as ledger:
        assert ledger.job(job.id).counts.total == 3
        columns = [row[1] for row in ledger.database.rows("PRAGMA table_info(jobs)")]
    assert "colour" not in columns


def test_a_job_is_as_it_was_submitted(ledger: Ledger) -> None:
    job = ledger.submit(manifest(), BUNDLE, priority=3)
    assert job.id[:2] == "j-" and len(job.id) == 8 and set(job.id[2:]) <= set(ALPHABET)
    assert (job.state, job.priority, job.loaded, job.counts) == ("loading", 3, False, Counts())
    assert job.manifest == manifest()
    assert ledger.bundle(job.bundle) == BUNDLE
    assert ledger.submit(manifest(), BUNDLE, id="j-chosen", state="queued").state == "queued"
    assert ledger.database.value("SELECT count(*) FROM bundles") == 1


def test_jobs_run_by_priority_then_in_the_order_of_their_submission(ledger: Ledger) -> None:
    first, second = submitted(ledger), submitted(ledger)
    urgent = submitted(ledger, priority=5)
    assert [job.id for job in ledger.jobs()] == [urgent.id, first.id, second.id]
    LedgerWriter(ledger).set_state(first.number, "running")
    assert [job.id for job in ledger.jobs(["running", "paused"])] == [first.id]
    assert ledger.jobs([]) == []


def test_a_job_is_found_by_how_its_name_begins(ledger: Ledger) -> None:
    for id in ("j-abc123", "j-abd456", "j-abc1"):
        ledger.submit(manifest(), BUNDLE, id=id)
    found = {typed: ledger.job(typed).id for typed in ("abd", "J-ABD4", "j-abc123", "abc12", "abc1")}
    assert found == {
        "abd": "j-abd456",
        "J-ABD4": "j-abd456",
        "j-abc123": "j-abc123",
        "abc12": "j-abc123",
        "abc1": "j-abc1",
    }
    with pytest.raises(UsageError, match="may be several jobs: j-abc"):
        ledger.job("ab")
    for typed in ("zzz", "", "j-"):
        with pytest.raises(UsageError, match="There is no job"):
            ledger.job(typed)


def test_a_job_after_another_waits_for_it(ledger: Ledger) -> None:
    first = submitted(ledger, 1)
    second = submitted(ledger, 1, after=[first.id[2:], first.id])
    assert (second.state, second.after, second.reason) == ("waiting", (first.id,), f"Waits for {first.id}.")
    LedgerWriter(ledger).set_state(first.number, "done")
    assert submitted(ledger, 1, after=[first.id]).state == "queued"
    assert ledger.submit(manifest(), BUNDLE, after=[second.id], state="queued").state == "waiting"
    with pytest.raises(UsageError, match="There is no job `j-nobody`"):
        ledger.submit(manifest(), BUNDLE, after=["j-nobody"])


def test_records_come_back_as_they_were_stored(ledger: Ledger) -> None:
    job = ledger.submit(manifest(), BUNDLE)
    stored = [
        Record(
            "r-1",
            1,
            "A\0B \U0001f4d6",
            {"year": 1999, "big": 2**70, "list": [1, {"a": None}]},
            (Issue("a", None, "b"),),
        ),
        Record("own name", 2, ""),
        Record("r-3", 3, "half \ud800 and \ud83d\udcd6 whole", {"x\udfff": "y"}),
    ]
    ledger.load(job.number, stored, "one")
    whole = replace(stored[2], text="half \ufffd and \U0001f4d6 whole", carried={"x\ufffd": "y"})
    assert ledger.todo(job.number) == [*stored[:2], whole]
    assert [ledger.record(job.number, id) for id in ("r-1", "own name", "r-2")] == [stored[0], stored[1], None]


def test_loading_is_counted_and_taken_up_again(ledger: Ledger) -> None:
    job = ledger.submit(manifest(), BUNDLE)
    ledger.load(job.number, records(5), "five")
    ledger.load(job.number, records(2, first=6), "seven")
    job = ledger.job(job.id)
    assert (job.state, job.counts, job.read_from, job.loaded) == ("loading", Counts(7, 7), "seven", False)
    with pytest.raises(UsageError, match="another process is storing its records"):
        ledger.load(job.number, records(2, first=7), "eight")
    ledger.finish_loading(job.number)
    job = ledger.job(job.id)
    assert (job.state, job.loaded, job.counts) == ("queued", True, counted(ledger, job.number))
    with pytest.raises(UsageError, match="has all its records already"):
        ledger.load(job.number, records(1, first=8), "eight")


def test_a_page_of_todo_skips_what_is_done(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gleanery.jobs.ledger.ledger._WINDOW", 7)
    job = submitted(ledger, 50)
    commit(ledger, job, [*range(1, 30), 31, 50])
    assert [record.position for record in ledger.todo(job.number, limit=3)] == [30, 32, 33]
    assert [record.position for record in ledger.todo(job.number, after=33)] == list(range(34, 50))
    assert ledger.todo(job.number, after=49) == []


def test_pages_of_what_is_kept(ledger: Ledger) -> None:
    job, other = submitted(ledger, 9), submitted(ledger, 9)
    writer = LedgerWriter(ledger)
    for n, status in ((7, "ok"), (2, "failed"), (5, "review"), (3, "failed"), (1, "ok")):
        writer.commit([Delivery(job.number, outcome(n, status))])  # type: ignore[arg-type]
    commit(ledger, other, [9])

    def positions(**options: object) -> list[int]:
        return [kept.record.position for kept in ledger.kept(job.number, **options)]  # type: ignore[arg-type]

    assert positions() == [1, 2, 3, 5, 7]
    assert positions(after=2, limit=2) == [3, 5]
    assert positions(statuses=["failed"]) == [2, 3]
    assert positions(statuses=["failed", "review"], limit=2) == [2, 3]
    assert positions(statuses=["review", "ok", "failed"], after=1) == [2, 3, 5, 7]
    assert positions(statuses=[]) == []
    assert [kept.record.position for kept in ledger.latest(job.number, limit=2)] == [1, 3]
    newest = ledger.latest(limit=1)[0]
    assert newest.record.position == 9
    assert ledger.latest(after=newest.number) == []


def test_a_line_of_what_is_kept_is_the_results_own(ledger: Ledger) -> None:
    job = ledger.submit(manifest(), BUNDLE)
    record = Record("r-1", 1, "Text.", {"big": 2**70, "half": 0.5})
    ledger.load(job.number, [record], "one")
    result = Result("r-1", "Text.", {"n": 1}, {}, {"record": 0.5}, "review", "m", carried=record.carried)
    LedgerWriter(ledger).commit([Delivery(job.number, outcome_of(record, result))])
    [kept] = ledger.kept(job.number)
    assert line_of(kept.record, kept.body) == line_of(record, outcome_of(record, result).body)
    assert b'"big":1180591620717411303424' in line_of(kept.record, kept.body)


def test_reasons_are_grouped(ledger: Ledger) -> None:
    job = submitted(ledger, 8)
    writer = LedgerWriter(ledger)
    errors = [
        "The prompt has 9120 tokens, and the window of `a` holds 8192.",
        "The prompt has 19 tokens, and the window of `b` holds 8,192.5.",
        "It isn't JSON: don't.",
        "It isn't JSON: don't.",
        'Field "title" is missing.',
        "Field “year” is missing.",
        'Field "year" is missing.',
    ]
    for n, error in enumerate(errors, 1):
        writer.commit([Delivery(job.number, outcome(n, "failed", error))])
    commit(ledger, job, [8])
    assert ledger.reasons(job.number) == [
        ('Field "…" is missing.', 2),
        ("It isn't JSON: don't.", 2),
        ("The prompt has … tokens, and the window of `…` holds ….", 2),
        ("Field “year” is missing.", 1),
    ]
    assert sum(count for _, count in ledger.reasons(job.number, limit=3)) == 3


def test_equal_work_is_found_again_unless_it_failed(ledger: Ledger) -> None:
    job = submitted(ledger, 4)
    deliveries = [
        Delivery(job.number, outcome(1), b"a" * 32),
        Delivery(job.number, outcome(2, "failed"), b"b" * 32),
        Delivery(job.number, outcome(3, "review"), b"c" * 32),
        Delivery(job.number, outcome(4)),
    ]
    LedgerWriter(ledger).commit(deliveries)
    found = ledger.reusable([b"a" * 32, b"b" * 32, b"c" * 32, *(b"%d" % n for n in range(1200))])
    assert {content[:1]: (kept.status, kept.body) for content, kept in found.items()} == {
        b"a": ("ok", outcome(1).body),
        b"c": ("review", outcome(3, "review").body),
    }


def test_rare_records_are_found_by_an_index(ledger: Ledger) -> None:
    plans = [
        "SELECT number FROM results AS x WHERE x.job = 1 AND x.position > 5 AND x.status = ? AND x.status <> 'ok' "
        "ORDER BY x.position LIMIT 10",
        "SELECT number FROM results AS x WHERE x.job = 1 AND x.number > 5 ORDER BY x.number DESC LIMIT 10",
        "SELECT number FROM results WHERE content IN (?) AND content IS NOT NULL",
        "SELECT number FROM commands WHERE answered IS NULL ORDER BY number",
    ]
    indexes = ["results_not_ok", "results_by_number", "results_by_content", "commands_pending"]
    for query, index in zip(plans, indexes, strict=True):
        plan = ledger.database.rows(f"EXPLAIN QUERY PLAN {query}", ("failed",) if "?" in query else ())
        assert index in plan[0][3] and "TEMP B-TREE" not in str(plan)


def test_commands_are_pending_until_they_are_obeyed(ledger: Ledger) -> None:
    job = submitted(ledger, 1)
    number = ledger.ask(job.id[2:5], "retry", {"ids": ["r-1"]})
    [command] = ledger.pending()
    assert (command.number, command.job, command.verb, command.arguments) == (number, job.id, "retry", {"ids": ["r-1"]})
    assert ledger.job(job.id).pending == ("retry",)
    LedgerWriter(ledger).obey(command)
    assert ledger.pending() == [] and ledger.job(job.id).pending == ()
    with pytest.raises(UsageError, match="There is no command 99"):
        ledger.command(99)
    with pytest.raises(UsageError, match="There is no job"):
        ledger.ask("j-nobody", "pause")


def test_somebody_elses_writing_is_noticed(ledger: Ledger) -> None:
    job = submitted(ledger, 1)
    before = ledger.changed()
    assert ledger.changed() == before
    with Ledger.open(ledger.home) as other:
        other.ask(job.id, "pause")
    assert ledger.changed() != before


def test_jobs_stay_in_order_when_the_clock_is_set_back(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    first = submitted(ledger, 2)
    commit(ledger, first, [1])
    monkeypatch.setattr("time.time", lambda: 1_000_000.0)  # in 1970
    second = submitted(ledger, 2)
    commit(ledger, first, [2])
    LedgerWriter(ledger).set_state(first.number, "done")
    assert [job.id for job in ledger.jobs()] == [first.id, second.id]
    assert [kept.record.position for kept in ledger.latest(limit=2)] == [2, 1]
    assert [event.kind for event in ledger.events(first.id)][-1] == "done"
    assert ledger.job(first.id).counts == counted(ledger, first.number)


def test_task_files_that_are_not_there_are_told(ledger: Ledger) -> None:
    with pytest.raises(LedgerError, match="no task files of the digest 0123456789ab"):
        ledger.bundle("0123456789abcdef")


def test_a_manifest_of_an_older_version_is_read(ledger: Ledger) -> None:
    job = submitted(ledger)
    value = manifest().as_json()
    del value["skipped"], value["sample"]
    ledger.database.connection.execute("UPDATE jobs SET manifest = ?", (orjson.dumps(value),))
    with Ledger.open(ledger.home) as other:
        assert other.job(job.id).manifest == manifest()
