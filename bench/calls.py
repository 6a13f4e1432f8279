"""How near 256 calls in flight come to the ideal: each is answered by a local server after 2 seconds.

    python bench/calls.py [--in-flight 256] [--seconds 2] [--turns 40]

The server is a process of its own that does nothing but wait. What is measured is all that performing a record takes:
the prompt, the call, its recording, reading and checking the answer, an Outcome to be kept. The ideal is `turns` times
`seconds`; opening the model is not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from driving import drive, work_of
from instant_server import MODEL

from gleanery.jobs.executors.local import LocalExecutor
from gleanery.models.endpoint import Endpoint
from gleanery.performing import open_in_worker
from gleanery.settings import Settings
from gleanery.tasks.records import Record

TASK = """\
name: works
summary: Title and year.
kind: extract
output: "title: of the work, year int: when it came out"
grounding: require
models: [default]
prompt: |
  Read the reference below and return the fields that it states. Leave out what it does not say.

  {{ source }}
"""
TEXT = "Darwin, C. (1859). On the origin of species by means of natural selection. London: John Murray."
ANSWER = {"title": "On the origin of species by means of natural selection", "year": 1859}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--turns", type=int, default=40, help="how often every place is used")
    options = parser.parse_args()
    server = [sys.executable, str(Path(__file__).with_name("instant_server.py")), json.dumps(ANSWER)]
    command = [*server, str(options.seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as waiting:
        assert waiting.stdin is not None
        assert waiting.stdout is not None
        url = f"http://127.0.0.1:{int(waiting.stdout.readline())}/v1"
        try:
            asyncio.run(_measure(url, options.in_flight, options.seconds, options.turns))
        finally:
            waiting.stdin.close()


async def _measure(url: str, in_flight: int, seconds: float, turns: int) -> None:
    records = [Record(f"r-{n}", n, TEXT) for n in range(1, in_flight * turns + 1)]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "task.yaml").write_text(TASK)
        endpoint = Endpoint("bench", "openai", url, in_flight=in_flight)
        settings = replace(Settings(), endpoints={"bench": endpoint}, cache_dir=Path(folder))
        work = work_of(Path(folder) / "task.yaml", settings, f"openai/{MODEL}@bench")
        executor = LocalExecutor(partial(open_in_worker, settings=settings))
        await executor.open(work)
        try:
            began, cpu = time.perf_counter(), time.process_time()
            times: list[float] = []
            outcomes = await drive(executor, work, records, lambda count: times.append(time.perf_counter()))
            took, used = time.perf_counter() - began, time.process_time() - cpu
        finally:
            await executor.aclose()
    assert len(outcomes) == len(records)
    assert all(outcome.status == "ok" for outcome in outcomes), outcomes[0].body
    ideal = seconds * turns
    print(f"{len(records)} calls of {seconds:g} s, {in_flight} in flight: {took:.2f} s, ideal {ideal:.2f} s")
    print(f"{100 * ideal / took:.1f} % of the ideal rate, {1000 * used / len(records):.2f} ms of CPU a call")
    # The first wave goes out and comes back all at once, and opens the connections; at the end there are ever fewer.
    first, last = times[in_flight - 1], times[-in_flight]
    sustained = (len(times) - 2 * in_flight + 1) / (last - first)
    print(f"{100 * sustained * seconds / in_flight:.1f} % of it between the first wave and the last")


if __name__ == "__main__":
    main()
