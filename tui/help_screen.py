"""What the keys do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from gleanery.tui.actions import Action
from gleanery.tui.colours import Colours

_OTHERS = (
    ("↑ ↓", "Choose a job."),
    ("tab", "Go to the details, where the same keys scroll."),
    ("ctrl+p", "The palette: every command by its name, and the colours."),
)


class HelpScreen(ModalScreen[None]):
    """Lists actions with their keys."""

    CSS_PATH = Path(__file__).with_suffix(".tcss")
    BINDINGS: ClassVar[list[BindingType]] = [("escape,question_mark,q,enter", "dismiss", "Back")]

    def __init__(self, actions: Sequence[Action]) -> None:
        super().__init__()
        self._actions = actions

    def compose(self) -> ComposeResult:
        """A line a key."""
        with VerticalScroll() as box:
            box.border_title, box.border_subtitle = "Keys", "esc goes back"
            colours = Colours.of_theme(self.app.theme_variables)
            lines = [*((action.shown_keys, action.does) for action in self._actions), *_OTHERS]
            yield Static(Text("\n").join(Text.assemble((keys.ljust(8), colours.busy), does) for keys, does in lines))
