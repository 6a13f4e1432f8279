"""The line on which code that runs on a thread reaches a chat model, which belongs to an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from contextvars import copy_context
from typing import TypeVar

from gleanery.models.chat import Chat, Reply, Request

_T = TypeVar("_T")


class HungUpError(Exception):
    """Nobody waits for an answer any more."""


class Line:
    """A way to `chat` from a thread. Made on the model's loop, for one record.

    Requests count as the record's: they go into what is being recorded where the thread was started.
    """

    def __init__(self, chat: Chat) -> None:
        self._chat, self._loop = chat, asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._waiting: Future[Reply] | None = None
        self._open = True

    def send(self, request: Request) -> Reply:
        """The reply; what the model raises, and HungUpError."""
        with self._lock:
            if not self._open:
                raise HungUpError
            self._waiting = asyncio.run_coroutine_threadsafe(self._chat.send(request), self._loop)
        try:
            return self._waiting.result()
        except CancelledError:
            raise HungUpError from None

    def hang_up(self) -> None:
        """End the request that is waiting, and refuse any other."""
        with self._lock:
            self._open = False
            if self._waiting is not None:
                self._waiting.cancel()


async def on_a_thread(work: Callable[[], _T]) -> _T:
    """What `work` returns or raises, done on a thread of its own.

    Those of the loop's pool are few, and finding the address of a server takes one of them: a pool that is full of
    threads which wait for a server would wait for ever.
    """
    future: Future[_T] = Future()
    future.set_running_or_notify_cancel()  # whoever stops waiting does not stop the thread
    context = copy_context()

    def perform() -> None:
        try:
            future.set_result(context.run(work))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=perform, name="gleanery-crew", daemon=True).start()
    return await asyncio.wrap_future(future)
