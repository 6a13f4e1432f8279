"""Performing records in this process: order, laziness, errors, and threads that end."""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.jobs.local import SLICE, perform, slices
from gleanery.tasks.records import Record, Result


def record(number: int) -> Record:
    return Record(f"r-{number}", number, str(number))


def agent(records: Sequence[Record]) -> list[Result]:
    return [Result(record.id, record.text, {}, {}, {}, "ok", "test/model") for record in records]


class Counted:
    """Records that count how many were taken, and that may end in an error."""

    def __init__(self, count: int, error: Exception | None = None) -> None:
        self.taken, self._count, self._error = 0, count, error

    def __iter__(self) -> Iterator[Record]:
        for number in range(1, self._count + 1):
            self.taken += 1
            yield record(number)
        if self._error:
            raise self._error


def ids(results: Iterable[Result]) -> list[str]:
    return [result.id for result in results]


def expected(count: int) -> list[str]:
    return [f"r-{number}" for number in range(1, count + 1)]


def workers() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("gleanery-record")]


@pytest.mark.parametrize("threads", [0, 1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, SLICE - 1, SLICE, SLICE + 1, 20 * SLICE + 3])
def test_one_result_for_each_record_in_order(threads: int, count: int) -> None:
    assert ids(perform(Counted(count), agent, threads=threads)) == expected(count)


def test_order_holds_when_the_first_are_the_slowest() -> None:
    def slow_at_first(records: Sequence[Record]) -> list[Result]:
        time.sleep(0.05 if records[0].position == 1 else 0)
        return agent(records)

    assert ids(perform(Counted(300), slow_at_first, threads=4)) == expected(300)


@pytest.mark.parametrize("threads", [1, 3])
def test_few_records_are_held(threads: int) -> None:
    source = Counted(5000)
    for done, _ in enumerate(perform(source, agent, threads=threads)):
        assert source.taken - done <= (2 * threads + 1) * SLICE


def test_one_thread_reads_no_record_ahead() -> None:
    source = Counted(100)
    next(perform(source, agent))
    assert source.taken == 1


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("count", [0, 1, SLICE, 10 * SLICE + 7])
def test_what_the_source_raises_comes_after_the_results_before_it(threads: int, count: int) -> None:
    results: list[Result] = []
    with pytest.raises(OSError, match="disk"):
        results.extend(perform(Counted(count, OSError("disk")), agent, threads=threads))
    assert ids(results) == expected(count)
    assert not workers()


def test_what_an_agent_raises_comes_up() -> None:
    def broken(records: Sequence[Record]) -> list[Result]:
        raise RuntimeError("agents do not raise")

    with pytest.raises(RuntimeError):
        list(perform(Counted(500), broken, threads=2))
    assert not workers()


def test_closing_early_ends_the_threads_and_the_work() -> None:
    performed: list[str] = []

    def noted(records: Sequence[Record]) -> list[Result]:
        performed.extend(record.id for record in records)
        time.sleep(0.0005)
        return agent(records)

    results = perform(Counted(10_000), noted, threads=2)
    next(results)
    assert workers()
    results.close()
    assert not workers()
    assert len(performed) <= 5 * SLICE


@given(st.integers(0, 20), st.integers(1, 7), st.booleans())
def test_slices(count: int, size: int, fails: bool) -> None:
    def items() -> Iterator[int]:
        yield from range(count)
        if fails:
            raise ValueError

    parts: list[list[int]] = []
    raised = False
    try:
        parts.extend(slices(items(), size))
    except ValueError:
        raised = True
    assert raised == fails
    assert [item for part in parts for item in part] == list(range(count))
    assert [len(part) for part in parts[:-1]] == [min(size, 2**at) for at in range(len(parts) - 1)]
    assert all(parts)
