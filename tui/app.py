"""The terminal UI as a whole: `gleanery` alone opens it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from textual.app import App, SystemCommand
from textual.screen import Screen

from gleanery.jobs.job import ENDED
from gleanery.queue import Queue
from gleanery.tui.actions import Action
from gleanery.tui.feed import View
from gleanery.tui.queue_screen import QueueScreen
from gleanery.tui.wording import jobs_of

_OF_TEXTUAL: frozenset[str] = frozenset({"Theme", "Screenshot"})
"""What the palette has besides the screen's own actions."""


class QueueApp(App[str]):
    """Shows the queue of the ledger in `queue_home`. Its return value says what goes on without it."""

    TITLE = "Gleanery"
    DEFAULT_MODE = "queue"

    def __init__(self, queue_home: Path) -> None:
        super().__init__()
        self._queue_screen = QueueScreen(queue_home)
        self.add_mode("queue", lambda: self._queue_screen)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the command palette offers: the screen's actions, then Textual's."""
        actions: tuple[Action, ...] = getattr(screen, "ACTIONS", ())
        for action in actions:
            if screen.check_action(action.name, ()):
                yield SystemCommand(action.label, action.does, getattr(screen, f"action_{action.name}"))
        yield from (command for command in super().get_system_commands(screen) if command.title in _OF_TEXTUAL)

    async def action_quit(self) -> None:
        """Leave, and say what goes on."""
        self.exit(farewell(self._queue_screen.view))


def farewell(view: View) -> str:
    """What goes on after the UI has closed; nothing where nothing is left to do."""
    left = sum(job.state not in ENDED and job.state != "paused" for job in view.jobs)
    if not left:
        return ""
    if view.worker is None:
        return f"{jobs_of(left)} still to do, and no worker runs. Start it with: gleanery worker start"
    return (
        f"Worker {view.worker.pid} goes on with {jobs_of(left)}. Look again with: gleanery  (or: gleanery watch). "
        "Stop it with: gleanery worker stop"
    )


def open_queue(home: Path) -> None:
    """Show the queue of the ledger in `home` until the user leaves; LedgerError where it cannot be opened."""
    Queue(home).close()
    said = QueueApp(home).run()
    if said:
        print(said, file=sys.stderr)
