"""Performers that do what a record's text says, for tests of executors: found by name in other processes too.

"echo"          its own text
"pid"           the number of the process
"sleep 0.2"     after so many seconds
"kill SIGKILL"  the process gets that signal
"exit 3"        the process ends at once
"raise OSError" an error of that name, of Python or of Gleanery
"leave"         SystemExit
"print"         something is printed
"few"           one Result less than there are records
"""

from __future__ import annotations

import builtins
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from gleanery import errors
from gleanery.jobs.manifest import Manifest, Origin
from gleanery.jobs.work import Performer, Shard, Work
from gleanery.tasks.records import Record, Recorded, Result

SPECIALIST = "embedded/references"


def work_of(job: str = "j-work01", model: str = SPECIALIST, **bundle: bytes) -> Work:
    """A work; what its opener is to do stands in its bundle."""
    manifest = Manifest(
        "bibliography", "extract", "0" * 64, "0" * 64, None, (model,), {"accept": 0.9}, {}, {}, "/", "2026-11-20",
        "0.1", Origin("refs.txt", "/refs.txt"),
    )  # fmt: skip
    return Work(job, manifest, "0" * 64, bundle)


def shard_of(work: Work, number: int, *texts: str, first: int = 1) -> Shard:
    """A shard of records with these texts."""
    return Shard(f"s-{number}", work, tuple(Record(f"r-{n}", n, text) for n, text in enumerate(texts, first)))


@dataclass
class Obedient:
    """Does what records say."""

    work: Work
    room: int = 4
    fingerprint: str | None = "f"
    skipped: Sequence[str] = ()
    exchanges: Sequence[Recorded] = ()

    @property
    def digests(self) -> Mapping[str, str | None]:
        return {self.work.manifest.models[0]: str(os.getpid())}

    async def __call__(self, records: Sequence[Record]) -> list[Result]:
        results = [_result(record, obey(record.text)) for record in records]
        return results[1:] if any(record.text == "few" for record in records) else results

    async def aclose(self) -> None:
        pass


async def open_obedient(work: Work) -> Performer:
    """An Obedient; first it does what `open` in the bundle says."""
    obey(work.bundle.get("open", b"echo").decode())
    if (once := work.bundle.get("once")) is not None:
        _once(once.decode())
    return Obedient(work)


async def open_specialist(work: Work) -> Performer:
    """The real one."""
    from datetime import date

    from gleanery.staging import specialist_for
    from gleanery.tasks.declarations import load_task

    specialist = specialist_for(load_task("bibliography"), date.fromisoformat(work.manifest.date))

    class Real(Obedient):
        async def __call__(self, records: Sequence[Record]) -> list[Result]:
            return specialist(records)

    return Real(work)


def obey(text: str) -> str:
    """Do what a text says, and give what it answers."""
    verb, _, rest = text.partition(" ")
    match verb:
        case "pid":
            return str(os.getpid())
        case "sleep":
            time.sleep(float(rest))
        case "kill":
            os.kill(os.getpid(), signal.Signals[rest])
            time.sleep(60)
        case "exit":
            os._exit(int(rest))
        case "raise":
            raise (getattr(errors, rest, None) or getattr(builtins, rest))("because")
        case "leave":
            sys.exit(5)
        case "print":
            print("spoken", flush=True)
            print("complained", file=sys.stderr, flush=True)
            os.system("echo shouted; echo cried >&2")
    return text


def _once(path: str) -> None:
    """Die, unless there is a file of that name already."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def _result(record: Record, said: str) -> Result:
    return Result(record.id, record.text, {"said": said}, {}, {"record": 1.0}, "ok", SPECIALIST)
