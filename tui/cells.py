"""A job as a line of the table: which columns there are, at which width, and what stands in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text

from gleanery.jobs.job import Counts, Job, State, Verb
from gleanery.tui.colours import Colours
from gleanery.tui.wording import count_of, duration_of, printable, rate_of
from gleanery.watching import rate_of as measured_rate
from gleanery.watching import seconds_left

SIGNS: dict[State, str] = {
    "loading": "↓",
    "queued": "·",
    "waiting": "…",
    "running": "▸",
    "paused": "‖",
    "done": "✓",
    "failed": "✗",
    "cancelled": "–",
}
_ASKED: dict[Verb, str] = {
    "pause": "pausing",
    "resume": "resuming",
    "cancel": "cancelling",
    "retry": "retrying",
    "delete": "deleting",
}
"""What a job is said to do when something was asked that the worker has not obeyed yet."""
_BAR = 10


@dataclass(frozen=True, slots=True)
class Row:
    """What a line is made of: the job, the time, the colours."""

    job: Job
    now: float
    colours: Colours


@dataclass(frozen=True, slots=True)
class Column:
    """A column. It stands in tables of `shown_from` cells on; those that grow share the room that is left."""

    title: str
    width: int
    cell: Callable[[Row], Text]
    right: bool = False
    shown_from: int = 0
    grows: bool = False

    @property
    def label(self) -> Text:
        """Its title, where its values stand."""
        return Text(self.title.rjust(self.width) if self.right else self.title)


def fitted(width: int) -> list[tuple[Column, int]]:
    """The columns of a table of that many cells, each with its width; a gap stands behind each."""
    shown = [column for column in COLUMNS if column.shown_from <= max(width, 0)]
    spare = max(0, width - sum(column.width + 1 for column in shown))
    share = spare // sum(column.grows for column in shown)
    return [(column, column.width + (share if column.grows else 0)) for column in shown]


def cell_of(column: Column, width: int, row: Row) -> Text:
    """What stands in a cell, in exactly its width."""
    text = column.cell(row)
    if column.right:
        text.pad_left(max(0, width - text.cell_len))
    text.truncate(width, overflow="ellipsis")
    return text


def state_of(job: Job) -> str:
    """A job's state in a word, or what it is about to do."""
    asked = [_ASKED[verb] for verb in job.pending if verb in _ASKED]
    return asked[-1] if asked else job.state


def bar_of(counts: Counts, width: int, colours: Colours) -> Text:
    """A bar of what is done: ok, to be reviewed, failed; light where it is still to do."""
    ends = [_part(sum(done), counts.total, width) for done in _sums(counts.ok, counts.review, counts.failed)]
    text, begin = Text(), 0
    for end, style in zip(ends, (colours.good, colours.doubtful, colours.bad), strict=True):
        text.append("━" * (end - begin), style)
        begin = end
    return text.append("─" * (width - begin), colours.faint)


def percent_of(counts: Counts) -> str:
    """How much is done; 100% only where all is."""
    return f"{counts.done * 100 // counts.total}%" if counts.total else ""


def _sums(*parts: int) -> list[tuple[int, ...]]:
    return [parts[: end + 1] for end in range(len(parts))]


def _part(done: int, total: int, width: int) -> int:
    return done * width // total if total else 0


def _state(row: Row) -> Text:
    return Text(f" {SIGNS[row.job.state]} {state_of(row.job)}", row.colours.of_state(row.job.state))


def _progress(row: Row) -> Text:
    job = row.job
    if job.state == "loading":
        return Text(f"{count_of(job.counts.total)} stored", row.colours.faint)
    return bar_of(job.counts, _BAR, row.colours).append(percent_of(job.counts).rjust(5))


def _rate(row: Row) -> Text:
    rate = measured_rate(row.job, row.now)
    return Text("" if rate is None else rate_of(rate))


def _left(row: Row) -> Text:
    seconds = seconds_left(row.job, row.now)
    return Text("" if seconds is None else duration_of(seconds))


def _source(job: Job) -> str:
    """The end of its path, which tells files apart."""
    return printable(job.manifest.origin.name.rsplit("/", 1)[-1])


def _count(count: int, style: Style | str = "") -> Text:
    return Text(count_of(count), style) if count else Text("")


COLUMNS = (
    Column(" State", 13, _state),
    Column("Job", 8, lambda row: Text(row.job.id, row.colours.faint), shown_from=90),
    Column("Task", 12, lambda row: Text(printable(row.job.manifest.task))),
    Column("Source", 12, lambda row: Text(_source(row.job)), grows=True),
    Column("Progress", _BAR + 5, _progress),
    Column("Rate", 6, _rate, right=True),
    Column("Left", 6, _left, right=True),
    Column("Todo", 7, lambda row: _count(row.job.counts.todo), right=True, shown_from=106),
    Column("OK", 7, lambda row: _count(row.job.counts.ok, row.colours.good), right=True, shown_from=114),
    Column("Review", 7, lambda row: _count(row.job.counts.review, row.colours.doubtful), right=True, shown_from=98),
    Column("Failed", 7, lambda row: _count(row.job.counts.failed, row.colours.bad), right=True),
    Column("Models", 22, lambda row: Text(", ".join(map(printable, row.job.models))), shown_from=176),
    Column("Reason", 24, lambda row: Text(printable(row.job.reason or "")), shown_from=150, grows=True),
)
