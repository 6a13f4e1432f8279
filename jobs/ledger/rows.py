"""The rows of the ledger's tables, as what they stand for, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson

from gleanery.jobs.job import Command, Counts, Event, Job, Pace
from gleanery.jobs.ledger.kept import Kept
from gleanery.jobs.manifest import Manifest
from gleanery.tasks.exports.jsonl import json_bytes
from gleanery.tasks.exports.text import well_formed
from gleanery.tasks.records import Issue, Record

JOB = (
    "number, id, state, reason, bundle, priority, place, loaded, read_from, total, todo, ok, review, failed, cached, "
    "pace, pins, submitted, started, ended"
)
RECORD = "r.id, r.position, r.text, r.carried, r.issues"
KEPT = f"x.number, x.status, x.body, x.about, x.cached, x.exchanges, {RECORD}"
COMMAND = "number, at, job, verb, arguments, answer, ok"
EVENT = "number, at, job, kind, text"


def job_of(row: tuple[Any, ...], manifest: Manifest, after: tuple[str, ...], pending: tuple[Any, ...]) -> Job:
    """A row of JOB."""
    number, id, state, reason, bundle, priority, place, loaded, read_from, *rest = row
    *counts, pace, pins, submitted, started, ended = rest
    return Job(
        number=number,
        id=id,
        state=state,
        reason=reason,
        manifest=manifest,
        bundle=bundle,
        priority=priority,
        place=place,
        loaded=bool(loaded),
        read_from=read_from,
        counts=Counts(*counts),
        pace=Pace.from_json(orjson.loads(pace)),
        pins=orjson.loads(pins),
        submitted=submitted,
        started=started,
        ended=ended,
        after=after,
        pending=pending,
    )


def row_of_record(job: int, record: Record) -> tuple[Any, ...]:
    """A record's row, with nothing in it that no text can hold."""
    return (
        job,
        record.position,
        well_formed(record.id),
        well_formed(record.text),
        json_bytes(dict(record.carried)) if record.carried else None,
        json_bytes([issue.as_json() for issue in record.issues]) if record.issues else None,
    )


def record_of(row: tuple[Any, ...]) -> Record:
    """A row of RECORD."""
    id, position, text, carried, issues = row
    return Record(
        id,
        position,
        text,
        # Not by orjson, to which a whole number of more than 64 bits is a fraction.
        json.loads(carried) if carried else {},
        tuple(Issue(**issue) for issue in orjson.loads(issues)) if issues else (),
    )


def kept_of(row: tuple[Any, ...]) -> Kept:
    """A row of KEPT."""
    number, status, body, about, cached, exchanges, *record = row
    return Kept(number, record_of(tuple(record)), status, body, about, bool(cached), exchanges)


def command_of(row: tuple[Any, ...]) -> Command:
    """A row of COMMAND."""
    number, at, job, verb, arguments, answer, ok = row
    return Command(number, at, job, verb, orjson.loads(arguments), answer, ok == 0)


def event_of(row: tuple[Any, ...]) -> Event:
    """A row of EVENT."""
    return Event(*row)


def files_of(value: bytes) -> dict[str, bytes]:
    """The files that `bytes_of_files` packed."""
    files, at = {}, 4
    header = int.from_bytes(value[:4], "big")
    sizes: Mapping[str, int] = orjson.loads(value[at : at + header])
    at += header
    for path, size in sizes.items():
        files[path] = value[at : at + size]
        at += size
    return files


def bytes_of_files(files: Mapping[str, bytes]) -> bytes:
    """Files by their path as one value: the length of a header, the header, their contents one after another."""
    header = orjson.dumps({path: len(files[path]) for path in sorted(files)})
    return b"".join((len(header).to_bytes(4, "big"), header, *(files[path] for path in sorted(files))))
