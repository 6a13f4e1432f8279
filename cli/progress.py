"""Progress on standard error, for work that takes long enough to wonder about."""

from __future__ import annotations

import time
from collections.abc import Iterator

from gleanery.tasks.records import Result

PATIENCE = 1.0
"""Seconds before a progress bar appears: short work shows none."""
EVERY = 64
"""Results between two looks at the clock."""


def with_progress(results: Iterator[Result], total: int | None) -> Iterator[Result]:
    """The results; after a second, with a bar that shows rate and time left, and that is gone at the end."""
    began, done = time.monotonic(), 0
    for result in results:
        yield result
        done += 1
        if done % EVERY == 0 and time.monotonic() - began > PATIENCE:
            yield from _barred(results, total, done)
            return


def _barred(results: Iterator[Result], total: int | None, done: int) -> Iterator[Result]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.speed:,.0f}/s"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, refresh_per_second=5) as progress:
        bar = progress.add_task("", total=total, completed=done)
        reset = progress.tasks[0]
        reset.start_time = progress.get_time()
        pending = 0
        for result in results:
            yield result
            pending += 1
            if pending == EVERY:
                progress.advance(bar, pending)
                pending = 0
