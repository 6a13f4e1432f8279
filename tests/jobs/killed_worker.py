"""A worker process that is there to be killed: python killed_worker.py HOME. Ends when nothing is left to do."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from scripted_executor import ScriptedExecutor

from gleanery.jobs.lock import WorkerLock
from gleanery.jobs.worker import Worker


def main(home: Path) -> None:
    """Work."""
    with WorkerLock(home):
        executor = ScriptedExecutor(size=3, room=24, seconds=0.01)
        asyncio.run(Worker(home, lambda: executor, until_idle=True).run())


if __name__ == "__main__":
    main(Path(sys.argv[1]))
