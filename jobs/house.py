"""What the jobs of a worker share, and what one of them comes to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from typing import NamedTuple

from gleanery.jobs.committer import Committer
from gleanery.jobs.engine import Engine
from gleanery.jobs.job import State
from gleanery.jobs.reader import Reader


class Rest(NamedTuple):
    """What a job is brought to when nothing of it is in flight any more; no state: a command brought it there."""

    state: State | None
    reason: str | None = None


COMMANDED = Rest(None)
STEPPED_DOWN = Rest("queued")
"""Another job takes its place, or the worker stops."""


@dataclass(frozen=True, slots=True)
class House:
    """What running jobs share. `admit` asks that records be sent, `said` keeps and logs an event of a job, `failed` is
    told what the worker cannot survive, `numbers` are those of shards. Only one job at a time tries its suspects, under
    `quarantine`: so those of one are not taken for those of another.
    """

    engine: Engine
    reader: Reader
    committer: Committer
    admit: Callable[[], None]
    said: Callable[[str, str, str | None], None]
    failed: Callable[[BaseException], None]
    numbers: count[int]
    quarantine: asyncio.Lock
