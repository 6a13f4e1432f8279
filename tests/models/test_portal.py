"""Chat models for code that waits: results, errors, streams, cancelling and context cross over to the loop."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from contextvars import ContextVar

import pytest

from gleanery.models.portal import Portal

NAME: ContextVar[str] = ContextVar("name", default="nobody")


async def named() -> str:
    return NAME.get()


async def counting(ended: list[str]) -> AsyncGenerator[int, None]:
    try:
        for number in range(1000):
            await asyncio.sleep(0)
            yield number
    finally:
        ended.append("ended")


async def failing() -> None:
    raise LookupError("nothing there")


def test_results_and_errors_come_back() -> None:
    with Portal() as portal:
        assert portal.run(asyncio.sleep(0, "done")) == "done"
        with pytest.raises(LookupError, match="nothing there"):
            portal.run(failing())


def test_the_context_of_whoever_asks_holds_there() -> None:
    with Portal() as portal:
        NAME.set("Ada")
        assert portal.run(named()) == "Ada"
        assert portal.start(named()).result(5) == "Ada"


def test_a_stream_that_is_closed_early_ends_there() -> None:
    ended: list[str] = []
    with Portal() as portal:
        numbers = portal.iterate(counting(ended))
        assert [next(numbers) for _ in range(3)] == [0, 1, 2]
        numbers.close()
        assert ended == ["ended"]
        assert list(portal.iterate(counting(ended))) == list(range(1000))


@contextmanager
def interrupted_soon() -> Iterator[None]:
    """Ctrl-C in a moment, which ends the block."""
    timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        yield
    timer.join()


async def ending_slowly(ended: list[str]) -> AsyncGenerator[int, None]:
    try:
        yield 1
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.02)
        ended.append("ended")


def test_who_is_interrupted_leaves_when_the_work_has_ended() -> None:
    ended: list[str] = []
    with Portal() as portal:
        stream = portal.iterate(ending_slowly(ended))
        assert next(stream) == 1
        with interrupted_soon():
            next(stream)
        assert ended == ["ended"]
        stream.close()
        with interrupted_soon():
            portal.run(asyncio.sleep(60))
        assert portal.run(asyncio.sleep(0, "still there")) == "still there"


def test_closing_cancels_what_is_running() -> None:
    portal = Portal()
    running = portal.start(asyncio.sleep(60))
    portal.close()
    with pytest.raises(CancelledError):
        running.result(5)
    portal.close()  # twice does no harm


def test_no_thread_is_left() -> None:
    before = threading.active_count()
    with Portal() as portal:
        portal.run(asyncio.to_thread(len, ""))
    assert threading.active_count() == before
