"""Who writes on the terminal when: results and their progress, or a question."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress


class Screen:
    """Puts the progress bar aside, and holds back what is printed, while somebody is asked something.

    Nobody waits for a question with a lock in hand, so Ctrl-C gets through. After its `with` block it is `over`, and
    questions are taken back.
    """

    def __init__(self) -> None:
        self.over = threading.Event()
        self._free = threading.Condition()
        self._asking = False
        self._bar: Progress | None = None

    def __enter__(self) -> Screen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Print something once nobody is being asked; no question begins before it is printed."""
        with self._free:
            while self._asking:
                self._free.wait()
            yield

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Have the screen for a question. One at a time: whoever asks sees to that."""
        with self._free:
            self._asking = True
            if self._bar is not None:
                self._bar.stop()
        try:
            yield
        finally:
            with self._free:
                self._asking = False
                if self._bar is not None:
                    self._bar.start()
                self._free.notify_all()

    @contextmanager
    def showing(self, bar: Progress) -> Iterator[None]:
        """Show a bar whenever nobody is being asked."""
        with self._free:
            self._bar = bar
            if not self._asking:
                bar.start()
        try:
            yield
        finally:
            with self._free:
                self._bar = None
                bar.stop()
