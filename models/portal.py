"""An event loop on a thread of its own, through which code that is not asyncio uses chat models.

with Portal() as portal:
    chat = SyncChat(portal.run(models.open("ollama/qwen3:4b")), portal)
    reply = chat.send(Request.ask("Say hello."))
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncGenerator, Coroutine, Generator
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVar

from gleanery.models.chat import Capabilities, Chat, Chunk, Reply, Request

_T = TypeVar("_T")


class Portal:
    """Runs coroutines on its loop, in the context of whoever asks: a recording there sees what happens here."""

    def __init__(self, name: str = "gleanery-models") -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self._thread.start()

    def __enter__(self) -> Portal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, work: Coroutine[Any, Any, _T]) -> _T:
        """What the coroutine returns or raises. Where the waiting is interrupted (Ctrl-C), it is cancelled and has
        ended."""
        future, started = self._started(work)
        try:
            return future.result()
        except BaseException:
            if not future.done():
                self._loop.call_soon_threadsafe(lambda: started.result().cancel())
                with suppress(BaseException):  # a second interruption ends this waiting
                    future.result()
            raise

    def start(self, work: Coroutine[Any, Any, _T]) -> Future[_T]:
        """The coroutine's future; what it raises is raised by its `result()`."""
        return self._started(work)[0]

    def iterate(self, items: AsyncGenerator[_T, None]) -> Generator[_T, None, None]:
        """The items of an async generator; closing this one closes that one."""
        try:
            while True:
                try:
                    yield self.run(_next(items))
                except StopAsyncIteration:
                    return
        finally:
            self.run(items.aclose())

    def cancel(self) -> None:
        """Cancel what is running, and wait for its end."""
        self.run(_cancel_others())

    def close(self) -> None:
        """Cancel what is running, end the loop and its thread."""
        if self._loop.is_closed():
            return
        self.cancel()
        self.run(self._loop.shutdown_asyncgens())
        self.run(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _started(self, work: Coroutine[Any, Any, _T]) -> tuple[Future[_T], Future[asyncio.Task[None]]]:
        future: Future[_T] = Future()
        started: Future[asyncio.Task[None]] = Future()
        context = contextvars.copy_context()

        def cancelled(_: object = None) -> None:
            if not future.done() and future.cancel():
                future.set_running_or_notify_cancel()  # without it, whoever waits for the future is not told

        async def perform() -> None:
            try:
                result = await work
            except asyncio.CancelledError:
                cancelled()
            except BaseException as error:
                future.set_exception(error)
            else:
                future.set_result(result)

        def begin() -> None:
            task = self._loop.create_task(perform(), context=context)
            # A task that is cancelled before its first step never gets to say what became of it.
            task.add_done_callback(cancelled)
            started.set_result(task)

        self._loop.call_soon_threadsafe(begin)
        return future, started


class SyncChat:
    """A chat model for code that waits: the twin of `Chat`."""

    def __init__(self, chat: Chat, portal: Portal) -> None:
        self._chat, self._portal = chat, portal

    @property
    def model(self) -> str:
        """Its address: provider/name."""
        return self._chat.model

    def capabilities(self) -> Capabilities:
        """What it can do."""
        return self._portal.run(self._chat.capabilities())

    def send(self, request: Request) -> Reply:
        """The whole reply."""
        return self._portal.run(self._chat.send(request))

    def stream(self, request: Request) -> Generator[Chunk, None, None]:
        """The reply piece by piece; closing the generator aborts the request at the server."""
        return self._portal.iterate(self._chat.stream(request))


async def _next(items: AsyncGenerator[_T, None]) -> _T:
    return await anext(items)


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)
