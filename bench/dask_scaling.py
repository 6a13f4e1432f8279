"""What a second Dask worker process brings: to the specialist on two cores, and to calls that wait for a server.

    python bench/dask_scaling.py [--records 8000] [--calls 1536] [--in-flight 64] [--seconds 2] [--rounds 2]

The processes are those of `--dask local:1` and `local:2`, in turn; their start and the opening of the models are not
counted. Each process has `in-flight` calls at once at a local server that answers after `seconds`. Read the ratios: the
rates are those of this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from statistics import harmonic_mean

from calls import ANSWER, TASK, TEXT
from driving import drive, work_of
from instant_server import MODEL

from gleanery.jobs.executors.dask import DaskExecutor
from gleanery.jobs.work import Work
from gleanery.models.endpoint import Endpoint
from gleanery.performing import open_performer
from gleanery.settings import Settings
from gleanery.tasks.records import Record

REFERENCES = Path(__file__).parents[1] / "examples" / "references.txt"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=8000)
    parser.add_argument("--calls", type=int, default=1536)
    parser.add_argument("--in-flight", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--shard-seconds", type=float, default=2.0, help="shorter than for real, as the jobs are")
    options = parser.parse_args()
    lines = [line for line in REFERENCES.read_text().splitlines() if line.strip()]
    references = [Record(f"r-{n}", n, line) for n, line in enumerate(islice(cycle(lines), options.records), 1)]
    _compare("references", work_of("bibliography", Settings(), "embedded/references"), references, options)
    calls = [Record(f"r-{n}", n, TEXT) for n in range(1, options.calls + 1)]
    with tempfile.TemporaryDirectory() as folder, _server(options.seconds) as url:
        (Path(folder) / "task.yaml").write_text(TASK)
        endpoint = Endpoint("bench", "openai", url, in_flight=options.in_flight)
        settings = replace(Settings(), endpoints={"bench": endpoint}, cache_dir=Path(folder))
        work = work_of(Path(folder) / "task.yaml", settings, f"openai/{MODEL}@bench")
        ideal = options.in_flight / options.seconds
        _compare(f"calls (ideal {ideal:.0f} and {2 * ideal:.0f} a second)", work, calls, options)


def _compare(what: str, work: Work, records: Sequence[Record], options: argparse.Namespace) -> None:
    rates: dict[int, list[float]] = {1: [], 2: []}
    for turn in range(options.rounds):
        for processes in (1, 2) if turn % 2 == 0 else (2, 1):
            rates[processes].append(asyncio.run(_rate(processes, work, records, options.shard_seconds)))
    one, two = (harmonic_mean(rates[processes]) for processes in (1, 2))
    print(f"{len(records)} {what}: {one:.1f} a second with 1 process, {two:.1f} with 2: {two / one:.2f}x")


async def _rate(processes: int, work: Work, records: Sequence[Record], shard_seconds: float) -> float:
    executor = DaskExecutor(f"local:{processes}", open_performer, shard_seconds=shard_seconds)
    await executor.start()
    try:
        await executor.open(work)
        began = time.perf_counter()
        outcomes = await drive(executor, work, records)
        seconds = time.perf_counter() - began
    finally:
        await executor.aclose()
    assert len(outcomes) == len(records)
    assert all(outcome.status != "failed" for outcome in outcomes), outcomes[0].body
    return len(records) / seconds


@contextmanager
def _server(seconds: float) -> Iterator[str]:
    """A server in a process of its own that answers after so many seconds."""
    command = [sys.executable, str(Path(__file__).with_name("instant_server.py")), json.dumps(ANSWER), str(seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        finally:
            server.stdin.close()


if __name__ == "__main__":
    main()
