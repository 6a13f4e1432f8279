"""Openers for the tests of the Dask executor: performers that do what a record's text says.

`sleep 0.2`: wait so long; `die`: kill the process; `break`: raise; `gone`: say that the server is not there; `spin
0.2`: keep the core so long. Whatever begins and ends is written to a log in the folder that the work names.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from gleanery.errors import ContextWindowError, EndpointError
from gleanery.jobs.manifest import Manifest, Origin
from gleanery.jobs.work import Shard, Work
from gleanery.tasks.records import Record, Recorded, Result

ROOM = 8


def work(job: str, folder: Path, *, embedded: bool = False, **options: object) -> Work:
    """A job's work that logs into a folder."""
    model = "embedded/references" if embedded else "scripted/model"
    options["folder"] = str(folder)
    manifest = Manifest(
        task="t",
        kind="extract",
        task_digest="t",
        schema_digest="s",
        prompt_digest=None,
        models=(model,),
        options=options,
        endpoints={},
        gguf={},
        folder="/",
        date="2026-01-01",
        version="0",
        origin=Origin("-", "-"),
    )
    return Work(job, manifest, "digest", {"task.yaml": b"name: t\n"})


def shard(of: Work, id: str, *texts: str, start: int = 1) -> Shard:
    """A shard of records with these texts."""
    return Shard(id, of, tuple(Record(f"r-{at}", at, text) for at, text in enumerate(texts, start)))


def said(folder: Path) -> list[tuple[str, ...]]:
    """What was logged: (what, the record's id or so, the process)."""
    file = folder / "log"
    return [tuple(line.split()) for line in file.read_text().splitlines()] if file.exists() else []


class Scripted:
    """A performer that does what the text says."""

    def __init__(self, of: Work) -> None:
        self._log = Path(str(of.manifest.options["folder"])) / "log"
        self._model = of.manifest.models[0]
        self._digest = str(of.manifest.options.get("digest", "d"))
        if self._digest == "pid":
            self._digest = str(os.getpid())
        self.say("opened", of.job)

    @property
    def digests(self) -> Mapping[str, str | None]:
        return {self._model: self._digest}

    @property
    def fingerprint(self) -> str | None:
        return "fingerprint"

    @property
    def room(self) -> int:
        return ROOM

    @property
    def skipped(self) -> Sequence[str]:
        return ("one was skipped",)

    @property
    def exchanges(self) -> Sequence[Recorded]:
        return ()

    async def __call__(self, records: Sequence[Record]) -> list[Result]:
        return [await self._perform(record) for record in records]

    async def aclose(self) -> None:
        self.say("closed", "-")

    async def _perform(self, record: Record) -> Result:
        verb, _, rest = record.text.partition(" ")
        self.say("begun", record.id)
        try:
            if verb == "sleep":
                await asyncio.sleep(float(rest))
            elif verb == "spin":
                end = time.monotonic() + float(rest)
                while time.monotonic() < end:
                    pass
            elif verb == "die":
                os.kill(os.getpid(), signal.SIGKILL)
            elif verb == "break":
                raise ValueError("it broke")
            elif verb == "gone":
                raise EndpointError("The server is gone.")
        except asyncio.CancelledError:
            self.say("aborted", record.id)
            raise
        self.say("ended", record.id)
        return Result(record.id, record.text, {"said": record.text}, {}, {}, "ok", self._model)

    def say(self, what: str, which: str) -> None:
        with self._log.open("a") as file:
            file.write(f"{what} {which} {os.getpid()}\n")


async def opener(of: Work) -> Scripted:
    """Open a performer."""
    if of.manifest.options.get("fails"):
        raise ContextWindowError("It does not fit.", tokens=9, window=8)
    return Scripted(of)
