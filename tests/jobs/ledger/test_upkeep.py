"""Looking after a ledger: what a check finds and mends, a copy made while the worker writes, and what makes room."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ledgers.filled_ledger import CHAT, FilledLedger, fill, records

from gleanery.errors import LedgerError, UsageError
from gleanery.jobs.job import Counts, Job
from gleanery.jobs.ledger import backup
from gleanery.jobs.ledger.backup import back_up
from gleanery.jobs.ledger.ledger import FILE, Ledger
from gleanery.jobs.ledger.retention import give_back_room, old_runs, size_of, to_delete
from gleanery.jobs.ledger.upkeep import Finding, check, recount
from gleanery.jobs.ledger.wire import WireWriter, read_group, read_groups, wire_file
from gleanery.jobs.lock import WorkerLock


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a ledger with a job in every state, to be copied."""
    home = tmp_path_factory.mktemp("full") / "home"
    fill(home)
    return home


@pytest.fixture
def filled(tmp_path: Path, full: Path) -> Iterator[FilledLedger]:
    """Such a ledger."""
    with FilledLedger(shutil.copytree(full, tmp_path / "home")) as ledger:
        yield ledger


def found(filled: FilledLedger) -> list[Finding]:
    findings = list(check(filled.ledger))
    assert list(check(filled.ledger, quick=True)) == findings
    return findings


def spoil(filled: FilledLedger, statement: str) -> None:
    with filled.ledger.database.writing():
        filled.ledger.database.change(statement)


def test_nothing_is_wrong(filled: FilledLedger) -> None:
    assert found(filled) == []
    assert recount(filled.ledger) == []


def test_counters_that_are_wrong_are_found_and_put_right(filled: FilledLedger) -> None:
    right = filled.ledger.job("j-bad001").counts
    spoil(filled, "UPDATE jobs SET ok = ok + 2, todo = todo - 2, cached = 7 WHERE id = 'j-bad001'")
    text = "todo is -2, and there are 0; ok is 33, and there are 31; cached is 7, and there are 0."
    assert found(filled) == [Finding("counters", "j-bad001", text)]
    assert recount(filled.ledger) == [f"j-bad001: {text} Put right."]
    assert filled.ledger.job("j-bad001").counts == right == Counts(40, 0, 31, 4, 5, 0)
    assert found(filled) == []
    assert filled.ledger.events("j-bad001")[-1].kind == "recounted"


def test_a_job_that_was_taken_for_done_is_queued_again(filled: FilledLedger) -> None:
    spoil(filled, "DELETE FROM results WHERE job = (SELECT number FROM jobs WHERE id = 'j-d0ne01') AND position < 4")
    assert [finding.kind for finding in found(filled)] == ["counters"]
    recount(filled.ledger)
    job = filled.ledger.job("j-d0ne01")
    assert (job.state, job.counts.todo) == ("queued", 3)
    assert [record.id for record in filled.ledger.todo(job.number)] == ["r-1", "r-2", "r-3"]


def test_rows_and_files_of_no_job_are_found(filled: FilledLedger) -> None:
    spoil(filled, "INSERT INTO records (job, position, id, text) VALUES (900, 1, 'r-1', 'lost')")
    spoil(filled, "INSERT INTO deletions VALUES (901, 'j-de1e01')")  # of one that is being deleted, it is right
    spoil(filled, "INSERT INTO records (job, position, id, text) VALUES (901, 1, 'r-1', 'going')")
    for name in ("j-de1e01", "j-n0n3"):
        wire_file(filled.home, name).write_bytes(b"")
    rows, file = found(filled)
    assert rows.kind == file.kind == "orphan"
    assert "`records` has rows of a job 900" in rows.text
    assert file.where == str(wire_file(filled.home, "j-n0n3"))


def test_results_without_a_record_and_jobs_without_their_task_are_found(filled: FilledLedger) -> None:
    job = filled.ledger.job("j-d0ne01").number
    filled.ledger.database.connection.execute("PRAGMA foreign_keys = OFF")
    spoil(filled, f"DELETE FROM records WHERE job = {job} AND position = 5")
    spoil(filled, "UPDATE jobs SET bundle = 'none' WHERE id = 'j-d0ne01'")
    texts = [(finding.kind, finding.text) for finding in found(filled)]
    assert ("damage", "Of 1 result the record is not there.") in texts
    assert [kind for kind, _ in texts] == ["orphan", "counters", "damage"]


