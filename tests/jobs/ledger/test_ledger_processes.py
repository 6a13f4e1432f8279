"""Several processes at one ledger, and processes that are killed."""

import random
import time
from pathlib import Path

from ledger_parts import BUNDLE, counted, manifest, submitted
from ledger_process import begin

from gleanery.jobs.ledger.ledger import FILE, Ledger
from gleanery.jobs.ledger.schema import VERSION


def test_many_may_make_and_open_a_ledger_at_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    processes = [begin("open", home) for _ in range(6)]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    answers = [process.communicate("go\n") for process in processes]
    assert [process.returncode for process in processes] == [0] * 6
    assert [answer for answer, _ in answers] == [f"{VERSION}\n"] * 6


def test_a_loader_a_worker_and_a_watcher_at_once(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        job = ledger.submit(manifest(), BUNDLE, state="queued")
        count = 20_000
        loader, worker = begin("load", tmp_path, job.id, count, 1000), begin("work", tmp_path, job.id, 100)
        looks, done = [], []
        with loader, worker:
            while worker.poll() is None:
                began = time.perf_counter()
                counts = ledger.job(job.id).counts
                looks.append(time.perf_counter() - began)
                assert counts.total == counts.todo + counts.done
                done.append(counts.done)
                time.sleep(0.02)
            loader.communicate()
            worker.communicate()
        assert loader.returncode == worker.returncode == 0
        assert ledger.job(job.id).counts == counted(ledger, job.number)
        assert ledger.job(job.id).counts.done == count
        assert done == sorted(done)
        assert sorted(looks)[len(looks) // 2] < 0.05


def test_a_worker_that_is_killed_loses_nothing_that_it_committed(tmp_path: Path) -> None:
    rng = random.Random(4)
    with Ledger.open(tmp_path) as ledger:
        job = submitted(ledger, 30_000)
    committed = 0
    for _ in range(6):
        with begin("work", tmp_path, job.id, rng.choice((1, 7, 64))) as process:
            assert process.stdout is not None and process.stdout.readline() == "working\n"
            time.sleep(rng.uniform(0.02, 0.25))
            process.kill()
            told = process.stdout.read()
            assert not told or told.endswith("\n")
        committed += sum(map(int, told.splitlines()))
        with Ledger.open(tmp_path) as ledger:
            counts = ledger.job(job.id).counts
            assert counts == counted(ledger, job.number)
            assert counts.done >= committed
            assert ledger.database.value("PRAGMA integrity_check") == "ok"
            committed = counts.done
    assert committed > 0


def test_a_loader_that_is_killed_is_taken_up_where_it_was(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        job = ledger.submit(manifest(), BUNDLE)
    for pause in (0.01, 0.05, 0.1):
        with begin("load", tmp_path, job.id, 1_000_000, 700) as process:
            assert process.stdout is not None and process.stdout.readline() == "loading\n"
            time.sleep(pause)
            process.kill()
        with Ledger.open(tmp_path) as ledger:
            found = ledger.job(job.id)
            assert found.counts == counted(ledger, job.number)
            assert found.counts.total % 700 == 0
            assert (found.state, found.loaded) == ("loading", False)
    with Ledger.open(tmp_path) as ledger:
        total = ledger.job(job.id).counts.total
    with begin("load", tmp_path, job.id, total + 1500, 700) as process:
        process.communicate()
    with Ledger.open(tmp_path) as ledger:
        assert ledger.job(job.id).counts.total == total + 1500
        positions = ledger.database.rows("SELECT min(position), max(position), count(*) FROM records")
    assert positions == [(1, total + 1500, total + 1500)]
    assert (tmp_path / FILE).exists()
