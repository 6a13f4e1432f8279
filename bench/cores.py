"""The specialist through the queue, beside the specialist alone: references a second on all given cores.

    python bench/cores.py [--records 40000] [--processes 2] [--rounds 3] [--source FILE]

Alone means: as many plain processes, each of which has its share of the references and labels them, and keeps nothing.
`executor` is what the queue works with, without the ledger; `queue` is all of it: a real worker process takes the job
from its ledger and commits every result. Nothing comes from the cache. The ways take turns in one run; start and
loading of the model are not counted. On a machine that others use too, the CPU a reference (of all processes together)
says more than the rate.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import cycle, islice
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import psutil
from driving import drive, work_of

from gleanery.background import start_worker, stop_worker
from gleanery.jobs.executors.local import LocalExecutor
from gleanery.jobs.outcome import Outcome
from gleanery.performing import open_performer
from gleanery.queue import Queue
from gleanery.settings import Settings
from gleanery.tasks.records import Record

REFERENCES = Path(__file__).parents[1] / "examples" / "references.txt"
SLICE = 32


@dataclass(frozen=True)
class Ready:
    """All is started: `perform` performs the records and says how many; so do the processes `pids`, besides this."""

    perform: Callable[[], int]
    pids: list[int]


Way = Callable[[list[Record], int], AbstractContextManager[Ready]]
"""Given records and a number of processes."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=40_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--source", type=Path, default=REFERENCES, help="a file of references, repeated as needed")
    options = parser.parse_args()
    lines = [line for line in options.source.read_text().splitlines() if line.strip()]
    records = [Record(f"r-{n}", n, line) for n, line in enumerate(islice(cycle(lines), options.records), 1)]
    compare({"alone": alone, "executor": executor, "queue": queue}, records, options.processes, options.rounds)


def compare(ways: dict[str, Way], records: list[Record], processes: int, rounds: int) -> None:
    """Time the ways in turn, there and back, and print their rates beside that of the first."""
    print(f"{len(records)} references, {processes} processes: references a second, and microseconds of CPU for each")
    turns: list[dict[str, tuple[float, float]]] = []
    for turn in range(rounds):
        order = list(ways) if turn % 2 == 0 else list(reversed(ways))
        turns.append({name: _measured(ways[name], records, processes) for name in order})
        print("  " + ", ".join(f"{name} {turns[-1][name][0]:.0f} ({turns[-1][name][1]:.0f} µs)" for name in ways))
    first = next(iter(ways))
    for name in ways:
        rate, cpu = (median(turn[name][at] / turn[first][at] for turn in turns) for at in (0, 1))
        print(f"  {name:16} {100 * rate:5.1f} % of the rate of {first}, {100 * cpu:5.1f} % of its CPU")


def _measured(way: Way, records: list[Record], processes: int) -> tuple[float, float]:
    with way(records, processes) as ready:
        began, used = time.perf_counter(), _cpu(ready.pids)
        done = ready.perform()
        took, used = time.perf_counter() - began, _cpu(ready.pids) - used
    assert done == len(records), f"{done} of {len(records)}"
    return len(records) / took, 1e6 * used / len(records)


def _cpu(pids: list[int]) -> float:
    """Seconds of CPU that this process and those have used; of others Linux alone tells."""
    others = sum(time.clock_gettime(~pid << 3 | 2) for pid in pids) if sys.platform == "linux" else 0.0
    return time.process_time() + others


@contextmanager
def alone(records: list[Record], processes: int) -> Iterator[Ready]:
    """Plain processes, a share each."""
    spawn = multiprocessing.get_context("spawn")
    started = []
    for number in range(processes):
        ours, theirs = spawn.Pipe()
        process = spawn.Process(target=_label, args=(theirs,), daemon=True)
        process.start()
        ours.send(records[number::processes])
        started.append((process, ours))
    for _, pipe in started:
        assert pipe.recv() == "ready"

    def perform() -> int:
        for _, pipe in started:
            pipe.send("go")
        return sum(pipe.recv() for _, pipe in started)

    yield Ready(perform, [process.pid or 0 for process, _ in started])
    for process, pipe in started:
        pipe.send("end")
        process.join()


def _label(pipe: Connection) -> None:
    from gleanery.staging import specialist_for
    from gleanery.tasks.declarations import load_task

    records: list[Record] = pipe.recv()
    specialist = specialist_for(load_task("bibliography"), date.today())
    specialist(records[:SLICE])
    pipe.send("ready")
    pipe.recv()
    pipe.send(sum(len(specialist(records[at : at + SLICE])) for at in range(0, len(records), SLICE)))
    pipe.recv()


@contextmanager
def executor(records: list[Record], processes: int) -> Iterator[Ready]:
    """The executor, with nothing that keeps what becomes of them."""
    local, work = LocalExecutor(open_performer, processes=processes), work_of("bibliography", Settings())
    with asyncio.Runner() as runner:

        async def warm() -> list[Outcome]:
            await local.open(work)
            outcomes: list[Outcome] = []
            while len(local.pids) < processes:
                outcomes = await drive(local, work, records[: 100 * processes])
            return outcomes

        runner.run(warm())
        try:
            yield Ready(lambda: len(runner.run(drive(local, work, records))), local.pids)
        finally:
            runner.run(local.aclose())


@contextmanager
def queue(records: list[Record], processes: int) -> Iterator[Ready]:
    """A worker process on a ledger of its own. The job is stored before, and waits; a first one has warmed all up."""
    with TemporaryDirectory() as folder, Queue(Path(folder), settings=Settings()) as held:
        held.submit("bibliography", records[: 1000 * processes], cache=False)
        job = held.submit("bibliography", records, cache=False)
        held.ask(job.id, "pause")
        holder, _ = start_worker(held.home, ["--processes", str(processes)])
        try:
            while any(other.state != "done" for other in held.jobs() if other.id != job.id):
                time.sleep(0.05)

            def perform() -> int:
                held.ask(job.id, "resume")
                while held.job(job.id).state != "done":
                    time.sleep(0.02)
                return held.job(job.id).counts.done

            children = [child.pid for child in psutil.Process(holder.pid).children()]
            yield Ready(perform, [holder.pid, *children])
        finally:
            stop_worker(held.home, 30.0)


if __name__ == "__main__":
    main()
