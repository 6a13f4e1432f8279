"""Writes all that the worker writes: a thread that commits what has arrived as soon as the last commit is on disk."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from gleanery.errors import UsageError
from gleanery.jobs.job import Job, Pace
from gleanery.jobs.ledger.ledger import Ledger
from gleanery.jobs.ledger.wire import WireWriter, wire_file
from gleanery.jobs.ledger.writer import Delivery, LedgerWriter
from gleanery.jobs.outcome import Outcome
from gleanery.tasks.records import Record

BACKLOG = 4_000_000
"""Bytes that may wait to be committed before no more records are begun."""

SWEEP = 0.02
"""Seconds after each commit for taking away what deleted jobs left, where they left something."""

_Answer = TypeVar("_Answer")
_Write = tuple[Callable[[LedgerWriter], Any], "Future[Any]"]


@dataclass(slots=True)
class Parcel:
    """Outcomes of a job's records, to be committed; `contents` go by position. `pace`: how the job goes, where that is
    to be kept too. `size` in bytes, about."""

    job: Job
    records: Sequence[Record]
    outcomes: Sequence[Outcome]
    contents: dict[int, bytes]
    cached: bool = False
    pace: Pace | None = None
    size: int = field(init=False)

    def __post_init__(self) -> None:
        self.size = sum(200 + len(o.body) + len(o.about) + sum(map(len, o.exchanges)) for o in self.outcomes)


class Committer:
    """The one thread that writes the ledger in `home`, in the order in which it was asked.

    `committed` is told on the event loop what is on disk, `failed` what made an end of it: nothing is written after
    that. Its other methods are for the loop's thread.
    """

    def __init__(
        self,
        home: Path,
        *,
        committed: Callable[[Sequence[Parcel]], None],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._home, self._committed, self._failed = home, committed, failed
        self._loop = asyncio.get_running_loop()
        self._arrived: deque[Parcel | _Write] = deque()
        self._stir = threading.Condition()
        self._closing = False
        self._error: BaseException | None = None
        self._wires: dict[str, WireWriter] = {}
        self._thread = threading.Thread(target=self._run, name="gleanery-committer")
        self.backlog = 0
        self.commits = 0

    @property
    def full(self) -> bool:
        """Whether so much waits to be committed that no more should be begun."""
        return self.backlog >= BACKLOG

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def deliver(self, parcel: Parcel) -> None:
        """Have a parcel committed."""
        self.backlog += parcel.size
        self._put(parcel)

    def post(self, act: Callable[[LedgerWriter], _Answer]) -> Future[_Answer]:
        """Have something else written, after what was delivered before."""
        answer: Future[_Answer] = Future()
        self._put((act, answer))
        return answer

    async def write(self, act: Callable[[LedgerWriter], _Answer]) -> _Answer:
        """The same, waited for."""
        return await asyncio.wrap_future(self.post(act))

    async def keep(self, job: Job, exchanges: Sequence[bytes]) -> None:
        """Keep exchanges that served no single record of a job: what opening its models cost."""
        if exchanges and job.manifest.wire != "off":
            await self.write(lambda writer: self._wire(job.id).append([(None, exchanges)]))

    async def release(self, job: str) -> None:
        """Close the wire file of a job; it is opened again where it is needed."""
        await self.write(lambda writer: self._release(job))

    def close(self) -> None:
        """Commit what was delivered, and end the thread."""
        with self._stir:
            self._closing = True
            self._stir.notify()
        if self._thread.ident is not None:
            self._thread.join()

    def _put(self, item: Parcel | _Write) -> None:
        with self._stir:
            if self._error is None:
                self._arrived.append(item)
                self._stir.notify()
            elif isinstance(item, tuple):
                item[1].set_exception(self._error)

    # What follows runs on the thread.

    def _run(self) -> None:
        items: deque[Parcel | _Write] = deque()
        try:
            with Ledger.open(self._home, create=False) as ledger:
                writer = LedgerWriter(ledger)
                while items := self._take(writer):
                    self._write_all(writer, items)
        except BaseException as error:
            self._give_up(error, items)
        finally:
            for wire in self._wires.values():
                with suppress(Exception):
                    wire.close()

    def _take(self, writer: LedgerWriter) -> deque[Parcel | _Write]:
        """What has arrived; nothing: it is over. Meanwhile, what deleted jobs left is taken away."""
        while writer.sweep(SWEEP) and not self._arrived and not self._closing:
            pass
        with self._stir:
            while not self._arrived and not self._closing:
                self._stir.wait()
            items, self._arrived = self._arrived, deque()
            return items

    def _write_all(self, writer: LedgerWriter, items: deque[Parcel | _Write]) -> None:
        """Neighbouring parcels in one transaction, everything else in one of its own."""
        while items:
            parcels: list[Parcel] = []
            while items and isinstance(items[0], Parcel):
                parcels.append(items.popleft())  # type: ignore[arg-type]
            if parcels:
                self._commit(writer, parcels)
            elif isinstance(item := items[0], tuple):
                self._act(writer, *item)
                items.popleft()

    def _act(self, writer: LedgerWriter, act: Callable[[LedgerWriter], Any], answer: Future[Any]) -> None:
        if answer.set_running_or_notify_cancel():
            try:
                answer.set_result(act(writer))
            except UsageError as error:
                answer.set_exception(error)

    def _commit(self, writer: LedgerWriter, parcels: list[Parcel]) -> None:
        places = self._write_wires(parcels)
        deliveries = [
            Delivery(
                parcel.job.number,
                outcome,
                parcel.contents.get(outcome.position) if outcome.reusable else None,
                parcel.cached,
                places.get((parcel.job.number, outcome.position)),
            )
            for parcel in parcels
            for outcome in parcel.outcomes
        ]
        paces = {parcel.job.number: parcel.pace for parcel in parcels if parcel.pace is not None}
        writer.commit(deliveries, paces)
        self.commits += 1
        self._tell(self._settle, parcels)

    def _write_wires(self, parcels: list[Parcel]) -> dict[tuple[int, int], int]:
        """Write the exchanges, one block for each job: where they begin, by job and position."""
        kept: dict[str, list[tuple[Job, Record, Outcome]]] = {}
        for parcel in parcels:
            wanted = parcel.job.manifest.wire
            if wanted == "off":
                continue
            for record, outcome in zip(parcel.records, parcel.outcomes, strict=True):
                if outcome.exchanges and (wanted == "full" or outcome.status != "ok"):
                    kept.setdefault(parcel.job.id, []).append((parcel.job, record, outcome))
        places: dict[tuple[int, int], int] = {}
        for id, entries in kept.items():
            begins = self._wire(id).append([(record.id, outcome.exchanges) for _, record, outcome in entries])
            for (job, _, outcome), begin in zip(entries, begins, strict=True):
                places[job.number, outcome.position] = begin
        return places

    def _wire(self, job: str) -> WireWriter:
        if job not in self._wires:
            self._wires[job] = WireWriter(wire_file(self._home, job))
        return self._wires[job]

    def _release(self, job: str) -> None:
        if wire := self._wires.pop(job, None):
            wire.close()

    def _give_up(self, error: BaseException, items: deque[Parcel | _Write]) -> None:
        with self._stir:
            self._error = error
            items.extend(self._arrived)
            self._arrived.clear()
        for item in items:
            if isinstance(item, tuple) and not item[1].done():
                item[1].set_exception(error)
        self._tell(self._failed, error)

    def _tell(self, listener: Callable[[Any], None], news: Any) -> None:
        with suppress(RuntimeError):  # the loop may be closed by now: then nobody listens
            self._loop.call_soon_threadsafe(listener, news)

    # On the loop again.

    def _settle(self, parcels: list[Parcel]) -> None:
        self.backlog -= sum(parcel.size for parcel in parcels)
        self._committed(parcels)
