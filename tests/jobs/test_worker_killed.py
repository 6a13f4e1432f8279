"""A worker that is killed with SIGKILL, again and again: every record once, and the export as if nothing had been."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from scripted_executor import expected, export, submit

from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.ledger.wire import read_group, wire_file

KILLED = Path(__file__).with_name("killed_worker.py")


def start(home: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, str(KILLED), str(home)], stderr=subprocess.PIPE)


def test_killed_at_random_moments(tmp_path: Path) -> None:
    chance = random.Random(4)
    with Ledger.open(tmp_path) as ledger:
        jobs = [submit(ledger, 1500, models=(model,)) for model in ("ollama/one", "ollama/two")]

        def done() -> int:
            return sum(ledger.job(job.id).counts.done for job in jobs)

        for _ in range(3):
            before = done()
            worker = start(tmp_path)
            until = time.monotonic() + 20
            while done() == before:
                assert worker.poll() is None, worker.communicate()
                assert time.monotonic() < until, "it does nothing"
                time.sleep(0.005)
            time.sleep(chance.random() / 10)
            worker.kill()
            worker.communicate()
        assert 0 < done() < 3000
        worker = start(tmp_path)
        _, said = worker.communicate(timeout=60)
        assert worker.returncode == 0, said
        for job in jobs:
            assert ledger.job(job.id).state == "done"
            assert ledger.job(job.id).counts.ok == 1500
            assert export(ledger, job) == expected(1500)
            for kept in ledger.kept(job.number, limit=1500)[::50]:
                assert kept.exchanges is not None
                id, exchanges = read_group(wire_file(tmp_path, job.id), kept.exchanges)
                assert (id, exchanges[0]["request"]["body"]) == (kept.record.id, kept.record.text)
