"""Performs records concurrently on an event loop and gives the results back in the order of the records."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Coroutine, Generator, Iterable
from concurrent.futures import Future
from typing import Any

from gleanery.models.portal import Portal
from gleanery.tasks.records import Record, Result

AHEAD = 512
"""Records that are begun before the first of them is done. How many requests a server gets at once is its limiter's."""

AsyncAgent = Callable[[Record], Coroutine[Any, Any, Result]]
"""Performs one record."""


def perform_concurrently(
    records: Iterable[Record], agent: AsyncAgent, portal: Portal, *, ahead: int = AHEAD
) -> Generator[Result, None, None]:
    """One Result for each Record, in order. What the source raises comes after the results of the records before it.

    The source is read on a thread, so that a slow one keeps no result waiting. Closing the generator stops the
    reading; what is in flight ends with the portal.
    """
    feed = _Feed(ahead)
    thread = threading.Thread(target=feed.read, args=(records, agent, portal), name="gleanery-source", daemon=True)
    thread.start()
    try:
        while (future := feed.begun.get()) is not None:
            yield future.result()
            feed.room.release()
    finally:
        feed.closed = True
        feed.room.release()


class _Feed:
    """What passes between the thread that reads the source and whoever takes the results."""

    def __init__(self, ahead: int) -> None:
        self.begun: queue.SimpleQueue[Future[Result] | None] = queue.SimpleQueue()
        self.room = threading.Semaphore(ahead)
        self.closed = False

    def read(self, records: Iterable[Record], agent: AsyncAgent, portal: Portal) -> None:
        """Begin the records one after another, as long as there is room."""
        try:
            for record in records:
                self.room.acquire()
                if self.closed:
                    return
                self.begun.put(portal.start(agent(record)))
        except Exception as error:
            failed: Future[Result] = Future()
            failed.set_exception(error)
            self.begun.put(failed)
        self.begun.put(None)
