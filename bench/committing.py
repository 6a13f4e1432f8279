"""How fast a worker commits: an executor that answers at once, with results of 1 kB and exchanges of 5 kB.

python bench/committing.py [--records 100000] [--shard 8] [--wire full] [--home FOLDER] [--profile]

Prints records a second (from the first command to the last commit), commits, the worker's memory at most, how long
another process that asks for the jobs ten times a second waits for them meanwhile, and how fast results are exported.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import multiprocessing
import pstats
import random
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import quantiles

from gleanery.jobs.executors.executor import Opened
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.manifest import Manifest, Origin
from gleanery.jobs.outcome import Outcome, line_of
from gleanery.jobs.work import Shard, Work
from gleanery.jobs.worker import Worker
from gleanery.queue import Queue
from gleanery.tasks.records import Record

CHUNK = 10_000
MODEL = "ollama/instant"
_WORDS = [f"{chr(97 + n % 26)}{n * 7919 % 100_003:x}" for n in range(4000)]


class Instant:
    """Answers at once; the texts differ, so that nothing is stored more cheaply than it would be in earnest."""

    def __init__(self, size: int) -> None:
        self._size = size
        chance = random.Random(1)
        prompt = " ".join(chance.choices(_WORDS, k=400))
        said = [" ".join(chance.choices(_WORDS, k=420))[:2400] for _ in range(512)]
        self._exchanges = [
            (b'{"request":{"messages":[{"role":"system","content":"%s"},' % prompt[:2500].encode())
            + (b'{"role":"user","content":"%s"}]},"reply":{"text":"ok"}}' % text.encode())
            for text in said
        ]
        self._body = b'{"output":{"title":"%s"},"spans":{},"confidence":{},"status":"ok","model":"m","issues":[]}' % (
            said[0][:900].encode()
        )
        self._about = b'{"attempts":1,"usage":{"prompt":1000,"completion":100},"timing":{"total_ms":1.0}}'

    async def start(self) -> None:
        """Nothing to do."""

    async def open(self, work: Work) -> Opened:
        """Nothing to do."""
        return Opened({MODEL: "d"}, "f")

    def shard_size(self, work: Work) -> int:
        """As asked for."""
        return self._size

    def capacity(self, work: Work) -> int:
        """Enough that there is always something to commit."""
        return max(512, 4 * self._size)

    async def run(self, shard: Shard) -> list[Outcome]:
        """The same for each record, nearly."""
        await asyncio.sleep(0)
        return [self._outcome(record.position) for record in shard.records]

    def _outcome(self, position: int) -> Outcome:
        exchange = self._exchanges[position % len(self._exchanges)]
        return Outcome(
            position, "ok", self._body, self._about, (b'{"number":%d,%s' % (position, exchange[1:]),),
            0.1, 50.0, 10.0, 100,
        )  # fmt: skip

    async def withdraw(self, ids: Collection[str]) -> None:
        """Everything is begun."""

    async def cancel(self, ids: Collection[str]) -> None:
        """Everything ends at once."""

    async def close(self, work: Work) -> None:
        """Nothing to do."""

    async def aclose(self) -> None:
        """Nothing to do."""


def fill(home: Path, count: int, wire: str, cache: bool) -> str:
    """A job of so many records of 200 characters."""
    manifest = Manifest(
        "bench", "extract", "t", "s", None, (MODEL,), {}, {}, {}, "/", "2026-11-21", "0", Origin("-", "-"),
        wire=wire, cache=cache,
    )  # fmt: skip
    with Ledger.open(home) as ledger:
        job = ledger.submit(manifest, {"task.yaml": b"name: bench"})
        text = " ".join(_WORDS[:60])[:180]
        for first in range(1, count + 1, CHUNK):
            records = [Record(f"r-{n}", n, f"{text} {n}") for n in range(first, min(first + CHUNK, count + 1))]
            ledger.load(job.number, records, "d")
        ledger.finish_loading(job.number)
        return job.id


def measure(home: Path, options: argparse.Namespace) -> None:
    """Work a job off, and print how it went."""
    began = time.perf_counter()
    id = fill(home, options.records, options.wire, options.cache)
    print(f"loading     {options.records / (time.perf_counter() - began):10,.0f} records/s")
    worker = Worker(home, lambda: Instant(options.shard), only=id)
    profile = cProfile.Profile() if options.profile else None
    with _watched(home) as waits:
        began, used = time.perf_counter(), time.process_time()
        if profile:
            profile.enable()
        asyncio.run(worker.run())
        if profile:
            profile.disable()
            pstats.Stats(profile).sort_stats("tottime").print_stats(25)
        seconds, used = time.perf_counter() - began, time.process_time() - used
    with Ledger.open(home) as ledger:
        job = ledger.job(id)
        assert job.state == "done", job
        assert job.counts.ok == options.records
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    print(f"performing  {options.records / seconds:10,.0f} records/s, shards of {options.shard}, wire {options.wire}")
    print(f"commits     {worker.commits:10,} of {options.records / max(1, worker.commits):,.0f} records")
    print(f"processor   {1e6 * used / options.records:10,.0f} µs a record")
    print(f"memory      {most:10,.0f} MB at most")
    last = quantiles(waits, n=100)[-1]
    print(f"jobs        {1000 * last:10.1f} ms at the 99th percentile, {1000 * max(waits):.1f} at most")
    began = time.perf_counter()
    with Queue(home) as queue, (home / "out.jsonl").open("wb") as out:
        for kept in queue.kept(queue.job(id)):
            out.write(line_of(kept.record, kept.body))
        size = out.tell() / options.records
    seconds = time.perf_counter() - began
    print(f"export      {options.records / seconds:10,.0f} records/s of {size:,.0f} bytes")


@contextmanager
def _watched(home: Path) -> Iterator[list[float]]:
    """Another process that looks at the queue; the seconds that each look took are there at the end."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_watch, args=(theirs, home), daemon=True)
    process.start()
    assert ours.recv() == "ready"
    waits: list[float] = []
    yield waits
    ours.send("end")
    waits += ours.recv()
    process.join()


def _watch(pipe: Connection, home: Path) -> None:
    waits: list[float] = []
    with Ledger.open(home) as ledger:
        pipe.send("ready")
        while not pipe.poll(0.1):
            began = time.perf_counter()
            ledger.jobs()
            waits.append(time.perf_counter() - began)
    pipe.send(waits)


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--shard", type=int, default=8)
    parser.add_argument("--wire", choices=("full", "failures", "off"), default="full")
    parser.add_argument("--cache", action="store_true")
    parser.add_argument("--home", type=Path)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    home = options.home or Path(tempfile.mkdtemp(prefix="gleanery-bench-"))
    try:
        measure(home, options)
    finally:
        if options.home is None:
            shutil.rmtree(home)


if __name__ == "__main__":
    main()
