"""A driver that is killed: starts two processes, gives them shards, says which processes it has, and waits.

python dask_driver.py FOLDER
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from dask_performers import opener, shard, work

from gleanery.jobs.executors.dask import DaskExecutor


async def main(folder: Path) -> None:
    """Give shards that take long."""
    executor = DaskExecutor("local:2", opener)
    await executor.start()
    job = work("j-driver", folder)
    await executor.open(job)
    await asyncio.gather(*(executor.run(shard(job, f"s-{n}", "sleep 60")) for n in range(4)))


asyncio.run(main(Path(sys.argv[1])))
