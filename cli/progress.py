"""Progress on standard error, for work that takes long enough to wonder about."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from typing import TypeVar

from gleanery.cli.screen import Screen

_T = TypeVar("_T")

PATIENCE = 1.0
"""Seconds before a progress bar appears: short work shows none."""
EVERY = 0.1
"""Seconds between two updates of the bar."""


def with_progress(results: Iterator[_T], total: int | None, screen: Screen | None = None) -> Generator[_T, None, None]:
    """The results; after a second, with a bar that shows rate and time left, and that is gone at the end and
    while something else has the `screen`."""
    began = time.monotonic()
    for done, result in enumerate(results, 1):
        yield result
        if time.monotonic() - began > PATIENCE:
            yield from _barred(results, total, done, began, screen or Screen())


def _barred(
    results: Iterator[_T], total: int | None, done: int, began: float, screen: Screen
) -> Generator[_T, None, None]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]:,.0f}/s"), TimeRemainingColumn())
    console = Console(stderr=True)
    progress = Progress(*columns, console=console, transient=True, redirect_stdout=False, refresh_per_second=5)
    with screen.showing(progress):
        shown = time.monotonic()
        bar = progress.add_task("", total=total, completed=done, rate=done / (shown - began))
        for result in results:
            yield result
            done += 1
            now = time.monotonic()
            if now - shown > EVERY:
                progress.update(bar, completed=done, rate=done / (now - began))
                shown = now
