"""`gleanery show JOB` and `gleanery show JOB:RECORD`: what a job is and how it goes, and what became of a record."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from gleanery.cli.job_words import (
    counted,
    duration,
    event_json,
    job_json,
    latencies,
    rate,
    reason_of,
    share,
    state_of,
)
from gleanery.cli.printing import print_json, printable
from gleanery.cli.result_view import print_result
from gleanery.cli.results import print_exchange
from gleanery.errors import UsageError
from gleanery.jobs.outcome import line_of
from gleanery.watching import rate_of, seconds_left

if TYPE_CHECKING:
    from gleanery.jobs.job import Event, Job
    from gleanery.jobs.ledger.ledger import Kept
    from gleanery.queue import Queue

_NAMED = re.compile(r"(j-[0-9a-hjkmnp-tv-z]{1,6})(?::(.+))?")
_EVENTS = 8
"""The last events of a job that are shown."""
_REASONS = 10
_DIGEST = 12


def named_job(text: str) -> tuple[str, str | None] | None:
    """The job and the record in `j-abc123:r-7`; None where the text names no job."""
    match = _NAMED.fullmatch(text)
    return (match[1], match[2]) if match else None


def show_job(id: str, record: str | None, *, wire: bool, as_json: bool) -> None:
    """Print a job, or with a record what became of it, and with `wire` what was said to models for it."""
    from gleanery.queue import Queue

    with Queue() as queue:
        job = queue.job(id)
        if record is not None:
            _show_record(queue, job, record, wire=wire, as_json=as_json)
        elif wire:
            raise UsageError(f"--wire shows the exchanges of a record. Name one, such as {job.id}:r-1.")
        elif as_json:
            print_json(_as_json(queue, job))
        else:
            _print(queue, job)


def _as_json(queue: Queue, job: Job) -> dict[str, Any]:
    return {
        **job_json(job, time.time()),
        "manifest": job.manifest.as_json(),
        "pins": dict(job.pins),
        "pace": job.pace.as_json(),
        "reasons": [{"reason": reason, "records": count} for reason, count in queue.ledger.reasons(job.number)],
        "events": [event_json(event) for event in _last_events(queue, job)],
    }


def _print(queue: Queue, job: Job) -> None:
    now = time.time()
    origin = job.manifest.origin
    click.echo(f"{click.style(job.id, bold=True)}: {job.manifest.task} on {printable(origin.name)}\n")
    _print_facts(_going(job, now))
    _print_facts(_described(job))
    _print_reasons(queue.ledger.reasons(job.number), job)
    _print_slowest(job)
    _print_events(_last_events(queue, job))
    if job.state == "running" and queue.worker() is None:
        click.echo("\nNo worker runs, so nothing goes on: gleanery worker start", err=True)
    elif job.counts.failed or job.counts.review:
        found = queue.ledger.kept(job.number, limit=1, statuses=("failed", "review"))
        click.echo(f"\nNext: look at one of them: gleanery show {job.id}:{found[0].record.id}", err=True)


def _going(job: Job, now: float) -> dict[str, str]:
    """How it goes."""
    counts, why = job.counts, reason_of(job)
    done = f"{counts.done:,} of {counts.total:,} ({int(100 * share(job))}%)" + (": " if counts.done else "")
    cached = f", {counts.cached:,} of them from earlier jobs" if counts.cached else ""
    pace = (rate(rate_of(job, now)), latencies(job), f"{job.pace.tokens:,} tokens" if job.pace.tokens else "")
    left = seconds_left(job, now)
    ended = job.ended if job.ended is not None else now
    return {
        "state": state_of(job) + (f": {why}" if why else ""),
        "records": done + (counted(counts) + cached if counts.done else ""),
        "pace": ", ".join(filter(None, pace)),
        "left": f"about {duration(left)}" if left is not None else "",
        "submitted": _moment(job.submitted),
        "started": _moment(job.started),
        "ended": f"{_moment(job.ended)}, after {duration(ended - (job.started or job.submitted))}" if job.ended else "",
        "after": ", ".join(job.after),
        "priority": str(job.priority) if job.priority else "",
    }


def _described(job: Job) -> dict[str, str]:
    """What pins it."""
    manifest = job.manifest
    models = [f"{model}  {_short(job.pins.get(model))}".rstrip() for model in job.models]
    return {
        "models": "\n".join(models),
        "task": f"{manifest.task}  {_short(manifest.task_digest)}",
        "schema": _short(manifest.schema_digest),
        "prompt": _short(manifest.prompt_digest),
        "options": ", ".join(f"{name} {_said(value)}" for name, value in manifest.options.items() if value is not None),
        "source": manifest.origin.path or manifest.origin.name,
        "date": manifest.date,
        "version": manifest.version,
        "again of": manifest.again_of or "",
        "left out": "\n".join(manifest.skipped),
    }


def _short(digest: str | None) -> str:
    return digest[:_DIGEST] if digest else ""


def _said(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _print_facts(facts: Mapping[str, str]) -> None:
    for key, value in facts.items():
        for number, line in enumerate(value.splitlines()):
            click.echo(f"{'' if number else key:<10} {printable(line)}")


def _print_reasons(reasons: Sequence[tuple[str, int]], job: Job) -> None:
    if not reasons:
        return
    _print_title("Why records failed")
    for reason, count in reasons[:_REASONS]:
        click.echo(f"{count:>7,}  {printable(reason)}")
    if len(reasons) > _REASONS:
        click.echo(f"{'':7}  and {len(reasons) - _REASONS:,} other reasons: gleanery show {job.id} --json")


def _print_slowest(job: Job) -> None:
    if not job.pace.slowest:
        return
    _print_title("Slowest records")
    for record, seconds in job.pace.slowest:
        click.echo(f"{_seconds(seconds):>10}  {job.id}:{record}")


def _seconds(seconds: float) -> str:
    return f"{1000 * seconds:.3g} ms" if seconds < 1 else f"{seconds:.1f} s"


def _print_events(events: Sequence[Event]) -> None:
    if not events:
        return
    _print_title("What happened last")
    for event in events:
        click.echo(f"{_moment(event.at)}  {printable(event.text)}")


def _print_title(title: str, *, error: bool = False) -> None:
    click.echo(f"\n{click.style(title, bold=True)}\n", err=error)


def _last_events(queue: Queue, job: Job) -> list[Event]:
    last: list[Event] = []
    while page := queue.events(job.id, after=last[-1].number if last else 0):
        last = page[-_EVENTS:] if len(page) >= _EVENTS else [*last, *page][-_EVENTS:]
    return last


def _show_record(queue: Queue, job: Job, id: str, *, wire: bool, as_json: bool) -> None:
    kept, earlier = _results_of(queue, job, id)
    shown, *before = [json.loads(line_of(one.record, one.body)) for one in (kept, *earlier)]
    exchanges = [exchange for one in (kept, *earlier) for exchange in _exchanges(queue, job, one)] if wire else []
    if as_json:
        print_json({**shown, "superseded": before, **({"exchanges": exchanges} if wire else {})})
        return
    print_result(shown)
    for number, result in enumerate(before, 1):
        _print_title(f"Before it was done again ({number} of {len(before)})", error=True)
        print_result(result)
    for exchange in exchanges:
        print_exchange(exchange)
    if wire and not exchanges:
        click.echo(f"No exchange with a model is kept for {id}: none was asked, or `wire` did not keep it.", err=True)


def _results_of(queue: Queue, job: Job, id: str) -> tuple[Kept, list[Kept]]:
    """The result of a record, and those it had before; the last of those where it is to be done again."""
    record = queue.ledger.record(job.number, id)
    if record is None:
        raise UsageError(f"{job.id} has no record `{id}`. Ids look like r-1.")
    page = queue.ledger.kept(job.number, after=record.position - 1, limit=1)
    earlier = queue.ledger.superseded(job.number, record.position)
    if page and page[0].record.position == record.position:
        return page[0], earlier
    said = f"{job.id}:{id} is still to do, and the job is {state_of(job)}."
    if not earlier:
        raise UsageError(said)
    click.echo(f"{said} This is what it was before:", err=True)
    return earlier[0], earlier[1:]


def _exchanges(queue: Queue, job: Job, kept: Kept) -> Iterator[dict[str, Any]]:
    from gleanery.errors import LedgerError
    from gleanery.jobs.ledger.wire import read_group, wire_file

    if kept.exchanges is None:
        return
    file = wire_file(queue.home, job.id)
    record, exchanges = read_group(file, kept.exchanges)
    if record != kept.record.id:  # after a power cut other exchanges may stand where these stood
        raise LedgerError(f"{file} no longer has the exchanges of {kept.record.id}. `gleanery ledger check` says more.")
    yield from exchanges
