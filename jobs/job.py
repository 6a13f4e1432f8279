"""What the ledger says of a job: what it is, how far it is, how fast it goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from gleanery.jobs.manifest import Manifest

State = Literal["loading", "queued", "waiting", "running", "paused", "done", "failed", "cancelled"]
"""`loading`: its records are still being stored. `queued`: its turn will come. `waiting`: for another job, or for a
lost endpoint. `paused`, `cancelled`: somebody said so. `failed`: it cannot go on, `reason` says why; its records stay
todo. `done`: every record has its Result, failed ones among them."""

STATES: tuple[State, ...] = get_args(State)
ENDED: frozenset[State] = frozenset({"done", "failed", "cancelled"})
"""States in which nothing more happens by itself."""

Verb = Literal["pause", "resume", "cancel", "retry", "move", "delete"]
"""What a door may ask of the worker."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How many records a job has, and what became of them. `cached` of those done were taken from an earlier job."""

    total: int = 0
    todo: int = 0
    ok: int = 0
    review: int = 0
    failed: int = 0
    cached: int = 0

    @property
    def done(self) -> int:
        """How many have a Result."""
        return self.ok + self.review + self.failed


@dataclass(frozen=True, slots=True)
class Pace:
    """How a job goes, as its worker measured it last, at `at` (seconds since 1970).

    `rate` is records a second over the last ten seconds or so, `in_flight` records that are being worked on,
    `ttft_ms` and `tpot_ms` medians over the last calls, `tokens` what all its answers had. `slowest` are up to five
    (record id, seconds).
    """

    at: float | None = None
    rate: float | None = None
    in_flight: int = 0
    ttft_ms: float | None = None
    tpot_ms: float | None = None
    tokens: int = 0
    slowest: tuple[tuple[str, float], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The pace as the ledger keeps it, and `--json` prints it."""
        return {
            "at": self.at,
            "rate": self.rate,
            "in_flight": self.in_flight,
            "ttft_ms": self.ttft_ms,
            "tpot_ms": self.tpot_ms,
            "tokens": self.tokens,
            "slowest": [list(entry) for entry in self.slowest],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Pace:
        """The pace that `as_json` wrote."""
        return cls(**{**value, "slowest": tuple((str(name), float(s)) for name, s in value.get("slowest", ()))})


@dataclass(frozen=True, slots=True)
class Job:
    """A task applied to a source. `number` is its row, `id` (`j-...`) its name everywhere else.

    Jobs run in the order of `priority` (higher first), then `place`. `loaded`: every record of the source is stored.
    `pins` are the digests of its models by address, as they were when it first ran (None: the server tells none).
    `after` are the ids of the jobs it waits for. `pending` are verbs that were asked of the worker and are not obeyed
    yet. `read_from` is the digest of the records stored so far, by which an interrupted loading is taken up again.
    Times are seconds since 1970.
    """

    number: int
    id: str
    state: State
    reason: str | None
    manifest: Manifest
    bundle: str
    priority: int
    place: float
    loaded: bool
    read_from: str
    counts: Counts
    pace: Pace
    pins: Mapping[str, str | None]
    submitted: float
    started: float | None
    ended: float | None
    after: tuple[str, ...] = ()
    pending: tuple[Verb, ...] = ()

    @property
    def models(self) -> tuple[str, ...]:
        """The addresses that are asked, in order."""
        return self.manifest.models


@dataclass(frozen=True, slots=True)
class Command:
    """What a door asked of the worker. `answer` is None until it was obeyed, or `refused`: then it says why."""

    number: int
    at: float
    job: str
    verb: Verb
    arguments: Mapping[str, Any] = field(default_factory=dict)
    answer: str | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a job, or (job None) to the worker: what its log says, in a line."""

    number: int
    at: float
    job: str | None
    kind: str
    text: str
