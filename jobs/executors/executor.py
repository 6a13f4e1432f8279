"""Where shards are performed: in this process, in others on this machine, or on many machines."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from gleanery.jobs.outcome import Outcome
from gleanery.jobs.work import Performer, Shard, Work
from gleanery.tasks.exports.jsonl import json_bytes


class ShardError(Exception):
    """A shard came to no end; what is to be done with its records depends on the kind."""


class ShardWithdrawn(ShardError):  # noqa: N818 - no error: somebody asked for it
    """It was withdrawn or cancelled: its records stay todo."""


class ShardFailed(ShardError):  # noqa: N818 - what happened, as its siblings
    """Its records cannot be performed, as the message says: each becomes a failed Result."""


class ShardSuspect(ShardError):  # noqa: N818
    """What performed it died with it in hand. Alone it may do well: it is tried again by itself, in halves, down to the
    record that kills."""


class EngineLost(ShardError):  # noqa: N818
    """The executor itself is gone, through no fault of the shard: its records stay todo, the executor is made anew."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What became known when a work's models were opened. Fields as of Performer; `exchanges` as JSON."""

    digests: Mapping[str, str | None]
    fingerprint: str | None
    skipped: tuple[str, ...] = ()
    exchanges: tuple[bytes, ...] = ()


def opened_by(performer: Performer) -> Opened:
    """What opening that performer made known."""
    exchanges = tuple(json_bytes(exchange.as_json()) for exchange in performer.exchanges)
    return Opened(dict(performer.digests), performer.fingerprint, tuple(performer.skipped), exchanges)


class Executor(Protocol):
    """Performs shards. Belongs to one event loop, that of the worker."""

    async def start(self) -> None:
        """Make it ready. EngineLost where it cannot be reached."""

    async def open(self, work: Work) -> Opened:
        """Open the models of a work, before its first shard. Raises what the opener raises: ModelError and the like."""

    def shard_size(self, work: Work) -> int:
        """How many records a shard of that work should have now."""

    def capacity(self, work: Work) -> int:
        """How many records of that work are worth having in flight now, all its shards together."""

    async def run(self, shard: Shard) -> list[Outcome]:
        """The Outcomes of a shard's records, one for each, in order.

        Raises a ShardError, or ModelError where a model is not there any more (EndpointError, ModelNotFoundError): the
        records stay todo then.
        """

    async def withdraw(self, ids: Collection[str]) -> None:
        """Give back those of the shards that were not begun yet: no request of theirs was sent. They raise
        ShardWithdrawn."""

    async def cancel(self, ids: Collection[str]) -> None:
        """End the shards at once, begun or not; requests in flight are aborted at the server. They raise
        ShardWithdrawn."""

    async def close(self, work: Work) -> None:
        """The work's job is over or at rest: close its models."""

    async def aclose(self) -> None:
        """End everything that was started."""
