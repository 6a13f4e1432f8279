"""What the ledger keeps up with: a job of many records stored, worked through and exported, while somebody watches.

    python bench/ledger.py [--records 1000000] [--batch 32] [--folder DIR]

Results have 1 kB, and exchanges 5 kB, most of it the same prompt, as a job's have. The writer is a process of its own
that does what a worker does with what arrives: exchanges to the wire file, results and counters in one durable commit,
`--batch` records each. A third process asks for the jobs ten times a second all the while. The folder has to be on a
real disk: where writing costs nothing, nothing is measured.
"""

from __future__ import annotations

import argparse
import hashlib
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import orjson

from gleanery.jobs.job import Job, Pace
from gleanery.jobs.ledger.ledger import FILE, Ledger
from gleanery.jobs.ledger.wire import WireWriter, wire_file
from gleanery.jobs.ledger.writer import Delivery, LedgerWriter
from gleanery.jobs.manifest import Manifest, Origin
from gleanery.jobs.outcome import Outcome, line_of
from gleanery.tasks.records import Record

CHUNK = 10_000
BUNDLE = {"tasks/works/task.yaml": b"name: works\n"}
PROMPT = " ".join(f"Rule {n}: read what is printed, and say nothing else." for n in range(74))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--batch", type=int, default=32, help="records in a commit")
    parser.add_argument(
        "--folder", type=Path, help="where the ledger is made; default: the system's for temporary files"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        _measure(Path(folder), options.records, options.batch)


def _measure(home: Path, records: int, batch: int) -> None:
    with Ledger.open(home) as ledger:
        job = _submitted(ledger, records)
        looks = _in_process(_watch, home)
        written = _in_process(_write, home, job.number, job.id, batch)
        seconds, memory, log = written[1].recv()
        looks[1].send(None)
        times = sorted(looks[1].recv())
        for process, _ in (looks, written):
            process.join()
        _say("committed, 1 kB and an exchange of 5 kB", f"{records / seconds:,.0f} records/s, {batch} a commit")
        _say("the writer's memory", f"{memory / 2**20:,.0f} MB")
        _say("write-ahead log at most", f"{log / 2**20:,.0f} MB")
        middle, late, last = (1000 * times[int(part * (len(times) - 1))] for part in (0.5, 0.99, 1))
        _say(
            "`jobs` meanwhile", f"median {middle:.1f} ms, 99 % {late:.1f} ms, at most {last:.1f} ms, {len(times)} looks"
        )
        assert ledger.job(job.id).counts.ok == records
        began = time.perf_counter()
        size = sum(len(line) for line in _lines(ledger, job.number))
        _say("exported", f"{records / (time.perf_counter() - began):,.0f} records/s, {size / 2**20:,.0f} MB")
        _say("the ledger", f"{(home / FILE).stat().st_size / 2**20:,.0f} MB")
        _say("its wire file", f"{wire_file(home, job.id).stat().st_size / 2**20:,.0f} MB")
        _delete(ledger, job)


def _submitted(ledger: Ledger, records: int) -> Job:
    job = ledger.submit(_manifest(), BUNDLE)
    began = time.perf_counter()
    longest = 0.0
    for first in range(1, records + 1, CHUNK):
        chunk = [_record(n) for n in range(first, min(first + CHUNK, records + 1))]
        at = time.perf_counter()
        ledger.load(job.number, chunk, f"{first}")
        longest = max(longest, time.perf_counter() - at)
    ledger.finish_loading(job.number)
    rate = records / (time.perf_counter() - began)
    _say(f"{records:,} records submitted", f"{rate:,.0f} records/s; the longest transaction {1000 * longest:.0f} ms")
    return ledger.job(job.id)


def _write(pipe: Connection, home: Path, job: int, id: str, batch: int) -> None:
    """Seconds that it took, the most memory in bytes, the longest the write-ahead log was in bytes."""
    folder = wire_file(home, id).parent
    folder.mkdir(mode=0o700, exist_ok=True)
    log, longest = home / f"{FILE}-wal", 0
    with Ledger.open(home) as ledger:
        writer, wire = LedgerWriter(ledger), WireWriter(wire_file(home, id))
        writer.set_state(job, "running")
        began, after = time.perf_counter(), 0
        while page := ledger.todo(job, after=after):
            after = page[-1].position
            for at in range(0, len(page), batch):
                outcomes = [_outcome(record) for record in page[at : at + batch]]
                places = wire.append([(f"r-{outcome.position}", outcome.exchanges) for outcome in outcomes])
                deliveries = [
                    Delivery(job, outcome, _content(outcome.position), exchanges=place)
                    for outcome, place in zip(outcomes, places, strict=True)
                ]
                writer.commit(deliveries, {job: Pace(at=time.time(), rate=1.0)})
            longest = max(longest, log.stat().st_size)
        wire.close()
        writer.set_state(job, "done")
        seconds = time.perf_counter() - began
    unit = 1 if sys.platform == "darwin" else 1024
    pipe.send((seconds, unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, longest))


def _watch(pipe: Connection, home: Path) -> None:
    """How many seconds each look at the jobs took, ten a second until it is told to end."""
    times = []
    with Ledger.open(home) as ledger:
        while not pipe.poll(0.1):
            began = time.perf_counter()
            assert ledger.jobs()
            times.append(time.perf_counter() - began)
    pipe.send(times)


def _lines(ledger: Ledger, job: int) -> Iterator[bytes]:
    after = 0
    while page := ledger.kept(job, after=after):
        after = page[-1].record.position
        for kept in page:
            yield line_of(kept.record, kept.body)


def _delete(ledger: Ledger, job: Job) -> None:
    began = time.perf_counter()
    writer = LedgerWriter(ledger)
    ledger.ask(job.id, "delete")
    for command in ledger.pending():
        writer.obey(command)
    answered = time.perf_counter() - began
    while writer.sweep():
        pass
    size = (ledger.home / FILE).stat().st_size
    _say(
        "deleted",
        f"answered in {answered:.2f} s, gone in {time.perf_counter() - began:.1f} s; {size / 2**20:.1f} MB left",
    )


def _in_process(work: Any, *arguments: Any) -> tuple[Any, Connection]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=work, args=(there, *arguments), daemon=True)
    process.start()
    return process, here


