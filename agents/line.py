"""Threads for work that waits, beside those of an event loop's pool."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import TypeVar

_T = TypeVar("_T")


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
