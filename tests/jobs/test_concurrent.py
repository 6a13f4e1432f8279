"""Records performed concurrently: every result, in order, however long each takes and however the source ends."""

import asyncio
import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gleanery.errors import SourceError
from gleanery.jobs.concurrent import perform_concurrently
from gleanery.models.portal import Portal
from gleanery.tasks.records import Record, Result


def result_of(record: Record) -> Result:
    return Result(record.id, record.text, {}, {}, {}, "ok", "scripted/model")


def records(count: int) -> list[Record]:
    return [Record(f"r-{n}", n, f"text {n}") for n in range(1, count + 1)]


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 5), max_size=30), st.integers(1, 8))
def test_results_come_in_the_order_of_the_records(milliseconds: list[int], ahead: int) -> None:
    async def agent(record: Record) -> Result:
        await asyncio.sleep(milliseconds[record.position - 1] / 1000)
        return result_of(record)

    given_records = records(len(milliseconds))
    with Portal() as portal:
        results = list(perform_concurrently(given_records, agent, portal, ahead=ahead))
    assert [result.id for result in results] == [record.id for record in given_records]


def test_no_more_than_so_many_are_begun() -> None:
    now, most = 0, 0

    async def agent(record: Record) -> Result:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.001)
        now -= 1
        return result_of(record)

    with Portal() as portal:
        assert len(list(perform_concurrently(records(50), agent, portal, ahead=4))) == 50
    assert 1 < most <= 4


def test_what_the_source_raises_comes_after_the_results_before_it() -> None:
    def source() -> Iterator[Record]:
        yield from records(3)
        raise SourceError("line 4 is torn")

    async def agent(record: Record) -> Result:
        return result_of(record)

    seen = []
    with Portal() as portal, pytest.raises(SourceError, match="line 4"):
        for result in perform_concurrently(source(), agent, portal):
            seen.append(result.id)
    assert seen == ["r-1", "r-2", "r-3"]


def test_a_slow_source_keeps_no_result_waiting() -> None:
    more = threading.Event()

    def source() -> Iterator[Record]:
        yield from records(1)
        more.wait(5)

    async def agent(record: Record) -> Result:
        return result_of(record)

    with Portal() as portal:
        results = perform_concurrently(source(), agent, portal)
        assert next(results).id == "r-1"
        more.set()
        assert list(results) == []


def test_closing_stops_the_reading() -> None:
    read = 0

    def source() -> Iterator[Record]:
        nonlocal read
        for record in records(10_000):
            read += 1
            yield record

    async def agent(record: Record) -> Result:
        return result_of(record)

    with Portal() as portal:
        results = perform_concurrently(source(), agent, portal, ahead=8)
        next(results)
        results.close()
        time.sleep(0.05)
        assert read <= 10
