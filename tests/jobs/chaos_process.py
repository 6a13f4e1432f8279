"""The processes of a chaos run that get killed: each does one thing to the ledger in GLEANERY_HOME.

python chaos_process.py submit SOURCE MODEL
python chaos_process.py work [ADDRESS]          (of a Dask scheduler)
python chaos_process.py export JOB FILE
python chaos_process.py check
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from chaos_performer import open_chaos

from gleanery.jobs.executors.executor import Executor
from gleanery.jobs.job import Job

HOME = Path(os.environ["GLEANERY_HOME"])
CHUNK_SECONDS = 0.02
"""Waited after each chunk that is stored, so that the moment between two of them can be met."""


def submit(source: str, model: str) -> None:
    """Store a job; one that is stored in part is taken up again."""
    from gleanery.queue import Queue

    def slowly(job: Job, count: int) -> None:
        time.sleep(CHUNK_SECONDS)

    with Queue(HOME) as queue:
        jobs = queue.jobs()
        if not jobs:
            queue.submit("bibliography", source, model=model, progress=slowly)
        elif jobs[0].state == "loading":
            queue.resume_loading(jobs[0], progress=slowly)


def work(address: str | None = None) -> None:
    """Be the worker until nothing is left to do."""
    from gleanery.jobs.lock import WorkerLock
    from gleanery.jobs.worker import Worker

    with WorkerLock(HOME):
        worker = Worker(HOME, _maker(address), log=_log, until_idle=True)
        asyncio.run(worker.run())


def export(job: str, file: str) -> None:
    """Export what is committed."""
    _command("export", job, "-o", file)


def check() -> None:
    """Check the ledger."""
    _command("ledger", "check")


def _maker(address: str | None) -> Callable[[], Executor]:
    if address is None:
        from gleanery.jobs.executors.local import LocalExecutor

        return lambda: LocalExecutor(open_chaos, processes=2)
    from gleanery.jobs.executors.dask import DaskExecutor

    return lambda: DaskExecutor(address, open_chaos, shard_seconds=0.1, deadline=5.0)


def _command(*words: str) -> None:
    from gleanery.cli.main import main

    main([*words])


def _log(line: str) -> None:
    print(f"{time.time():.3f} {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    {"submit": submit, "work": work, "export": export, "check": check}[sys.argv[1]](*sys.argv[2:])
