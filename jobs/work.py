"""What is sent to where records are performed: the work, a slice of its records, and who opens and performs it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from gleanery.jobs.manifest import Manifest
from gleanery.tasks.records import Record, Recorded, Result


@dataclass(frozen=True, slots=True)
class Work:
    """How a job's records are performed: all that another process or machine has to know. Picklable.

    `bundle` holds the files of the task's folder by their path in it; `digest` is the SHA-256 of them all. Equal works
    (by job id) are opened once in a process.
    """

    job: str
    manifest: Manifest
    digest: str
    bundle: Mapping[str, bytes]

    @property
    def embedded(self) -> bool:
        """Whether it is the embedded specialist alone: work for this machine's cores, and no waiting for a server."""
        return all(model.startswith("embedded/") for model in self.manifest.models)


@dataclass(frozen=True, slots=True)
class Shard:
    """A slice of a job's records, the unit sent to an executor. Its `id` is never used again."""

    id: str
    work: Work
    records: tuple[Record, ...]


class Performer(Protocol):
    """Somebody who performs the records of one job, its models opened. Belongs to one event loop."""

    @property
    def digests(self) -> Mapping[str, str | None]:
        """The digest of each model by its address, None where its server tells none."""

    @property
    def fingerprint(self) -> str | None:
        """What a Result depends on besides the record, as a digest; None where equal work may turn out otherwise."""

    @property
    def room(self) -> int:
        """How many records are worth having in flight at once, now: a few more than its models work on."""

    @property
    def skipped(self) -> Sequence[str]:
        """Why models of the job were left out, a sentence each."""

    @property
    def exchanges(self) -> Sequence[Recorded]:
        """What opening its models cost, where they had to be asked."""

    async def __call__(self, records: Sequence[Record]) -> list[Result]:
        """The Results of some records, in order. EndpointError, ModelNotFoundError where a model is not there."""

    async def aclose(self) -> None:
        """Close what was opened."""


Opener = Callable[[Work], Coroutine[Any, Any, Performer]]
"""Opens the models of a work: a function of a module, so that another process can be told of it by name."""
