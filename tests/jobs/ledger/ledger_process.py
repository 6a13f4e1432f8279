"""What other processes do with a ledger, for tests: `python ledger_process.py WHAT HOME ...`."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

from ledger_parts import BUNDLE, manifest, outcome, records

from gleanery.errors import LedgerError
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.ledger.writer import Delivery, LedgerWriter
from gleanery.tasks.records import Status

STATUSES: tuple[Status, ...] = ("ok", "review", "failed")


def begin(what: str, *arguments: object, **environment: str) -> subprocess.Popen[str]:
    """Start another process that does it; it says a line when it begins."""
    command = [sys.executable, __file__, what, *map(str, arguments)]
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )


def said(what: str, *arguments: object) -> list[str]:
    """What another process says when it has done it."""
    with begin(what, *arguments) as process:
        lines = process.communicate()[0].splitlines()
    assert process.returncode == 0, lines
    return lines


def open_at_once(home: str) -> None:
    """Wait for the word, then open."""
    print("ready", flush=True)
    sys.stdin.readline()
    with Ledger.open(Path(home)) as ledger:
        print(ledger.database.value("PRAGMA user_version"))


def load(home: str, id: str, count: str, chunk: str) -> None:
    """Store records, chunk by chunk, from where the job is."""
    with Ledger.open(Path(home)) as ledger:
        job = ledger.job(id)
        print("loading", flush=True)
        for first in range(job.counts.total + 1, int(count) + 1, int(chunk)):
            some = records(min(int(chunk), int(count) + 1 - first), first)
            ledger.load(job.number, some, f"{first}")
        ledger.finish_loading(job.number)


def work(home: str, id: str, batch: str) -> None:
    """Give every record of a job its result, a few at a time, and say how many, as long as any come."""
    with Ledger.open(Path(home)) as ledger:
        job = ledger.job(id)
        writer = LedgerWriter(ledger)
        print("working", flush=True)
        while True:
            loaded = ledger.job(id).loaded  # before it is asked what is left
            todo = ledger.todo(job.number, limit=int(batch))
            if not todo and loaded:
                return
            deliveries = [Delivery(job.number, outcome(r.position, STATUSES[r.position % 3])) for r in todo]
            if writer.commit(deliveries):
                print(len(deliveries), flush=True)


def read_only(home: str) -> None:
    """Open a ledger that may not be written, as somebody to whom that applies."""
    import gleanery.jobs.bundle  # noqa: F401 - is needed later, when perhaps nothing can be imported any more

    if os.geteuid() == 0:
        os.setegid(65534)
        os.seteuid(65534)
    try:
        with Ledger.open(Path(home)) as ledger:
            print(len(ledger.jobs()))
            ledger.submit(manifest(), BUNDLE)
    except LedgerError as error:
        print(error)


def fill(home: str, limit: str) -> None:
    """Store records until there is no room: in files of `limit` bytes, or 0: on the disk."""
    if int(limit):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
    with Ledger.open(Path(home)) as ledger:
        job = ledger.submit(manifest(), BUNDLE)
        print(job.id)
        try:
            for first in range(1, 200_000, 500):
                ledger.load(job.number, records(500, first), f"{first}")
                print(first + 499)
        except LedgerError as error:
            print(error)
            print(ledger.job(job.id).counts.total)


if __name__ == "__main__":
    {"open": open_at_once, "load": load, "work": work, "read": read_only, "fill": fill}[sys.argv[1]](*sys.argv[2:])
