"""What runs in a Dask worker: opens each work once, performs its shards, and ends them when told.

The models of a work live on an event loop and a thread of their own, so that whatever they do, Dask's own loop goes on
saying that the worker is alive. All functions that are not private are called by the driver, on Dask's loop.
"""

from __future__ import annotations

import asyncio
import pickle
import sys
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from time import monotonic
from typing import Any, Literal

from gleanery import errors
from gleanery.errors import GleaneryError
from gleanery.jobs.executors.executor import Opened, ShardError, ShardFailed, ShardSuspect, opened_by
from gleanery.jobs.executors.performing import outcomes_of
from gleanery.jobs.outcome import Outcome, failed_outcome
from gleanery.jobs.work import Opener, Performer, Work
from gleanery.models.portal import Portal
from gleanery.tasks.records import Record

SLICE = 32
"""Records that the specialist takes at once; between slices a shard can be cancelled."""

REMEMBERED = 4096
"""How many shards that were withdrawn before they came here are remembered."""


@dataclass(frozen=True, slots=True)
class Carried:
    """An error on its way to the driver. It travels as a value: Dask logs the inputs of what raises."""

    kind: str
    message: str
    state: Mapping[str, Any]

    @classmethod
    def of(cls, error: Exception) -> Carried:
        """What is to be told of an error."""
        if isinstance(error, GleaneryError | ShardError):
            return cls(type(error).__name__, str(error), vars(error))
        return cls("", f"{type(error).__name__}: {error}", {})

    def error(self, where: str = "") -> GleaneryError | None:
        """The error as it was, and where; None where it was none of Gleanery's."""
        kind = getattr(errors, self.kind, None)
        if kind is None:
            return None
        error: GleaneryError = kind.__new__(
            kind, self.message + (f" (on {where})" if where else "")
        )  # not by its __init__, which may want more
        error.__dict__.update(self.state)
        return error


@dataclass(frozen=True, slots=True)
class Ready:
    """A work's models are open: what is known of them, and how many records are worth having in flight here."""

    opened: Opened
    room: int


@dataclass(frozen=True, slots=True)
class Done:
    """The Outcomes of a shard, and the seconds they took, the opening of the models apart. `room` and `digests` as of
    the performer now."""

    outcomes: list[Outcome]
    seconds: float
    room: int
    digests: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Refused:
    """No Outcomes: the work is not `unknown` any more once it is learnt; `withdrawn`; or `failed`, `error` says why."""

    why: Literal["unknown", "withdrawn", "failed"]
    error: Carried | None = None


# The state of this process, touched on Dask's loop alone.
_packed: dict[str, bytes] = {}
_open: dict[str, _OpenWork] = {}
_running: dict[str, tuple[_OpenWork, float]] = {}
_withdrawn: dict[str, None] = {}


def versions_here() -> dict[str, str]:
    """The versions that must be the same everywhere."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {"python": python, "gleanery": version("gleanery"), "distributed": version("distributed")}


def learn(token: str, packed: bytes) -> dict[str, str]:
    """Take note of a work and its opener, pickled: what shards that bear the token belong to. Returns the versions."""
    _packed.setdefault(token, packed)
    return versions_here()


async def open_here(token: str, packed: bytes) -> Ready | Carried:
    """Open the models of a work, or say what is wrong with them."""
    learn(token, packed)
    try:
        ready: Ready = await _within(token, lambda work: work.opened())
        return ready
    except Exception as error:
        return Carried.of(error)


async def perform(token: str, key: str, records: bytes) -> Done | Refused:
    """The Dask task: perform pickled records. Raises nothing."""
    if _withdrawn.pop(key, key) is None:
        return Refused("withdrawn")
    if token not in _packed:
        return Refused("unknown")
    try:
        _running[key] = (_work(token), monotonic())
        done: Done = await _within(token, lambda work: work.perform(key, records))
        return done
    except asyncio.CancelledError:
        here = asyncio.current_task()
        if here is not None and here.cancelling():  # Dask ends this worker
            raise
        return Refused("withdrawn")
    except Exception as error:
        return Refused("failed", Carried.of(error))
    finally:
        _running.pop(key, None)


def begun_here(keys: Collection[str]) -> dict[str, float]:
    """Which of the shards were begun here and have not ended, and how many seconds ago."""
    now = monotonic()
    return {key: now - _running[key][1] for key in keys if key in _running}


def withdraw_here(keys: Collection[str]) -> list[str]:
    """Do not begin these shards any more; which of them were begun."""
    for key in keys:
        if key not in _running:
            _withdrawn[key] = None
    while len(_withdrawn) > REMEMBERED:
        del _withdrawn[next(iter(_withdrawn))]
    return [key for key in keys if key in _running]


async def cancel_here(keys: Collection[str]) -> list[str]:
    """End these shards, or do not begin them; which of them were begun, their requests being aborted by now."""
    begun = withdraw_here(keys)
    works = {_running[key][0] for key in begun}
    await asyncio.gather(*(_on(work, work.cancel(keys)) for work in works), return_exceptions=True)
    return begun


async def close_here(token: str) -> None:
    """Close the models of a work."""
    _packed.pop(token, None)
    if (work := _open.pop(token, None)) is not None:
        await asyncio.to_thread(work.close)


def _work(token: str) -> _OpenWork:
    if token not in _open:
        _open[token] = _OpenWork(*pickle.loads(_packed[token]))
    return _open[token]


async def _within(token: str, step: Callable[[_OpenWork], Any]) -> Any:
    work = _work(token)
    return await _on(work, step(work))


async def _on(work: _OpenWork, step: Any) -> Any:
    """What the coroutine returns, run on the work's own loop."""
    # Shielded: an end that Dask wants is not the end of the coroutine, which its own loop has to bring about.
    return await asyncio.shield(asyncio.wrap_future(work.portal.start(step)))


