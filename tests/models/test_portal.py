"""Chat models for code that waits: results, errors, streams, cancelling and context cross over to the loop."""

import asyncio
import threading
from collections.abc import AsyncGenerator
from concurrent.futures import CancelledError
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
