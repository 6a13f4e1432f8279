"""`gleanery submit`: what it stores and says, and the worker that it starts."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from terminal import command

from gleanery.cli.main import main
from gleanery.queue import Queue

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A ledger of its own, whose worker, if one was started, is stopped in the end."""
    home = tmp_path / "home"
    monkeypatch.setenv("GLEANERY_HOME", str(home))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "refs.txt").write_text(
        "Smith, J. (1999). A book. London: Verso.\nDoe, A. (2001). More. Paris: Seuil.\n"
    )
    yield home
    command("worker", "stop")


@pytest.fixture
def call(home: Path, capsys: pytest.CaptureFixture[str]) -> Call:
    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as exit_:
            main(["submit", *arguments])
        assert isinstance(exit_.value.code, int)
        return exit_.value.code, *capsys.readouterr()

    return call


def test_it_says_what_was_stored(home: Path, call: Call) -> None:
    code, said, _ = call("bibliography", "refs.txt", "--no-start", "--priority", "5")
    with Queue(home) as queue:
        (job,) = queue.jobs()
        assert queue.worker() is None
    assert code == 0
    assert said == f"{job.id}: `bibliography` over 2 records of refs.txt, with embedded/references.\n"
    assert (job.state, job.priority) == ("queued", 5)


def test_quiet_and_json_are_for_scripts(home: Path, call: Call) -> None:
    _, id, _ = call("bibliography", "refs.txt", "--no-start", "-q")
    _, said, _ = call("bibliography", "refs.txt", "--no-start", "--json", "--after", id.strip())
    told = json.loads(said)
    assert (told["state"], told["records"], told["models"]) == ("waiting", 2, ["embedded/references"])
    with Queue(home) as queue:
        assert [job.id for job in queue.jobs()] == [id.strip(), told["id"]]


def test_what_is_wrong_is_said_and_nothing_stored(home: Path, call: Call) -> None:
    assert call("bibliography", "nothing.txt")[0] == 2
    assert call("bibliograhpy", "refs.txt")[0] == 2
    assert call("bibliography", "refs.txt", "--after", "j-000000")[0] == 2
    assert call("bibliography", "refs.txt", "--model", "openai/x@http://me:pw@host/v1")[0] == 2
    with Queue(home) as queue:
        assert queue.jobs() == [] and queue.worker() is None


def test_standard_input(home: Path) -> None:
    done = command("submit", "bibliography", "-", "--no-start", stdin=b"one\ntwo\nthree\n")
    assert done.returncode == 0, done.stderr
    assert b"over 3 records of -" in done.stdout


def test_it_starts_a_worker_that_does_the_job(home: Path) -> None:
    done = command("submit", "bibliography", "refs.txt")
    assert done.returncode == 0, done.stderr
    assert b"Started a worker (process " in done.stderr
    again = command("submit", "bibliography", "refs.txt")
    assert b"Started" not in again.stderr
    with Queue(home) as queue:
        ids = [job.id for job in queue.jobs()]
        until_done(queue, ids)
        results = [list(queue.results(queue.job(id))) for id in ids]
        first, second = queue.job(ids[0]), queue.job(ids[1])
    assert [[result.output["title"] for result in of_job] for of_job in results] == [["A book", "More"]] * 2
    assert (first.counts.cached, second.counts.cached) == (0, 2)
    assert len(first.pins["embedded/references"] or "") == 64


def until_done(queue: Queue, ids: list[str]) -> None:
    import time

    end = time.monotonic() + 30
    while any(queue.job(id).state != "done" for id in ids):
        assert time.monotonic() < end, [queue.job(id) for id in ids]
        time.sleep(0.05)
