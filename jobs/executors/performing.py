"""Performs a shard with whoever was opened for its work, in whatever process, and says what an error of that means."""

from __future__ import annotations

from collections.abc import Sequence

from gleanery.agents.stage import ABSENT
from gleanery.errors import GleaneryError
from gleanery.jobs.executors.executor import ShardError, ShardFailed, ShardSuspect
from gleanery.jobs.outcome import Outcome, outcome_of
from gleanery.jobs.work import Performer
from gleanery.tasks.records import Record


async def outcomes_of(performer: Performer, records: Sequence[Record]) -> list[Outcome]:
    """The Outcomes of some records, in order.

    EndpointError, ModelNotFoundError where a model is not there any more; else ShardFailed or ShardSuspect.
    """
    try:
        results = await performer(records)
        return [outcome_of(record, result) for record, result in zip(records, results, strict=True)]
    except ABSENT:
        raise
    except (Exception, SystemExit) as error:
        raise _verdict(error, len(records)) from error


def _verdict(error: BaseException, count: int) -> ShardError:
    """Whose fault an error is: that of a single record; not that of one among several, nor a want of memory or disk."""
    if isinstance(error, GleaneryError):
        message = str(error)
    elif isinstance(error, OSError | MemoryError):
        return ShardSuspect(f"The system would not let it be performed: {_words(error)}.")
    else:
        message = f"{_words(error)}. This is a bug in Gleanery; please report it with this line."
    return ShardFailed(message) if count == 1 else ShardSuspect(message)


def _words(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")
