"""Performs records in this process, on threads, and gives the results back in the order of the records."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from gleanery.tasks.records import Record, Result

SLICE = 32
"""Records a thread takes at once: enough that handing them over costs nothing."""

_Item = TypeVar("_Item")


def perform(
    records: Iterable[Record], agent: Callable[[Record], Result], *, threads: int = 1
) -> Generator[Result, None, None]:
    """One Result for each Record, in order; at most a few slices a thread are held at once, however many there are.

    What the source raises comes after the results of the records before it. Closing the generator ends the threads.
    """
    if threads <= 1:
        yield from map(agent, records)
        return
    with ThreadPoolExecutor(threads, "gleanery-record") as pool:
        coming = _futures(pool, agent, records)
        waiting = deque(islice(coming, 2 * threads))
        try:
            while waiting:
                yield from waiting.popleft().result()
                waiting.extend(islice(coming, 1))
        finally:
            for future in waiting:
                future.cancel()


def slices(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """Lists of `size` items, the last of fewer; what `items` raises comes after the list of the items before it."""
    source = iter(items)
    while True:
        part: list[_Item] = []
        failure: Exception | None = None
        try:
            part.extend(islice(source, size))
        except Exception as error:
            failure = error
        if part:
            yield part
        if failure:
            raise failure
        if len(part) < size:
            return


def _futures(
    pool: ThreadPoolExecutor, agent: Callable[[Record], Result], records: Iterable[Record]
) -> Iterator[Future[list[Result]]]:
    """The slices at work; where the source fails, a last one that raises what the source raised."""
    try:
        for part in slices(records, SLICE):
            yield pool.submit(_perform_all, agent, part)
    except Exception as error:
        failed: Future[list[Result]] = Future()
        failed.set_exception(error)
        yield failed


def _perform_all(agent: Callable[[Record], Result], records: list[Record]) -> list[Result]:
    return [agent(record) for record in records]