def test_wire_files_are_read(filled: FilledLedger) -> None:
    lost, torn, cut = (wire_file(filled.home, id) for id in ("j-cha701", "j-bad001", "j-g0ne01"))
    lost.unlink()
    with torn.open("ab") as stream:
        stream.write(b"half a block")
    cut.write_bytes(cut.read_bytes()[:16])
    findings = {finding.where: finding for finding in found(filled)}
    assert findings["j-cha701"].is_fault and "is not there" in findings["j-cha701"].text
    assert findings["j-g0ne01"].is_fault and "ends before the last exchanges" in findings["j-g0ne01"].text
    assert not findings["j-bad001"].is_fault and "12 bytes of half a block" in findings["j-bad001"].text
    assert len(findings) == 3
    with WireWriter(torn) as wire:  # what is appended behind it makes a damaged block of it
        wire.append([(None, [b"{}"])])
    damaged = bytearray(torn.read_bytes())
    damaged[60] ^= 1
    torn.write_bytes(damaged)
    assert any(
        finding.kind == "damage" and f"{torn} is damaged from byte 16 to" in finding.text for finding in found(filled)
    )


def test_a_damaged_file_is_found(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with FilledLedger(home) as filled:
        filled.add("done", total=2000, ok=2000)
    with (home / FILE).open("r+b") as stream:
        for place in range(40_960, (home / FILE).stat().st_size, 8192):
            stream.seek(place)
            stream.write(b"\xff" * 4096)
    with Ledger.open(home) as ledger:
        findings = list(check(ledger))
        assert findings and {finding.kind for finding in findings} == {"damage"}
        with pytest.raises(LedgerError, match="damaged"):
            back_up(ledger, tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["home"], "of a copy that failed nothing stays"


def test_a_copy_is_a_ledger_of_its_own(filled: FilledLedger, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    assert back_up(filled.ledger, copy) == size_of(copy).all > 100_000
    for path in (copy, copy / "wire"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for path in (copy / FILE, *(copy / "wire").iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with Ledger.open(copy, create=False) as ledger:
        assert ledger.jobs() == filled.ledger.jobs()
        assert list(check(ledger)) == []
        job = ledger.job("j-bad001")
        assert ledger.kept(job.number) == filled.kept(job)
    assert list(read_groups(wire_file(copy, job.id))) == list(read_groups(wire_file(filled.home, job.id)))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy", "home"]


def test_where_a_copy_cannot_be(filled: FilledLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="exists already"):
        back_up(filled.ledger, tmp_path)
    with pytest.raises(UsageError, match="mkdir -p"):
        back_up(filled.ledger, tmp_path / "none" / "copy")
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(backup.shutil, "disk_usage", lambda path: usage)
    with pytest.raises(LedgerError, match="needs 1 MB, and the disk has 0"):
        back_up(filled.ledger, tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


_WORKS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from ledgers.filled_ledger import CHAT, FilledLedger

with FilledLedger(Path(sys.argv[1])) as filled:
    job = filled.add("running", total=100_000, models=(CHAT,), id="j-busy01")
    while True:
        filled.deliver(job, ["ok"] * 20)
        print(filled.ledger.job("j-busy01").counts.done, flush=True)
"""


def test_a_copy_while_the_worker_writes_is_of_one_moment(tmp_path: Path) -> None:
    home = tmp_path / "home"
    command = [sys.executable, "-c", _WORKS, str(home), str(Path(__file__).parents[2])]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            done = int(process.stdout.readline())
            with Ledger.open(home) as ledger:
                for number in range(2):
                    back_up(ledger, tmp_path / f"copy-{number}")
                assert ledger.job("j-busy01").counts.done > done, "the worker went on"
                assert [finding for finding in check(ledger) if finding.is_fault] == []
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.stdout.read()
    for number in range(2):
        with Ledger.open(tmp_path / f"copy-{number}", create=False) as copy:
            assert [finding for finding in check(copy) if finding.is_fault] == []
            job = copy.job("j-busy01")
            assert job.counts.done >= done
            for kept in copy.latest(job.number):
                assert kept.exchanges is not None
                assert read_group(wire_file(copy.home, job.id), kept.exchanges)[0] == kept.record.id


def ended(filled: FilledLedger, days_ago: float, id: str, state: str = "done", total: int = 300) -> Job:
    job = filled.add(state, total=total, ok=total, id=id, models=(CHAT,))  # type: ignore[arg-type]
    spoil(filled, f"UPDATE jobs SET ended = {time.time() - days_ago * 86_400} WHERE id = '{id}'")
    return job


@pytest.fixture
def aged(tmp_path: Path) -> Iterator[FilledLedger]:
    """A ledger with jobs that ended 3, 30 and 90 days ago, and one that never did."""
    with FilledLedger(tmp_path / "home") as filled:
        ended(filled, 30, "j-m1dd1e", "cancelled")
        ended(filled, 90, "j-01d000")
        ended(filled, 3, "j-yng000")
        filled.add("running", total=300, ok=20)
        yield filled


def names(filled: FilledLedger, **limits: object) -> list[str]:
    return [one.job.id for one in to_delete(filled.ledger, **limits)]  # type: ignore[arg-type]


def test_what_is_to_go(aged: FilledLedger) -> None:
    day = 86_400
    assert names(aged, older_than=0.0) == ["j-01d000", "j-m1dd1e", "j-yng000"]
    assert names(aged, older_than=30.5 * day) == ["j-01d000"]
    assert names(aged, older_than=0.0, states={"cancelled"}) == ["j-m1dd1e"]
    assert names(aged, keep_size=10**9) == []
    assert names(aged, keep_size=0) == ["j-01d000", "j-m1dd1e", "j-yng000"]
    assert names(aged, keep_size=size_of(aged.home).all - 1) == ["j-01d000"]
    assert names(aged, keep_size=10**9, older_than=10 * day) == ["j-01d000", "j-m1dd1e"]
    aged.add("queued", after=["j-01d000"])
    assert names(aged, older_than=10 * day) == ["j-m1dd1e"]


def test_what_a_job_takes_is_about_what_it_frees(aged: FilledLedger) -> None:
    big = ended(aged, 100, "j-b1g000", total=3000)
    aged.ledger.database.empty_log()
    before = size_of(aged.home).all
    (leaving,) = to_delete(aged.ledger, older_than=95 * 86_400.0)
    assert leaving.job.id == big.id
    number = aged.ledger.ask(big.id, "delete")
    aged.writer.obey(aged.ledger.command(number))
    assert give_back_room(aged.ledger)
    assert before - size_of(aged.home).all == pytest.approx(leaving.size, rel=0.25)
    text = records(3000)[-1].text.encode()
    assert not any(text in path.read_bytes() for path in aged.home.rglob("*") if path.is_file())
    assert list(check(aged.ledger)) == []


def test_room_that_somebody_did_not_give_back(aged: FilledLedger) -> None:
    ended(aged, 100, "j-b1g000", total=3000)
    spoil(aged, "DELETE FROM results")
    spoil(aged, "DELETE FROM records")
    aged.ledger.database.empty_log()
    before = size_of(aged.home).all
    assert give_back_room(aged.ledger)
    assert size_of(aged.home).all < before / 2


def test_room_is_left_to_a_worker_that_runs(aged: FilledLedger) -> None:
    code = "import sys; from pathlib import Path; from gleanery.jobs.lock import WorkerLock\n"
    code += "with WorkerLock(Path(sys.argv[1])): print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(aged.home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdout is not None and worker.stdout.readline()
        assert not give_back_room(aged.ledger)
        worker.communicate()
    assert give_back_room(aged.ledger)


def test_interrupted_runs_go_by_their_age(tmp_path: Path) -> None:
    for name in ("j-01drun", "j-newrun", "j-g01ng0"):
        with FilledLedger(tmp_path / "runs" / name) as run:
            run.add("running", total=3, ok=1)
    for path in (tmp_path / "runs").glob("j-[0g]*/*"):
        os.utime(path, (0, 0))
    with WorkerLock(tmp_path / "runs" / "j-g01ng0"):
        os.utime(tmp_path / "runs" / "j-g01ng0" / "worker.lock", (0, 0))
        assert old_runs(tmp_path, 3600) == [tmp_path / "runs" / "j-01drun"]
    assert len(old_runs(tmp_path, -1.0)) == 3
    assert old_runs(tmp_path / "none", 0.0) == []
