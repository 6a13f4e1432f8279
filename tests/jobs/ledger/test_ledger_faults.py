"""What can go wrong with the file and its disk: a clear error each time, and nothing committed is lost."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import ledger_process
import pytest
from ledger_parts import commit, counted, outcome, records, submitted

from gleanery.errors import LedgerError
from gleanery.jobs.ledger import database
from gleanery.jobs.ledger.ledger import FILE, Ledger
from gleanery.jobs.ledger.writer import Delivery, LedgerWriter


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that others than root may go to as well, as `tmp_path` is not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        folder.chmod(0o755)
        shutil.rmtree(folder)


def test_a_full_ledger_undoes_the_last_writing_and_goes_on(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        job = submitted(ledger, 400)
        commit(ledger, job, range(1, 11))
        pages = ledger.database.value("PRAGMA page_count")
        ledger.database.value(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(LedgerError, match=r"disk of .*ledger\.db is full: .*was committed before stands"):
            commit(ledger, job, range(11, 401))
        assert not ledger.database.connection.in_transaction
        assert ledger.job(job.id).counts.done == 10
        assert ledger.job(job.id).counts == counted(ledger, job.number)
        ledger.database.value("PRAGMA max_page_count = 1000000")
        assert commit(ledger, job, range(1, 401)) == 390


def _fills(lines: list[str], home: Path, words: str) -> None:
    """What a process that filled the disk said: the job, what it stored, the error, and what the ledger holds."""
    id, *stored, error, kept = lines
    assert words in error
    assert int(kept) == int(stored[-1]) > 0
    with Ledger.open(home) as ledger:
        job = ledger.job(id)
        assert job.counts == counted(ledger, job.number)
        assert job.counts.total == int(kept)
        ledger.load(job.number, records(500, int(kept) + 1), "more")
        assert ledger.database.value("PRAGMA integrity_check") == "ok"


def test_a_file_that_may_not_grow(tmp_path: Path) -> None:
    _fills(ledger_process.said("fill", tmp_path, 3 << 20), tmp_path, "could not be read or written")


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """On a small file system of its own, where the system lets us make one."""
    disk, copy = tmp_path / "disk", tmp_path / "copy"
    disk.mkdir()
    script = (
        'mount -t tmpfs -o size=6m tmpfs "$1" && shift && "$@" && cp -r "$DISK" "$COPY" || { echo cannot; exit 1; }'
    )
    work = [sys.executable, ledger_process.__file__, "fill", str(disk), "0"]
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("no `unshare` on this machine")
    done = subprocess.run(
        [unshare, "-rm", "sh", "-c", script, "sh", str(disk), *work],
        capture_output=True,
        text=True,
        env={**os.environ, "DISK": str(disk), "COPY": str(copy)},
    )
    if "cannot" in done.stdout or done.returncode:
        pytest.skip(f"no file system can be mounted here: {done.stderr}")
    _fills(done.stdout.splitlines(), copy, "is full")


@pytest.mark.parametrize("what", ["file", "folder"])
def test_what_is_read_only_is_told(home: Path, what: str) -> None:
    with Ledger.open(home) as ledger:
        job = submitted(ledger, 3)
    (home / FILE).chmod(0o444)
    if what == "file" and os.geteuid() == 0:
        os.chown(home, 65534, 65534)
    if what == "folder":
        home.chmod(0o555)
    [*_, error] = ledger_process.said("read", home)
    assert str(home) in error and "GLEANERY_HOME" in error
    home.chmod(0o755)
    (home / FILE).chmod(0o644)
    with Ledger.open(home) as ledger:
        assert ledger.job(job.id).counts.total == 3


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be opened"):
        Ledger.open(tmp_path / "file" / "home")
    (tmp_path / "home" / FILE).mkdir(parents=True)
    with pytest.raises(LedgerError, match="cannot be opened"):
        Ledger.open(tmp_path / "home")


@pytest.mark.parametrize("how", ["deleted", "moved", "replaced", "folder", "log", "index"])
def test_a_ledger_that_is_taken_away_while_it_is_open(tmp_path: Path, how: str) -> None:
    home = tmp_path / "home"
    with Ledger.open(home) as ledger:
        job = submitted(ledger, 10)
        commit(ledger, job, [1, 2])
        if how == "deleted":
            (home / FILE).unlink()
        elif how == "moved":
            (home / FILE).rename(home / "other.db")
        elif how == "replaced":
            (home / "new.db").write_bytes((home / FILE).read_bytes())
            (home / "new.db").rename(home / FILE)
        elif how == "folder":
            shutil.rmtree(home)
        else:
            (home / f"{FILE}-{'wal' if how == 'log' else 'shm'}").unlink()
        for use in (lambda: commit(ledger, job, [3]), ledger.jobs, lambda: ledger.todo(job.number)):
            with pytest.raises(LedgerError, match="deleted, replaced or moved while it was open"):
                use()


def test_the_log_of_a_ledger_that_was_taken_away_is_not_thrown_away(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        job = submitted(ledger, 10)
        commit(ledger, job, [1, 2])
        (tmp_path / FILE).rename(tmp_path / "elsewhere.db")
        with pytest.raises(LedgerError, match=r"is not there, but ledger\.db-wal is.*Put the ledger back"):
            Ledger.open(tmp_path)
        (tmp_path / "elsewhere.db").rename(tmp_path / FILE)
        with Ledger.open(tmp_path) as again:
            assert again.job(job.id).counts.done == 2


@pytest.mark.parametrize("part", [0, 0.5, 0.9])
def test_a_ledger_that_is_cut_while_it_is_open(tmp_path: Path, part: float) -> None:
    with Ledger.open(tmp_path) as ledger:
        job = submitted(ledger, 2000)
        commit(ledger, job, range(1, 1000))
        ledger.database.empty_log()
        ledger.jobs()
        os.truncate(tmp_path / FILE, int(part * (tmp_path / FILE).stat().st_size))
        for use in (lambda: commit(ledger, job, [1001]), ledger.jobs):
            with pytest.raises(LedgerError, match=r"is damaged .*gleanery ledger check"):
                use()


def test_a_ledger_that_gave_back_room_is_not_taken_for_a_cut_one(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger, Ledger.open(tmp_path) as other:
        job = submitted(ledger, 5000)
        other.jobs()
        assert ledger.database.empty_log()
        before = (tmp_path / FILE).stat().st_size
        ledger.ask(job.id, "delete")
        writer = LedgerWriter(ledger)
        for command in ledger.pending():
            writer.obey(command)
        while writer.sweep():
            pass
        assert (tmp_path / FILE).stat().st_size < before
        job = submitted(ledger, 3000)  # in the log, so that the file is shorter than what it will be
        assert other.job(job.id).counts.total == 3000


def test_a_damaged_ledger_is_told(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        job = submitted(ledger, 2000)
    with (tmp_path / FILE).open("r+b") as stream:
        stream.seek(3 * 4096)
        stream.write(os.urandom((tmp_path / FILE).stat().st_size - 3 * 4096))
    with (
        pytest.raises(LedgerError, match=r"is damaged .*gleanery ledger check.*gleanery ledger backup"),
        Ledger.open(tmp_path) as ledger,
    ):
        ledger.jobs()
        ledger.todo(job.number)


def test_a_ledger_that_stays_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Ledger.open(tmp_path) as ledger, Ledger.open(tmp_path) as other:
        job = submitted(ledger, 5)
        monkeypatch.setattr(database, "PATIENCE", 0.1)
        with other.database.writing():
            with pytest.raises(LedgerError, match="stayed locked for too long by another process"):
                commit(ledger, job, [1])
            assert ledger.job(job.id).counts.todo == 5  # readers are not kept waiting
        assert commit(ledger, job, [1]) == 1


def test_a_writer_gets_its_turn_while_another_writes_without_end(tmp_path: Path) -> None:
    ended = threading.Event()

    def write() -> None:
        with Ledger.open(tmp_path) as other:
            job = submitted(other)
            other.database.connection.execute("UPDATE jobs SET loaded = 0")
            first = 1
            while not ended.is_set():
                other.load(job.number, records(2000, first), "x")
                first += 2000

    with Ledger.open(tmp_path) as ledger:
        job = submitted(ledger, 100)
        thread = threading.Thread(target=write)
        thread.start()
        try:
            for n in range(1, 31):
                assert commit(ledger, job, [n]) == 1
        finally:
            ended.set()
            thread.join()


def test_an_error_within_a_transaction_undoes_it(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        job = submitted(ledger, 5)
        broken = Delivery(job.number, outcome(2), content="no bytes")  # type: ignore[arg-type]
        with pytest.raises(LedgerError):
            LedgerWriter(ledger).commit([Delivery(job.number, outcome(1)), broken])
        assert ledger.job(job.id).counts.done == 0
        with pytest.raises(KeyboardInterrupt), ledger.database.writing():
            ledger.database.change("UPDATE jobs SET priority = 7")
            raise KeyboardInterrupt
        assert ledger.job(job.id).priority == 0
