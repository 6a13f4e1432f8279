"""Stores a job with its records: in chunks, so that nobody is blocked, and such that an interruption costs nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import date as Date
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from gleanery.errors import UsageError
from gleanery.jobs.manifest import Manifest, Origin
from gleanery.tasks.exports.jsonl import json_bytes
from gleanery.tasks.matrix import NOTHING, Matrix, check_source
from gleanery.tasks.records import Record

if TYPE_CHECKING:
    from gleanery.choosing import Choice
    from gleanery.jobs.job import Job
    from gleanery.jobs.ledger.ledger import Ledger
    from gleanery.settings import Settings
    from gleanery.tasks.declarations import Task

CHUNK = 2000
"""Records that are stored in one transaction at most."""
_CHUNK_FROM_PIPE = 32
_CHUNK_BYTES = 4 << 20

PROMPTS = "prompts:"
"""The path of an origin that is no file, but the task's own prompts."""

Progress = Callable[["Job", int], None]
"""Is told the job, and how many of its records are stored."""


def plan(
    task: Task,
    origin: Origin,
    settings: Settings,
    *,
    model: str | None = None,
    date: Date | None = None,
    cache: bool = True,
    sample: int = 0,
) -> tuple[Manifest, dict[str, bytes], Choice]:
    """What a job will be: its manifest, its task's files, and its models as they were chosen.

    Raises DeclarationError where the task's files are wrong, ModelError where no model can be had.
    """
    from gleanery.jobs.bundle import bundle_of
    from gleanery.pinning import manifest_of

    check_source(task, origin.path != PROMPTS)
    choice = _choice(task, model, settings)
    manifest = manifest_of(
        task,
        settings,
        choice.addresses,
        date=date or Date.today(),
        origin=origin,
        cache=cache,
        sample=sample,
        skipped=choice.skipped,
    )
    return manifest, bundle_of(task, settings.tools.mcp), choice


def origin_of(source: str | Path | Iterable[Any] | None, format: str, field: str | None, limit: int | None) -> Origin:
    """Where records come from, as a job remembers it; None: of the task's own prompts."""
    if source is None:
        return Origin("its prompts", PROMPTS, limit=limit)
    if not isinstance(source, str | Path):
        return Origin("records", "", limit=limit)
    path = "-" if str(source) == "-" else str(Path(source).absolute())
    return Origin(str(source), path, format, field, limit)


def records_of(
    origin: Origin, source: Iterable[str | Record] | None = None, stdin: BinaryIO | None = None
) -> Iterator[Record]:
    """The records, read from where they come."""
    records: Iterable[Record]
    if origin.path == PROMPTS:
        records = [NOTHING]
    elif source is not None:
        records = _numbered(source)
    else:
        from gleanery.tasks.sources import read_source

        format: Any = origin.format
        records = read_source(origin.path, format=format, field=origin.field, stdin=stdin)
    return islice(iter(records), origin.limit)


def begun(records: Iterator[Record]) -> Iterator[Record]:
    """The records, the first of them read now: so that what is wrong with a source is said before there is a job."""
    return chain(list(islice(records, 1)), records)


def store(ledger: Ledger, job: Job, records: Iterator[Record], progress: Progress, *, resuming: bool = False) -> None:
    """Store the records of a job and end its loading. With `resuming`, those that it has already are passed over.

    UsageError where the source does not begin with them any more.
    """
    records = _to_do(job.manifest, records)
    digest = hashlib.sha256()
    stored = 0
    if resuming:
        for record in islice(records, job.counts.total):
            _add(digest, record)
            stored += 1
        if stored < job.counts.total or digest.hexdigest() != job.read_from:
            raise UsageError(
                f"{job.manifest.origin.name} has changed since {job.id} began to read it. Submit it anew, and remove "
                f"this one: gleanery delete {job.id}"
            )
    size = CHUNK if Path(job.manifest.origin.path).is_file() else _CHUNK_FROM_PIPE
    for chunk in chunks(records, size):
        for record in chunk:
            _add(digest, record)
        ledger.load(job.number, chunk, digest.hexdigest())
        stored += len(chunk)
        progress(job, stored)
    ledger.finish_loading(job.number)


def _to_do(manifest: Manifest, records: Iterator[Record]) -> Iterator[Record]:
    """The records of a job, given those of its source; a job that is done again has them of the old one."""
    if manifest.matrix is None or manifest.again_of is not None:
        return records
    return Matrix.from_json(manifest.matrix, manifest.models).records(records)


def chunks(records: Iterator[Record], size: int) -> Iterator[list[Record]]:
    """Lists of 1, 2, 4 and so on up to `size` records, so that the first can be begun soon; none of them too large.

    What reading raises comes after the records before it.
    """
    wanted = 1
    while True:
        chunk: list[Record] = []
        weight = 0
        failure: Exception | None = None
        try:
            for record in islice(records, wanted):
                chunk.append(record)
                weight += len(record.text)
                if weight > _CHUNK_BYTES:
                    break
        except Exception as error:
            failure = error
        if chunk:
            yield chunk
        if failure is not None:
            raise failure
        if not chunk or (len(chunk) < wanted and weight <= _CHUNK_BYTES):
            return
        wanted = min(size, 2 * wanted)


def copied(ledger: Ledger, job: int) -> Iterator[Record]:
    """The records of another job."""
    after = 0
    while page := ledger.records(job, after=after):
        yield from page
        after = page[-1].position


def renewed(manifest: Manifest, *, again_of: str, models: Iterable[str] | None = None) -> Manifest:
    """The manifest of a job that does an old one's records again."""
    return replace(manifest, again_of=again_of, models=tuple(models) if models else manifest.models)


def _choice(task: Task, model: str | None, settings: Settings) -> Choice:
    """The task's models; a server is asked only where `default` cannot be known otherwise."""
    from gleanery.choosing import choose_models, choose_without_asking

    if known := choose_without_asking(task, model, settings):
        return known
    from gleanery.models.portal import Portal

    with Portal() as portal:
        return portal.run(choose_models(task, model, settings))


def _numbered(source: Iterable[str | Record]) -> Iterator[Record]:
    """Strings and Records as the records of a job: its positions are of one count."""
    for position, item in enumerate(source, 1):
        if isinstance(item, str):
            yield Record(f"r-{position}", position, item)
        elif isinstance(item, Record):
            yield replace(item, position=position)
        else:
            raise UsageError(f"Item {position} of the source is of type {type(item).__name__}: give str or Record.")


def _add(digest: hashlib._Hash, record: Record) -> None:
    text = record.text.encode("utf-8", "surrogatepass")
    digest.update(len(text).to_bytes(8, "big") + text)
    if record.carried:
        digest.update(json_bytes(dict(record.carried)))
