"""The line at the top: what there is to do, and whether somebody does it."""

from __future__ import annotations

from collections import Counter

from rich.text import Text
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.widgets import Static

from gleanery.jobs.job import ENDED
from gleanery.tui.colours import Colours
from gleanery.tui.feed import View
from gleanery.tui.wording import rate_of
from gleanery.watching import rate_of as measured_rate

_ORDER = ("running", "queued", "waiting", "loading", "paused", "ended")


class WorkerLine(Horizontal):
    """Says how many jobs are in which state, and who works on them, how fast."""

    _shown: tuple[Text, ...] = ()

    def compose(self) -> ComposeResult:
        """What there is on the left, the worker on the right."""
        yield Static("Gleanery", id="jobs")
        yield Static(id="worker")

    def show(self, view: View) -> None:
        """Show how it is now."""
        colours = Colours.of_theme(self.app.theme_variables)
        texts = (jobs_in_short(view, colours), worker_in_short(view, colours))
        if texts != self._shown:
            self._shown = texts
            for part, text in zip(self.query(Static), texts, strict=True):
                part.update(text)


def jobs_in_short(view: View, colours: Colours) -> Text:
    """How many jobs are in which state."""
    counts = Counter("ended" if job.state in ENDED else job.state for job in view.jobs)
    states = ", ".join(f"{counts[state]} {state}" for state in _ORDER if counts[state])
    return Text.assemble(("Gleanery", colours.strong), (f"  {states}", colours.faint))


def worker_in_short(view: View, colours: Colours) -> Text:
    """The worker's process, its rate and what it has in flight."""
    if view.worker is None:
        return Text.assemble(("no worker runs", colours.doubtful))
    busy = [job for job in view.jobs if job.state == "running"]
    rate = sum(measured_rate(job, view.at) or 0.0 for job in busy)
    in_flight = sum(job.pace.in_flight for job in busy)
    parts = [f"worker {view.worker.pid}", *([rate_of(rate), f"{in_flight:,} in flight"] if busy else ["idle"])]
    return Text.assemble((" · ".join(parts), colours.good))
