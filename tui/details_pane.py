"""The pane below the queue: what is known of the chosen job."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Static

from gleanery.tui.cells import SIGNS, state_of
from gleanery.tui.colours import Colours
from gleanery.tui.facts import facts_of, happenings_of
from gleanery.tui.feed import Details, View
from gleanery.tui.wording import printable


class DetailsPane(Horizontal):
    """What the chosen job is, on the left, and what goes on with it, on the right."""

    _shown: Details | None = None

    def compose(self) -> ComposeResult:
        """Two columns, each of which scrolls."""
        with VerticalScroll(id="facts"):
            yield Static()
        with VerticalScroll(id="happenings", can_focus=False):
            yield Static()

    def show(self, view: View, *, again: bool = False) -> None:
        """Show the details of the chosen job; none where it is gone. `again`: though they are the same."""
        details = view.details
        self.display = details is not None
        if details is None or (details == self._shown and not again):
            return
        self._shown = details
        colours, job = Colours.of_theme(self.app.theme_variables), details.job
        self.border_title = f"{job.id} {printable(job.manifest.task)} {SIGNS[job.state]} {state_of(job)}"
        self.query_one("#facts Static", Static).update(facts_of(details, view.at, colours))
        self.query_one("#happenings Static", Static).update(happenings_of(details, view.at, colours))
