"""The queue as a table that stays still while it changes: only cells that are another are drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from gleanery.jobs.job import Job
from gleanery.tui.cells import Column, Row, cell_of, fitted
from gleanery.tui.colours import Colours

_SCROLLBAR = 1
_ID = "id"
"""The column that is never seen: what a line's job is, for putting lines in order."""


class JobsTable(DataTable[Text]):
    """A line for each job. The cursor stays on its job wherever that moves."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("enter", "screen.details", "Details"),
        Binding("home", "scroll_top", show=False),
        Binding("end", "scroll_bottom", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(cursor_type="row", cell_padding=0)
        self._fitted: list[tuple[Column, int]] = []
        self._lines: dict[str, list[Text]] = {}
        self._jobs: tuple[Job, ...] = ()
        self._now = 0.0

    @property
    def chosen(self) -> Job | None:
        """The job under the cursor."""
        return self._jobs[self.cursor_row] if self.cursor_row < len(self._jobs) else None

    def show(self, jobs: Sequence[Job], now: float) -> None:
        """Show these jobs, in this order, as they are at the time `now`."""
        chosen, at = self.chosen, self.cursor_row
        self._jobs, self._now = tuple(jobs), now
        with self.prevent(DataTable.RowHighlighted):
            self._draw()
        rows = {job.id: row for row, job in enumerate(self._jobs)}
        if rows:
            self.move_cursor(row=rows.get(chosen.id, min(at, len(rows) - 1)) if chosen else 0)

    def draw_again(self) -> None:
        """Draw everything anew: in another theme, or at another width."""
        self._fitted = []
        self.show(self._jobs, self._now)

    def on_resize(self) -> None:
        """Choose the columns for which there is room."""
        if fitted(self.size.width - _SCROLLBAR) != self._fitted:
            self.draw_again()

    def _draw(self) -> None:
        if not self._fitted:
            self._fit()
        colours = Colours.of_theme(self.app.theme_variables)
        lines = {job.id: self._line(Row(job, self._now, colours)) for job in self._jobs}
        for id in self._lines.keys() - lines.keys():
            self.remove_row(id)
        order = [id for id in self._lines if id in lines]
        for id, line in lines.items():
            if id in self._lines:
                self._update(id, line)
            else:
                self.add_row(Text(id), *line, key=id)
                order.append(id)
        if order != list(lines):
            places = {id: place for place, id in enumerate(lines)}
            self.sort(_ID, key=lambda cell: places[cell.plain])
        self._lines = lines

    def _fit(self) -> None:
        self._fitted, self._lines = fitted(self.size.width - _SCROLLBAR), {}
        self.clear(columns=True)
        self.add_column("", key=_ID, width=0)
        for column, width in self._fitted:
            self.add_column(column.label, key=column.title, width=width + 1)

    def _line(self, row: Row) -> list[Text]:
        return [cell_of(column, width, row) for column, width in self._fitted]

    def _update(self, id: str, line: list[Text]) -> None:
        for (column, _), old, new in zip(self._fitted, self._lines[id], line, strict=True):
            if (old, old.style) != (new, new.style):
                self.update_cell(id, column.title, new)
