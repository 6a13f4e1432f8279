"""What is said of one job beside its line: its manifest in short, why records failed, what happened last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group
from rich.table import Column, Table
from rich.text import Text

from gleanery.jobs.job import Job, Pace
from gleanery.tui.colours import Colours
from gleanery.tui.feed import Details, Line
from gleanery.tui.wording import duration_of, moment_of, printable

_LABEL = 10
_DIGEST = 8


def facts_of(details: Details, now: float, colours: Colours) -> Group:
    """What the job is, how far it is, and why records failed."""
    job = details.job
    reason = [Text(printable(job.reason), colours.of_state(job.state))] if job.reason else []
    failures = [(Text(f"{count:,} ×"), Text(printable(said))) for said, count in details.failures]
    title = [Text("\nWhy records failed", colours.strong)] if failures else []
    facts = [(Text(label, colours.faint), value) for label, value in _facts(job, now, colours)]
    return Group(*reason, _in_two_columns(facts), *title, _in_two_columns(failures))


def happenings_of(details: Details, now: float, colours: Colours) -> Text:
    """The last results and the last events, the newest first."""
    results = [_result(line, colours) for line in details.latest]
    events = [
        Text.assemble((moment_of(event.at, now) + " ", colours.faint), printable(event.text))
        for event in details.events
    ]
    parts = [
        Text("Last results", colours.strong),
        *(results or [Text("none yet", colours.faint)]),
        Text(""),
        Text("What happened", colours.strong),
        *(events or [Text("nothing yet", colours.faint)]),
    ]
    return Text("\n").join(parts)


def _in_two_columns(rows: list[tuple[Text, Text]]) -> Table:
    """Labels, and beside them what may go on for several lines."""
    table = Table.grid(Column(min_width=_LABEL - 1), Column(overflow="fold"), padding=(0, 1, 0, 0))
    for row in rows:
        table.add_row(*row)
    return table


def _result(line: Line, colours: Colours) -> Text:
    status = (line.status.ljust(7), colours.of_status(line.status))
    return Text.assemble(status, (f"{line.record} ", colours.faint), line.text)


def _facts(job: Job, now: float, colours: Colours) -> Iterator[tuple[str, Text]]:
    manifest, counts = job.manifest, job.counts
    yield "records", _records(job, colours)
    yield "source", Text(printable(manifest.origin.name))
    for model in job.models:
        digest = job.pins.get(model)
        yield "model", Text.assemble(printable(model), (f" {digest[:_DIGEST]}" if digest else "", colours.faint))
    if counts.cached:
        yield "cached", Text(f"{counts.cached:,} taken from earlier jobs")
    if job.after:
        yield "after", Text(", ".join(job.after))
    if job.state == "running":
        yield from _pace(job.pace)
    yield "times", Text(_times(job, now))
    if job.priority:
        yield "priority", Text(str(job.priority))
    if manifest.options:
        yield "options", Text(_in_short(manifest.options))
    yield (
        "task",
        Text.assemble(printable(manifest.task), (f" {manifest.kind} {manifest.task_digest[:_DIGEST]}", colours.faint)),
    )
    yield "date", Text(f"{manifest.date}, Gleanery {manifest.version}")


def _records(job: Job, colours: Colours) -> Text:
    counts = job.counts
    parts = [Text(f"{counts.total:,}{'' if job.loaded else ' so far'}")]
    for count, word, style in (
        (counts.ok, "ok", colours.good),
        (counts.review, "review", colours.doubtful),
        (counts.failed, "failed", colours.bad),
        (counts.todo, "todo", ""),
    ):
        if count:
            parts.append(Text(f"{count:,} {word}", style))
    return Text(" · ").join(parts)


def _pace(pace: Pace) -> Iterator[tuple[str, Text]]:
    parts = [f"{pace.in_flight:,} in flight"]
    if pace.ttft_ms is not None:
        parts.append(f"first token {pace.ttft_ms:.0f} ms")
    if pace.tpot_ms is not None:
        parts.append(f"{pace.tpot_ms:.1f} ms a token")
    yield "pace", Text(" · ".join(parts))
    if pace.slowest:
        yield "slowest", Text(", ".join(f"{record} {seconds:.3g} s" for record, seconds in pace.slowest))


def _times(job: Job, now: float) -> str:
    parts = [f"submitted {moment_of(job.submitted, now)}"]
    if job.started is not None:
        parts.append(f"began {moment_of(job.started, now)}")
    if job.started is not None and job.ended is not None:
        parts.append(f"took {duration_of(job.ended - job.started)}")
    return ", ".join(parts)


def _in_short(options: Mapping[str, Any]) -> str:
    return printable(", ".join(f"{name} {value}" for name, value in options.items() if value is not None))
