"""The table of jobs: as many columns as the terminal has room for, the reason of a state on a line below it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from gleanery.cli.job_words import STATE_COLOURS, duration, rate, reason_of, share, state_of
from gleanery.cli.printing import printable
from gleanery.watching import rate_of, seconds_left

if TYPE_CHECKING:
    from gleanery.jobs.job import Job

_GAP = 2
"""Cells between two columns."""
_MARGIN = 10
"""Cells before what stands below a job's line: an id and a gap."""
_BAR = 8
"""Cells of a bar in a list."""
_LONGEST_BAR = 40
_FULL, _HALF = "━", "╸"


@dataclass(frozen=True, slots=True)
class Column:
    """What a column says of a job. It is dropped before those of a higher `worth` where there is no room, and one with
    a `least` (cells) is cut down to that first."""

    name: str
    cell: Callable[[Job, float], str]
    worth: int
    right: bool = False
    least: int | None = None


def _count(number: int) -> str:
    return f"{number:,}" if number else ""


_COLUMNS = {
    column.name: column
    for column in (
        Column("id", lambda job, now: job.id, 99),
        Column("task", lambda job, now: job.manifest.task, 6, least=10),
        Column("source", lambda job, now: job.manifest.origin.name, 8, least=12),
        Column("models", lambda job, now: " → ".join(job.models), 3, least=20),
        Column("state", lambda job, now: state_of(job), 99),
        Column("progress", lambda job, now: _FULL * _BAR, 4),
        Column("%", lambda job, now: f"{int(100 * share(job))}%" if job.counts.total else "", 9, right=True),
        Column("done", lambda job, now: f"{job.counts.done:,}/{job.counts.total:,}", 7, right=True),
        Column("ok", lambda job, now: _count(job.counts.ok), 1, right=True),
        Column("review", lambda job, now: _count(job.counts.review), 9, right=True),
        Column("failed", lambda job, now: _count(job.counts.failed), 9, right=True),
        Column("rate", lambda job, now: rate(rate_of(job, now)), 5, right=True),
        Column("left", lambda job, now: duration(seconds_left(job, now)), 7, right=True),
        Column("age", lambda job, now: duration(now - job.submitted), 2, right=True),
        Column("reason", lambda job, now: reason_of(job), 0),
    )
}
# On a terminal the name of a file has to do, where it lies is a long story.
_SOURCE = replace(_COLUMNS["source"], cell=lambda job, now: PurePath(job.manifest.origin.name).name)
LISTED = tuple({**_COLUMNS, "source": _SOURCE}[name] for name in _COLUMNS if name != "reason")
_PLAIN = tuple(column for name, column in _COLUMNS.items() if name != "progress")
_BAR_COLUMN = replace(_COLUMNS["progress"], worth=10)
WATCHED = (
    _COLUMNS["id"],
    replace(_SOURCE, least=8),
    _COLUMNS["state"],
    _BAR_COLUMN,
    *(_COLUMNS[name] for name in ("%", "done", "review", "failed", "left")),
)
_COLOURS = {"ok": "green", "review": "yellow", "failed": "red", "id": "bold"}


def plain_rows(jobs: Sequence[Job], now: float) -> tuple[list[str], list[list[str]], list[str]]:
    """Names, rows and numeric columns of the whole table, for where there is no terminal: nothing is cut or dropped."""
    rows = [[printable(column.cell(job, now)) for column in _PLAIN] for job in jobs]
    return [column.name for column in _PLAIN], rows, [column.name for column in _PLAIN if column.right]


def terminal_lines(
    jobs: Sequence[Job],
    now: float,
    width: int,
    columns: Sequence[Column] = LISTED,
    detail: Callable[[Job], str] = reason_of,
) -> list[Text]:
    """The table as lines of at most `width` cells; columns that say nothing of any job are left out.

    The `detail` of a job, if it has any, stands on a line below it. Where there is room, watched bars are longer.
    """
    cells = {column: [printable(column.cell(job, now)) for job in jobs] for column in columns}
    filled = [column for column in columns if any(cells[column])]
    sizes = _fit({column: _size(column, cells[column]) for column in filled}, width)
    if _BAR_COLUMN in sizes:
        sizes[_BAR_COLUMN] = min(_LONGEST_BAR, sizes[_BAR_COLUMN] + width - _needed(sizes))
    lines = [_line([(_aligned(column.name, size, column.right), "dim") for column, size in sizes.items()])]
    for row, job in enumerate(jobs):
        lines.append(_line([_cell(column, cells[column][row], size, job) for column, size in sizes.items()]))
        lines += [Text(line, style="dim") for line in _below(printable(detail(job)), width)]
    return lines


def _below(text: str, width: int) -> list[str]:
    """Lines below a job's, under its second column."""
    margin = " " * _MARGIN
    return textwrap.wrap(text, max(2 * _MARGIN, width), initial_indent=margin, subsequent_indent=margin)


def _size(column: Column, cells: Sequence[str]) -> int:
    return max(cell_len(column.name), *map(cell_len, cells))


def _fit(sizes: dict[Column, int], width: int) -> dict[Column, int]:
    """The columns with their sizes, the least worth dropped and the flexible cut down until all fit."""
    sizes = dict(sizes)
    while _needed({column: min(size, column.least or size) for column, size in sizes.items()}) > width:
        least = min(sizes, key=lambda column: column.worth)
        if least.worth == 99:
            break
        del sizes[least]
    while _needed(sizes) > width:
        flexible = [column for column, size in sizes.items() if size > (column.least or size)]
        if not flexible:
            break
        widest = max(flexible, key=lambda column: sizes[column])
        sizes[widest] -= 1
    return sizes


def _needed(sizes: dict[Column, int]) -> int:
    return sum(sizes.values()) + _GAP * (len(sizes) - 1)


def _cell(column: Column, cell: str, size: int, job: Job) -> tuple[str, str] | Text:
    if column.name == "progress":
        return bar(job, size)
    style = STATE_COLOURS[job.state] if column.name == "state" else _COLOURS.get(column.name, "")
    return _aligned(cell, size, column.right), style


def bar(job: Job, size: int) -> Text:
    """How much of a job is done, as a bar of so many cells."""
    halves = int(2 * size * share(job))
    done = _FULL * (halves // 2) + _HALF * (halves % 2)
    return Text.assemble((done, STATE_COLOURS[job.state]), (_FULL * (size - len(done)), "bright_black"))


def _aligned(text: str, size: int, right: bool) -> str:
    return " " * (size - cell_len(text)) + text if right else _sized(text, size)


def _sized(text: str, size: int) -> str:
    """The text in exactly so many cells; an ellipsis stands for what is cut off."""
    if cell_len(text) > size:
        text = set_cell_size(text, size - 1).rstrip() + "…"
    return set_cell_size(text, size)


def _line(cells: Sequence[tuple[str, str] | Text]) -> Text:
    line = Text(" " * _GAP).join(cell if isinstance(cell, Text) else Text(*cell) for cell in cells)
    line.rstrip()
    return line