class _OpenWork:
    """A work whose models are opened here, once, when they are first wanted."""

    def __init__(self, opener: Opener, work: Work) -> None:
        self.portal = Portal(f"gleanery-{work.job}")
        self._opener, self._work = opener, work
        self._opening: asyncio.Task[Performer] | None = None
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._places: _Places | None = None
        self._core = asyncio.Lock()  # one core for a process, whichever of its shards has its turn

    def close(self) -> None:
        """Close the models and the loop; blocks."""
        try:
            self.portal.run(self._close())
        finally:
            self.portal.close()

    # The rest runs on the work's own loop.

    async def opened(self) -> Ready:
        """Open the models, and say what is known of them."""
        performer = await self._performer()
        return Ready(opened_by(performer), performer.room)

    async def perform(self, key: str, packed: bytes) -> Done:
        """The Outcomes of some records."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks[key] = task
        try:
            performer = await self._performer()
            records: Sequence[Record] = pickle.loads(packed)
            began = monotonic()
            ways = self._in_slices if self._work.embedded else self._at_once
            outcomes = await ways(performer, records)
            return Done(outcomes, monotonic() - began, performer.room, dict(performer.digests))
        finally:
            del self._tasks[key]

    async def cancel(self, keys: Collection[str]) -> None:
        """End these shards, and wait for their end."""
        tasks = [self._tasks[key] for key in keys if key in self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _performer(self) -> Performer:
        if self._opening is None or (self._opening.done() and self._opening.exception() is not None):
            self._opening = asyncio.create_task(self._opener(self._work))
        return await asyncio.shield(self._opening)  # others wait for it too

    async def _close(self) -> None:
        await self.cancel(list(self._tasks))
        if self._opening is not None:
            await (await self._opening).aclose()

    async def _in_slices(self, performer: Performer, records: Sequence[Record]) -> list[Outcome]:
        outcomes: list[Outcome] = []
        for at in range(0, len(records), SLICE):
            async with self._core:
                outcomes += await self._outcomes(performer, records[at : at + SLICE])
            await asyncio.sleep(0)  # here a shard is cancelled, though nothing above waited
        return outcomes

    async def _at_once(self, performer: Performer, records: Sequence[Record]) -> list[Outcome]:
        if self._places is None:
            self._places = _Places(lambda: performer.room)
        tasks = [asyncio.create_task(self._in_place(self._places, performer, record)) for record in records]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _in_place(self, places: _Places, performer: Performer, record: Record) -> Outcome:
        await places.enter()
        try:
            return (await self._outcomes(performer, [record]))[0]
        finally:
            places.leave()

    async def _outcomes(self, performer: Performer, records: Sequence[Record]) -> list[Outcome]:
        """The Outcomes of records; where one breaks the performer, it alone has failed."""
        try:
            return await outcomes_of(performer, records)
        except ShardSuspect:
            if len(records) == 1:
                raise
            return [(await self._outcomes(performer, [record]))[0] for record in records]
        except ShardFailed as error:
            return [failed_outcome(record, self._work.manifest.models[0], str(error)) for record in records]


class _Places:
    """As many records in flight as there is room for, all shards of a work together; first come, first served."""

    def __init__(self, room: Callable[[], int]) -> None:
        self._room, self._taken = room, 0
        self._line: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Wait for a place, and take it."""
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(place)
        self._admit()
        try:
            await place
        except asyncio.CancelledError:
            if not place.cancelled():  # it was given just as we were cancelled: pass it on
                self.leave()
            raise

    def leave(self) -> None:
        """Give the place back."""
        self._taken -= 1
        self._admit()

    def _admit(self) -> None:
        while self._line and self._taken < max(1, self._room()):
            place = self._line.popleft()
            if not place.done():
                self._taken += 1
                place.set_result(None)
