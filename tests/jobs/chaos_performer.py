"""A model that answers at once, and always the same: what a killed worker's results are held against."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

from gleanery.jobs.work import Performer, Work
from gleanery.tasks.exports.jsonl import JsonlExporter
from gleanery.tasks.records import Issue, Record, Result, Span, Status
from gleanery.tasks.sources import read_source

CHAT = "openai/chaos@http://127.0.0.1:9/v1"
EMBEDDED = "embedded/references"
ROOM = 8
_SECONDS = (0.002, 0.01)
_ON_A_CORE = 0.003


@dataclass(frozen=True, slots=True)
class Said:
    """An exchange that never was."""

    record: str
    number: int

    def as_json(self) -> dict[str, Any]:
        """As exchanges stand in the wire record."""
        return {"record": self.record, "number": self.number, "request": {"body": "x" * 200}, "reply": {"body": "y"}}


@dataclass(frozen=True, slots=True)
class ChaosPerformer:
    """Works a few milliseconds on each record."""

    work: Work
    skipped: tuple[str, ...] = ()
    exchanges: tuple[Said, ...] = ()
    room: int = ROOM
    fingerprint: str | None = "chaos"

    @property
    def digests(self) -> Mapping[str, str | None]:
        """Of its models."""
        return dict.fromkeys(self.work.manifest.models, "c0ffee")

    async def __call__(self, records: Sequence[Record]) -> list[Result]:
        """The Results of some records: waiting for all at once, as for a server, or one after another, as on a core."""
        if self.work.embedded:
            await asyncio.sleep(_ON_A_CORE * len(records))
        else:
            await asyncio.gather(*(asyncio.sleep(_seconds(record.text)) for record in records))
        model = self.work.manifest.models[0]
        return [result_for(record, model) for record in records]

    async def aclose(self) -> None:
        """There is nothing to close."""


async def open_chaos(work: Work) -> Performer:
    """The Opener."""
    return ChaosPerformer(work)


def result_for(record: Record, model: str) -> Result:
    """The one Result that this record can have."""
    number = crc32(record.text.encode())
    statuses: tuple[Status, ...] = ("ok", "ok", "ok", "ok", "ok", "ok", "ok", "ok", "review", "failed")
    status = statuses[number % 10]
    said = record.text.split()[0]
    return Result(
        id=record.id,
        input=record.text,
        output=None if status == "failed" else {"title": said, "number": number},
        spans={} if status == "failed" else {"title": Span(0, len(said), "exact")},
        confidence={},
        status=status,
        model=model,
        issues=(Issue("altered", "title", f"Number {number} is odd."),) if status == "review" else (),
        error=f"There is no answer {number}." if status == "failed" else None,
        milliseconds=1000 * _seconds(record.text),
        usage={"prompt": 9, "completion": number % 7, "cached": None},
        timing={"first_token_ms": 1.0, "per_token_ms": 0.5},
        exchanges=tuple(Said(record.id, n) for n in range(1 + number % 2)),
    )


def write_source(path: Path, count: int) -> None:
    """A source of so many records, each another text."""
    path.write_text(
        "".join(f"Title-{n:x} «né», Ångström {n}. " + "words " * (n % 30) + "\n" for n in range(1, count + 1))
    )


def write_expected(source: Path, path: Path, model: str) -> None:
    """The export as it must be."""
    with path.open("wb") as stream:
        exporter = JsonlExporter(stream)
        for record in _records(source):
            exporter.write(result_for(record, model))
        exporter.close()


def _records(source: Path) -> Iterable[Record]:
    return read_source(source)


def _seconds(text: str) -> float:
    least, most = _SECONDS
    return least + (most - least) * (crc32(text.encode()) % 1000) / 1000
