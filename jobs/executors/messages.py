"""What passes between this process and those that perform for it, over a socket that only the two of them have.

Every order is answered by one answer, in order: what was asked for, or an exception.
"""

from __future__ import annotations

from dataclasses import dataclass

from gleanery.jobs.outcome import Outcome
from gleanery.jobs.work import Work
from gleanery.tasks.records import Record


@dataclass(frozen=True, slots=True)
class Greet:
    """The first order. `parent` is the process whose end is this one's, `path` where it finds modules, `opener` the
    Opener, pickled apart: it can be read only with that path. Answered with None."""

    parent: int
    path: tuple[str, ...]
    opener: bytes


@dataclass(frozen=True, slots=True)
class Open:
    """Open a work. Answered with Opened."""

    work: Work


@dataclass(frozen=True, slots=True)
class Perform:
    """Perform records of an open work. Answered with Performed."""

    job: str
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Close:
    """Close a work. Answered with None."""

    job: str


Order = Greet | Open | Perform | Close


@dataclass(frozen=True, slots=True)
class Performed:
    """What became of the records, and the seconds that it took."""

    outcomes: list[Outcome]
    seconds: float
