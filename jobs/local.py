"""Performs records in this process, on threads, and gives the results back in the order of the records."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice

from gleanery.tasks.records import Record, Result

SLICE = 32
"""Records a thread takes at once: enough that handing them over costs nothing."""


def perform(records: Iterable[Record], agent: Callable[[Record], Result], *, threads: int = 1) -> Iterator[Result]:
    """One Result for each Record, in order; at most a few slices a thread are held at once, however many there are."""
    if threads <= 1:
        yield from map(agent, records)
        return
    source = iter(records)
    waiting: deque[Future[list[Result]]] = deque()
    with ThreadPoolExecutor(threads, "gleanery-record") as pool:
        try:
            while True:
                while len(waiting) < 2 * threads and (part := list(islice(source, SLICE))):
                    waiting.append(pool.submit(_slice, agent, part))
                if not waiting:
                    return
                yield from waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _slice(agent: Callable[[Record], Result], records: list[Record]) -> list[Result]:
    return [agent(record) for record in records]