def _record(n: int) -> Record:
    return Record(
        f"r-{n}", n, f"Author, A. {n}. (19{n % 100:02}). A title of work number {n}, in plain words. City: House."
    )


def _outcome(record: Record) -> Outcome:
    noise = hashlib.shake_128(record.text.encode()).hexdigest(440)
    body = orjson.dumps({"output": {"title": record.text, "note": noise}, "status": "ok", "model": "m", "error": None})
    request = {"messages": [{"role": "system", "content": PROMPT}, {"role": "user", "content": record.text}]}
    exchange = {
        "purpose": "chat",
        "request": {"method": "POST", "url": "http://127.0.0.1:8000/v1", "body": orjson.dumps(request).decode()},
        "reply": {"status": 200, "body": noise},
        "tokens": record.position,
    }
    about = b'{"attempts":1,"usage":{"prompt":900,"completion":60},"timing":{"total_ms":210.5}}'
    return Outcome(record.position, "ok", body, about, (orjson.dumps(exchange),))


def _content(position: int) -> bytes:
    return hashlib.sha256(b"%d" % position).digest()


def _manifest() -> Manifest:
    origin = Origin("works.txt", "/works.txt")
    return Manifest(
        "works", "extract", "", "", None, ("embedded/references",), {}, {}, {}, "/", "2026-01-01", "0", origin
    )


def _say(what: str, figure: str) -> None:
    print(f"  {what:42} {figure}", flush=True)


if __name__ == "__main__":
    main()
