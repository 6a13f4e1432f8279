"""Shows how far a download or an upload is: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from gleanery.cli.printing import printable, size

if TYPE_CHECKING:
    from gleanery.models.catalogue import Progress

_STEP = 0.1
"""The share of a file after which a new line says so."""


async def show_progress(reports: AsyncGenerator[Progress, None], *, as_json: bool) -> None:
    """Follow the reports to their end: on standard error, or as JSON Lines on standard output."""
    async with aclosing(reports):
        if as_json:
            async for report in reports:
                click.echo(json.dumps(asdict(report)))
        elif sys.stderr.isatty():
            await _show_bar(reports)
        else:
            await _show_lines(reports)


async def _show_lines(reports: AsyncGenerator[Progress, None]) -> None:
    status, said = "", 0.0
    async for report in reports:
        share = report.completed / report.total if report.completed and report.total else 0.0
        if report.status == status and share < min(1.0, said + _STEP):
            continue
        if report.status == status and said >= 1.0:
            continue
        status, said = report.status, share
        done = f" {share:.0%} of {size(report.total)}" if share else ""
        click.echo(f"{printable(status)}{done}", err=True)


async def _show_bar(reports: AsyncGenerator[Progress, None]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, DownloadColumn, TimeRemainingColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), redirect_stdout=False) as bars:
        tasks = {}
        async for report in reports:
            if not report.total:
                continue
            if report.status not in tasks:
                tasks[report.status] = bars.add_task(escape(printable(report.status)), total=report.total)
            bars.update(tasks[report.status], completed=report.completed or 0)
