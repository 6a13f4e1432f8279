"""Performs records in this process, on threads, and gives the results back in the order of the records."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

from gleanery.tasks.records import Record, Result

SLICE = 32
"""Records an agent takes at once; the first slices are smaller, so that the first results come soon."""

Agent = Callable[[Sequence[Record]], list[Result]]
"""Performs some records, each by itself, and gives their results in the same order."""

_Item = TypeVar("_Item")


def perform(records: Iterable[Record], agent: Agent, *, threads: int = 1) -> Generator[Result, None, None]:
    """One Result for each Record, in order; at most a few slices a thread are held at once, however many there are.

    What the source raises comes after the results of the records before it. Closing the generator ends the threads.
    """
    if threads <= 1:
        for part in slices(records, SLICE):
            yield from agent(part)
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
    """Lists of 1, 2, 4 and so on up to `size` items; what `items` raises comes after a list of the items before it."""
    source, wanted = iter(items), 1
    while True:
        part: list[_Item] = []
        failure: Exception | None = None
        try:
            part.extend(islice(source, wanted))
        except Exception as error:
            failure = error
        if part:
            yield part
        if failure:
            raise failure
        if len(part) < wanted:
            return
        wanted = min(size, 2 * wanted)


def _futures(pool: ThreadPoolExecutor, agent: Agent, records: Iterable[Record]) -> Iterator[Future[list[Result]]]:
    """The slices at work; where the source fails, a last one that raises what the source raised."""
    try:
        for part in slices(records, SLICE):
            yield pool.submit(agent, part)
    except Exception as error:
        failed: Future[list[Result]] = Future()
        failed.set_exception(error)
        yield failed
