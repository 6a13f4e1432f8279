"""Jobs as live bars on a terminal, redrawn where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from gleanery.cli.job_table import WATCHED, terminal_lines
from gleanery.cli.job_words import latencies, rate, reason_of
from gleanery.watching import rate_of

if TYPE_CHECKING:
    from gleanery.jobs.job import Job
    from gleanery.watching import Snapshot


def shown_as_bars(snapshots: Iterator[Snapshot], no_worker: str) -> Snapshot:
    """Show the snapshots one after another in the same place; the last stays there, and is given."""
    console = Console(highlight=False)
    with Live(console=console, auto_refresh=False, vertical_overflow="ellipsis") as live:
        for snapshot in snapshots:
            live.update(_picture(snapshot, console.width, no_worker), refresh=True)
    return snapshot


def _picture(snapshot: Snapshot, width: int, no_worker: str) -> Group:
    lines = terminal_lines(snapshot.jobs, snapshot.at, width, WATCHED, lambda job: detail(job, snapshot.at))
    if snapshot.worker is None and not snapshot.over:
        lines.append(Text(no_worker, style="yellow"))
    for line in lines:
        line.no_wrap, line.overflow = True, "ellipsis"
    return Group(*lines)


def detail(job: Job, now: float) -> str:
    """What a running job's models do, or why one does not run."""
    if job.state != "running" or reason_of(job):
        return reason_of(job)
    pace = job.pace
    in_flight = f"{pace.in_flight:,} in flight" if pace.in_flight else ""
    tokens = f"{pace.tokens:,} tokens" if pace.tokens else ""
    cached = f"{job.counts.cached:,} from earlier jobs" if job.counts.cached else ""
    return ", ".join(filter(None, (rate(rate_of(job, now)), latencies(job), tokens, in_flight, cached)))
