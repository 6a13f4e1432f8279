"""The few colours that mean something, in the theme of the moment. What they say is said in words or signs as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.style import Style
from textual.color import Color

from gleanery.jobs.job import State
from gleanery.tasks.records import Status


@dataclass(frozen=True, slots=True)
class Colours:
    """Styles of text: `good`, `doubtful` and `bad` for what became of records, `busy` for what goes on, `faint`."""

    good: Style
    doubtful: Style
    bad: Style
    busy: Style
    faint: Style
    strong: Style

    @classmethod
    def of_theme(cls, variables: Mapping[str, str]) -> Colours:
        """Those of a theme, by its variables."""

        def colour(name: str) -> Style:
            return Style(color=Color.parse(variables[name]).rich_color)

        return cls(
            good=colour("text-success"),
            doubtful=colour("text-warning"),
            bad=colour("text-error"),
            busy=colour("text-primary"),
            faint=Style(dim=True),
            strong=Style(bold=True),
        )

    def of_status(self, status: Status) -> Style:
        """What marks a Result."""
        return {"ok": self.good, "review": self.doubtful, "failed": self.bad}[status]

    def of_state(self, state: State) -> Style:
        """What marks a job."""
        styles = {"running": self.busy, "waiting": self.doubtful, "paused": self.doubtful, "failed": self.bad}
        return styles.get(state, self.good if state == "done" else Style.null())
