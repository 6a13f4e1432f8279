"""Feeds the tasks of a pipeline: as records are done by one, they are stored for the next, in their order."""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from gleanery.errors import LedgerError, UsageError
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.outcome import result_of
from gleanery.pipeline.flow import CallTool, flow
from gleanery.pipeline.items import Item
from gleanery.pipeline.steps import Step
from gleanery.tasks.exports.jsonl import json_bytes
from gleanery.tasks.matrix import Matrix
from gleanery.tasks.records import Record, Result

_PAGE = 200
"""Results that are read at once."""
_BATCH = 500
"""Records of the source that are looked at for one task, before the next has its turn."""
_LOOK = 0.01
"""Seconds between two looks at the ledger."""


@dataclass(frozen=True, slots=True)
class Line:
    """A pipeline at work: its steps, the ids of its tasks' jobs, and what generating tasks write, by task."""

    steps: tuple[Step, ...]
    jobs: tuple[str, ...]
    matrices: tuple[Matrix | None, ...]
    call: CallTool


@dataclass(frozen=True, slots=True)
class Passed:
    """What came of one record of the source: the records it gives the next task, or, behind the last, its Items."""

    records: tuple[Record, ...] = ()
    items: tuple[Item, ...] = ()


END = Passed()
"""Stands for the end of a walk."""


class Cursor:
    """The Results of a job in the order of its records, as they come."""

    def __init__(self, ledger: Ledger, job: str) -> None:
        self._ledger, self._job = ledger, ledger.job(job)
        self._after = 0
        self._page: deque[tuple[Record, Result]] = deque()

    def take(self) -> tuple[Record, Result] | None:
        """The next record with its Result; None where that is not there yet."""
        if not self._page:
            self._read()
        return self._page.popleft() if self._page else None

    @property
    def over(self) -> bool:
        """Whether there is none to come."""
        job = self._ledger.job(self._job.id)
        return job.loaded and self._after - len(self._page) >= job.counts.total

    def _read(self) -> None:
        number = self._job.number
        first = self._ledger.kept(number, after=self._after, limit=1)
        if not first or first[0].record.position != self._after + 1:
            return
        for kept in self._ledger.kept(number, after=self._after, limit=_PAGE):
            if kept.record.position != self._after + 1:
                break
            self._after += 1
            self._page.append((kept.record, result_of(kept.record, kept.body, kept.about)))


def walk(ledger: Ledger, line: Line, tasks: int) -> Iterator[Passed | None]:
    """What comes of each record of the source behind so many tasks, in order; None where that is not known yet."""
    cursors = [Cursor(ledger, job) for job in line.jobs[:tasks]]
    while True:
        taken = cursors[0].take()
        if taken is None:
            if cursors[0].over:
                return
            yield None
            continue
        yield from _through(taken, cursors, line, tasks)


def _through(
    taken: tuple[Record, Result], cursors: Sequence[Cursor], line: Line, tasks: int
) -> Iterator[Passed | None]:
    record, result = taken
    way = flow(record, line.steps, line.matrices, line.call)
    next(way)
    results = [result]
    try:
        while True:
            given = way.send(results)
            if given.task >= tasks:  # beyond it, where this one gets nothing of this record
                yield Passed(given.records if given.task == tasks else ())
                return
            results = []
            for asked in given.records:
                while (answer := cursors[given.task].take()) is None:
                    yield None
                if answer[0].id != asked.id:
                    raise LedgerError(_OTHERWISE)
                results.append(answer[1])
    except StopIteration as end:
        yield Passed(items=tuple(end.value))
    finally:
        way.close()


_OTHERWISE = "The pipeline gives other records now than before it was interrupted. Start it anew: add --anew."


class Feeder:
    """Stores the records of all tasks but the first, on the thread that calls `run`, until `stop`."""

    def __init__(self, home: Path, line: Line) -> None:
        self._home, self._line = home, line
        self._stopping = threading.Event()

    def stop(self) -> None:
        """Have `run` return soon."""
        self._stopping.set()

    def run(self) -> None:
        """Feed until all is stored."""
        with Ledger.open(self._home, create=False) as ledger:
            feeds = [_Feed(ledger, self._line, task) for task in range(1, len(self._line.jobs))]
            while not self._stopping.is_set() and not all(feed.over for feed in feeds):
                seen = ledger.changed()
                if sum(feed.go_on() for feed in feeds):  # each of them has its turn
                    continue
                while not self._stopping.wait(_LOOK) and ledger.changed() == seen:
                    pass


class _Feed:
    """The records of one task, stored as they come. Those that are there already are passed over."""

    def __init__(self, ledger: Ledger, line: Line, task: int) -> None:
        self._ledger, self._job = ledger, ledger.job(line.jobs[task])
        self._walk = walk(ledger, line, task)
        self._count, self._stored = 0, self._job.counts.total
        self._digest = hashlib.sha256()
        self.over = self._job.loaded

    def go_on(self) -> bool:
        """Store what has come: whether there was anything."""
        if self.over:
            return False
        fresh: list[Record] = []
        passed = 0
        while passed < _BATCH and (one := next(self._walk, END)) is not None:
            if one is END:
                self.over = True
                break
            passed += 1
            fresh += filter(None, map(self._taken, one.records))
        if fresh:
            self._ledger.load(self._job.number, fresh, self._digest.hexdigest())
        if self.over:
            self._ledger.finish_loading(self._job.number)
        return passed > 0 or self.over

    def _taken(self, record: Record) -> Record | None:
        """A record with its place in the job; None where it is there already."""
        self._count += 1
        _add(self._digest, record)
        if self._count > self._stored:
            return replace(record, position=self._count)
        if self._count == self._stored and self._digest.hexdigest() != self._job.read_from:
            raise UsageError(_OTHERWISE)
        return None


def _add(digest: hashlib._Hash, record: Record) -> None:
    said = json_bytes([record.id, record.text, dict(record.carried)])
    digest.update(len(said).to_bytes(8, "big") + said)
