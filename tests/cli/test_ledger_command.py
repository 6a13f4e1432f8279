"""`gleanery ledger`: its words, its exit codes, and that what it deletes is gone."""

import json
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from ledgers.filled_ledger import CHAT, FilledLedger, fill

from gleanery.cli.ledger import ledger
from gleanery.cli.quantities import age, bytes_of
from gleanery.errors import GleaneryError, LedgerError, UsageError, WorkerError
from gleanery.jobs.ledger.ledger import FILE, Ledger
from gleanery.jobs.ledger.wire import wire_file


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without a ledger, of a user without settings."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("GLEANERY_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of a ledger with a job in every state, to be copied."""
    home = tmp_path_factory.mktemp("full") / "home"
    fill(home)
    return home


@pytest.fixture
def filled(home: Path, full: Path) -> Path:
    """Such a ledger."""
    return shutil.copytree(full, home)


def invoke(*arguments: str, input: str | None = None) -> Result:
    return CliRunner().invoke(ledger, arguments, input=input)


def refused(*arguments: str) -> GleaneryError:
    result = invoke(*arguments)
    assert isinstance(result.exception, GleaneryError), result.output
    assert result.stdout == ""
    return result.exception


def spoil(home: Path, statement: str) -> None:
    with Ledger.open(home) as opened, opened.database.writing():
        opened.database.change(statement)


def ids(home: Path) -> set[str]:
    with Ledger.open(home) as opened:
        return {job.id for job in opened.jobs()}


def test_path(home: Path, full: Path) -> None:
    assert invoke("path").stdout == f"{home / FILE}\n"
    assert json.loads(invoke("path", "--json").stdout)["exists"] is False
    assert not home.exists(), "who only asks makes nothing"
    shutil.copytree(full, home)
    said = json.loads(invoke("path", "--json").stdout)
    assert said["exists"] and said["bytes"] > 100_000 and said["wire_bytes"] > 1000


@pytest.mark.parametrize("arguments", [("check",), ("backup", "copy"), ("prune", "--older-than", "1d")])
def test_where_no_ledger_is(home: Path, arguments: tuple[str, ...]) -> None:
    error = refused(*arguments)
    assert isinstance(error, LedgerError) and "There is no ledger at" in str(error)
    assert not home.exists()


def test_check(filled: Path) -> None:
    result = invoke("check")
    assert (result.exit_code, result.stdout) == (0, f"{filled / FILE}: nothing is wrong (11 jobs).\n")
    spoil(filled, "UPDATE jobs SET ok = 1 WHERE id = 'j-d0ne01'")
    result = invoke("check", "--quick")
    assert result.exit_code == 1
    assert result.stdout == "j-d0ne01: ok is 1, and there are 113.\n"
    assert "gleanery ledger check --repair" in result.stderr
    result = invoke("check", "--repair", "--json")
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert (said["jobs"], said["findings"]) == (11, [])
    assert said["repaired"] == ["j-d0ne01: ok is 1, and there are 113. Put right."]
    assert invoke("check").exit_code == 0


def test_damage_stays_whatever_is_repaired(filled: Path) -> None:
    wire_file(filled, "j-bad001").unlink()
    spoil(filled, "UPDATE jobs SET ok = 1 WHERE id = 'j-d0ne01'")
    result = invoke("check", "--repair")
    assert result.exit_code == 1
    first, second = result.stdout.splitlines()
    assert first.startswith("j-d0ne01:") and second.startswith("j-bad001: ")
    assert "is only to be had from a copy" in result.stderr


def test_nothing_is_repaired_under_a_worker(filled: Path) -> None:
    spoil(filled, "UPDATE jobs SET ok = 1 WHERE id = 'j-d0ne01'")
    code = "import sys; from pathlib import Path; from gleanery.jobs.lock import WorkerLock\n"
    code += "with WorkerLock(Path(sys.argv[1])): print(flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(filled)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as worker:
        assert worker.stdout is not None and worker.stdout.readline()
        assert invoke("check").exit_code == 1, "looking is allowed"
        error = refused("check", "--repair")
        worker.communicate()
    assert isinstance(error, WorkerError) and f"Process {worker.pid} is the worker" in str(error)


def test_backup(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = invoke("backup", "the copy")
    assert result.exit_code == 0 and result.stdout == ""
    assert result.stderr.startswith("Copied ") and "GLEANERY_HOME='the copy' gleanery jobs" in result.stderr
    assert isinstance(refused("backup", "the copy"), UsageError)
    monkeypatch.setenv("GLEANERY_HOME", str(Path("the copy").absolute()))
    assert invoke("check").exit_code == 0
    assert stat.S_IMODE(Path("the copy").stat().st_mode) == 0o700


def test_prune_deletes_what_ended_long_ago(filled: Path) -> None:
    spoil(
        filled, f"UPDATE jobs SET ended = {time.time() - 100 * 86_400} WHERE id IN ('j-d0ne01', 'j-cance1', 'j-bad001')"
    )
    wire = wire_file(filled, "j-bad001")
    assert wire.exists()
    result = invoke("prune", "--older-than", "90d", "--dry-run")
    assert result.exit_code == 0
    assert [line.split()[0] for line in result.stdout.splitlines()] == ["job", "j-d0ne01", "j-bad001", "j-cance1"]
    assert "Would delete 3 jobs, about " in result.stderr
    assert len(ids(filled)) == 11

    said = json.loads(invoke("prune", "--older-than", "90d", "--state", "cancelled", "--json", "--yes").stdout)
    assert said["jobs"] == ["j-cance1"] and said["freed_bytes"] >= 0 and said["refused"] == {}
    result = invoke("prune", "--older-than", "8w", "-y")
    assert result.exit_code == 0
    assert "Deleted 2 jobs, " in result.stderr and " freed." in result.stderr
    assert {"j-d0ne01", "j-bad001", "j-cance1"}.isdisjoint(ids(filled)) and len(ids(filled)) == 8
    assert not wire.exists()
    assert "There is nothing to delete." in invoke("prune", "--older-than", "8w").stderr
    assert invoke("check").exit_code == 0


def test_prune_makes_room(filled: Path) -> None:
    before = sum(path.stat().st_size for path in filled.rglob("*") if path.is_file())
    result = invoke("prune", "--keep-size", "1kB", "--yes", "--json")
    assert result.exit_code == 0
    assert set(json.loads(result.stdout)["jobs"]) == {"j-d0ne01", "j-bad001", "j-fa1e01", "j-cance1"}
    assert len(ids(filled)) == 7, "what has not ended stays, whatever room it takes"
    assert sum(path.stat().st_size for path in filled.rglob("*") if path.is_file()) < before
    assert "nothing to delete" in invoke("prune", "--keep-size", "2GB").stderr


def test_prune_of_interrupted_runs(home: Path) -> None:
    with FilledLedger(home) as filled:
        filled.add("queued")
    run = home / "runs" / "j-run001"
    with FilledLedger(run) as filled:
        filled.add("running", total=50, ok=20, models=(CHAT,))
    assert "nothing to delete" in invoke("prune", "--older-than", "0d").stderr
    result = invoke("prune", "--older-than", "0d", "--runs", "--dry-run")
    assert "j-run001" in result.stdout and run.exists()
    result = invoke("prune", "--older-than", "0d", "--runs", "--yes")
    assert result.exit_code == 0 and "Deleted 0 jobs and 1 interrupted run" in result.stderr
    assert not run.exists()


def test_prune_asks_before(filled: Path) -> None:
    result = invoke("prune", "--older-than", "0d")
    assert result.stdout.startswith("job")
    assert isinstance(result.exception, UsageError) and "Add --yes" in str(result.exception)
    assert len(ids(filled)) == 11


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Say what is to go: --older-than 90d"),
        (("--runs", "--keep-size", "1GB"), "`--runs` needs `--older-than`"),
        (("--older-than", "90"), "`90` is no age. Write hours"),
        (("--older-than", "3m"), "`3m` is no age"),
        (("--keep-size", "2 apples"), "`2 apples` is no size. Write a number with its unit"),
        (("--keep-size", "-1GB"), "`-1GB` is no size"),
        (("--older-than", "1d", "--state", "done,running"), "not `running`"),
    ],
)
def test_prune_says_what_it_does_not_understand(home: Path, arguments: tuple[str, ...], message: str) -> None:
    error = refused("prune", *arguments)
    assert isinstance(error, UsageError) and message in str(error)


def test_ages_and_sizes() -> None:
    assert [age(text) for text in ("12h", "90d", "1.5w", " 1 y", "0d")] == [43200, 7776000, 907200, 31536000, 0]
    assert [bytes_of(text) for text in ("500MB", "2gb", "1.5GiB", "7 B")] == [500_000_000, 2 * 10**9, 1610612736, 7]
