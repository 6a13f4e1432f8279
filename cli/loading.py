"""Says how many records of a source are stored, while a job is loading."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gleanery.jobs.job import Job

PATIENCE = 1.0
"""Seconds before anything is said: short work says nothing."""
EVERY = 0.2


def with_loading(load: Callable[[Callable[[Job, int], None]], Job]) -> Job:
    """Load a job; a terminal on standard error is told how far it is, on a line that is gone at the end."""
    began = shown = time.monotonic()
    said = False

    def progress(job: Job, count: int) -> None:
        nonlocal said, shown
        now = time.monotonic()
        if sys.stderr.isatty() and now - began > PATIENCE and now - shown > EVERY:
            said, shown = True, now
            click.echo(f"\r{job.id}: {count:,} records stored\x1b[K", err=True, nl=False)

    try:
        return load(progress)
    finally:
        if said:
            click.echo("\r\x1b[K", err=True, nl=False)
