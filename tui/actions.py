"""What can be done on a screen, declared once: its keys, the footer, the help and the palette are made of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual.binding import Binding


@dataclass(frozen=True, slots=True)
class Action:
    """Something that can be done. `name` is the screen's method `action_<name>`; `keys` the first one of which the
    footer shows, where `in_footer`; `label` a word, `does` a sentence."""

    name: str
    keys: tuple[str, ...]
    label: str
    does: str
    in_footer: bool = True
    sign: str | None = None
    """What stands for its first key."""

    @property
    def shown_keys(self) -> str:
        """Its keys as people know them."""
        return " ".join((self.sign or self.keys[0], *self.keys[1:]))


def bindings_of(actions: Sequence[Action]) -> list[Binding]:
    """The key bindings of a screen with those actions."""
    return [
        Binding(
            key,
            action.name,
            action.label,
            show=action.in_footer and key == action.keys[0],
            key_display=action.sign if key == action.keys[0] else None,
            tooltip=action.does,
        )
        for action in actions
        for key in action.keys
    ]


QUEUE_ACTIONS = (
    Action("pause", ("p",), "Pause", "Pause the job: what is in flight ends, nothing more begins."),
    Action("resume", ("r",), "Resume", "Let a job go on that is paused, waiting, failed or cancelled."),
    Action("cancel", ("c",), "Cancel", "Cancel the job, after a question. What is done stays."),
    Action("retry", ("R",), "Retry", "Do the job's failed records again."),
    Action("earlier", ("+", "["), "Earlier", "Let the job run before the one above it.", in_footer=False),
    Action("later", ("-", "]"), "Later", "Let the job run after the one below it.", in_footer=False),
    Action("delete", ("d",), "Delete", "Delete a job that ended, with all its records, after a question."),
    Action("details", ("enter",), "Details", "Show the job's details on the whole screen; esc goes back.", sign="⏎"),
    Action("start_worker", ("w",), "Worker", "Start the worker in the background, where none runs."),
    Action("help", ("?",), "Help", "Show what the keys do."),
    Action("quit", ("q",), "Quit", "Leave. Jobs and the worker go on."),
)

OF_A_JOB = frozenset(action.name for action in QUEUE_ACTIONS) - {"start_worker", "help", "quit"}
"""Those that need a job to be done to."""
