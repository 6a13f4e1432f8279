"""What a cascade is made of: models that perform one record, knowing what the one before them found."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Protocol

from gleanery.errors import EndpointError, ModelNotFoundError
from gleanery.tasks.records import Record, Result

if TYPE_CHECKING:
    from gleanery.agents.specialist import Specialist

ABSENT = (EndpointError, ModelNotFoundError)
"""The model is not there: no fault of the record, so a stage lets it pass instead of making it a failed Result."""

_TOGETHER = 32
"""Records that the specialist labels in one go, so that the first do not wait for all."""


class Stage(Protocol):
    """Performs one record. Raises only what says that its model is not there (`ABSENT`)."""

    @property
    def model(self) -> str:
        """The model's address."""

    async def __call__(self, record: Record, before: Result | None = None) -> Result:
        """The Result of one record; `before` is what an earlier stage was not sure of."""


class SpecialistStage:
    """The specialist as a stage: works on a thread, on all the records together that are waiting by then."""

    def __init__(self, specialist: Specialist) -> None:
        from gleanery.agents.specialist import MODEL

        self.model = MODEL
        self._specialist = specialist
        self._waiting: list[tuple[Record, asyncio.Future[Result]]] = []
        self._work: asyncio.Task[None] | None = None

    async def __call__(self, record: Record, before: Result | None = None) -> Result:
        """The specialist's Result; what came before does not matter to it."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((record, future))
        if self._work is None:
            self._work = asyncio.create_task(self._perform())
        return await future

    async def _perform(self) -> None:
        """Work until nobody is waiting."""
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:_TOGETHER], self._waiting[_TOGETHER:]
                await self._answer(batch)
        finally:
            self._work = None

    async def _answer(self, batch: list[tuple[Record, asyncio.Future[Result]]]) -> None:
        try:
            results = await asyncio.to_thread(self._specialist, [record for record, _ in batch])
        except Exception as error:  # the executor is gone: nobody shall wait for ever
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():  # whoever asked may have been cancelled
                future.set_result(result)
