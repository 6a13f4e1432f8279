"""Models that make vectors of texts: texts that mean the same have vectors that point the same way.

    async with Models(settings.endpoints) as models:
        embedder = await models.open_embedder("ollama/nomic-embed-text")
        vectors = await embedder.embed(["one text", "another"])

They are asked like chat models: no more at once than their server takes, again where that helps, on the wire record.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Coroutine, Sequence
from typing import Any, Protocol, TypeVar

from gleanery.errors import ContextWindowError, EndpointError, ReplyError, StalledError
from gleanery.models.limiter import Limiter
from gleanery.models.prefixes import Role, prefixed
from gleanery.models.presence import Presence
from gleanery.models.provider import ModelFacts
from gleanery.models.trouble import Trouble
from gleanery.models.wire import Call, last_exchange, on_behalf_of

BATCH = 32
"""Texts in one request: the most that every server takes."""

SHORTEST = 16
"""Characters below which a text is not halved: a model that has no room for them has a problem of another kind."""

Vector = list[float]
_T = TypeVar("_T")


class Embedder(Protocol):
    """A model of vectors. Every call is recorded, and raises a ModelError where there are no vectors."""

    @property
    def model(self) -> str:
        """Its address: provider/name."""

    async def digest(self) -> str | None:
        """What pins its weights; None where its server tells none."""

    async def embed(self, texts: Sequence[str], role: Role = "document") -> list[Vector]:
        """A vector for each text, all of one size; a question is embedded in the role of `query`."""


class EmbeddingProvider(Protocol):
    """One embedding model at one server: one attempt, nothing more. Methods raise ModelErrors."""

    @property
    def model(self) -> str:
        """Its address."""

    async def facts(self) -> ModelFacts:
        """What the server says of the model."""

    async def embed(self, texts: Sequence[str]) -> list[Vector]:
        """A vector for each text; ContextWindowError where one is too long, rather than cut."""

    async def alive(self) -> bool:
        """Whether the server answers at all."""

    async def aclose(self) -> None:
        """Close its connections."""


class EmbeddingDoor:
    """One embedding model at one server, as an Embedder.

    `limiter` and `presence` are the endpoint's, shared with its other models; `timeout` and `patience` are seconds.
    """

    def __init__(
        self,
        provider: EmbeddingProvider,
        *,
        limiter: Limiter,
        presence: Presence,
        timeout: float = 600.0,
        patience: float = 300.0,
    ) -> None:
        self._provider, self._limiter, self._presence = provider, limiter, presence
        self._timeout, self._patience = timeout, patience
        self._facts: ModelFacts | None = None

    @property
    def model(self) -> str:
        """The model's address."""
        return self._provider.model

    async def facts(self) -> ModelFacts:
        """What the server says of the model, asked once."""
        if self._facts is None:
            self._facts = await self._provider.facts()
        return self._facts

    async def digest(self) -> str | None:
        """What pins its weights; None where its server tells none."""
        return (await self.facts()).digest

    async def embed(self, texts: Sequence[str], role: Role = "document") -> list[Vector]:
        """A vector for each text. One that is too long for the model gets the mean of its halves' vectors."""
        asked = [prefixed(text, self.model, role) for text in texts]
        batches = [asked[at : at + BATCH] for at in range(0, len(asked), BATCH)]
        going = [asyncio.create_task(self._halving(batch)) for batch in batches]
        try:
            vectors = [vector for batch in await asyncio.gather(*going) for vector in batch]
        finally:  # where one has failed, the others are asked for nothing
            for task in going:
                task.cancel()
        if len({len(vector) for vector in vectors}) > 1:
            raise ReplyError(f"`{self.model}` gave vectors of different sizes. Is it one model that answers?")
        return vectors

    async def aclose(self) -> None:
        """Close the provider's connections."""
        await self._provider.aclose()

    async def _halving(self, texts: Sequence[str]) -> list[Vector]:
        """The vectors of some texts; what does not fit is asked for in smaller parts, never cut."""
        try:
            return await self._patiently(texts)
        except ContextWindowError:
            if len(texts) > 1:
                half = len(texts) // 2
                return [*await self._halving(texts[:half]), *await self._halving(texts[half:])]
            if len(texts[0]) < SHORTEST:
                raise
        return [_mean(*await self._halving(_halves(texts[0])))]

    async def _patiently(self, texts: Sequence[str]) -> list[Vector]:
        """The vectors of a batch, asked for until the server gives them or that is hopeless."""
        trouble = Trouble(self._presence, self._patience)
        while True:
            await self._limiter.enter()
            failure: EndpointError | None = None
            try:
                return await self._once(texts, trouble.attempts)
            except EndpointError as error:
                failure = error
            finally:
                self._limiter.leave(overloaded=Trouble.is_overload(failure))
            await trouble.wait_out(failure)

    async def _once(self, texts: Sequence[str], attempt: int) -> list[Vector]:
        on_behalf_of(Call(self.model, "embed", attempt))
        try:
            async with asyncio.timeout(self._timeout):
                vectors = await self._provider.embed(texts)
            self._presence.answered()
            return _checked(vectors, texts, self.model)
        except TimeoutError:
            raise StalledError(
                f"`{self.model}` took more than {self._timeout:g} seconds for {len(texts)} texts. Raise `timeout` for "
                "its endpoint."
            ) from None
        except Exception as error:
            if (exchange := last_exchange()) is not None:
                exchange.error = str(error)
            raise


class _Run(Protocol):
    """What waits for a coroutine that runs on an event loop elsewhere, such as `Portal.run`."""

    def __call__(self, work: Coroutine[Any, Any, _T], /) -> _T: ...


class SyncEmbedder:
    """An embedder for code that waits, such as a tool on a thread of its own: the twin of `Embedder`.

    SyncEmbedder(embedder, portal.run)
    SyncEmbedder(embedder, on_loop(asyncio.get_running_loop()))     # for a thread beside that loop
    """

    def __init__(self, embedder: Embedder, run: _Run) -> None:
        self._embedder, self._run = embedder, run

    @property
    def model(self) -> str:
        """Its address: provider/name."""
        return self._embedder.model

    def digest(self) -> str | None:
        """What pins its weights; None where its server tells none."""
        return self._run(self._embedder.digest())

    def embed(self, texts: Sequence[str], role: Role = "document") -> list[Vector]:
        """A vector for each text."""
        return self._run(self._embedder.embed(texts, role))


def on_loop(loop: asyncio.AbstractEventLoop) -> _Run:
    """Runs coroutines on a loop that another thread runs, in the context of whoever asks."""

    def run(work: Coroutine[Any, Any, _T], /) -> _T:
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    return run


def _checked(vectors: Sequence[Vector], texts: Sequence[str], model: str) -> list[Vector]:
    """The vectors, one of numbers for each text; ReplyError where they are not."""
    if len(vectors) == len(texts) and all(vector and all(map(math.isfinite, vector)) for vector in vectors):
        return list(vectors)
    raise ReplyError(f"`{model}` gave no vector for each text. Is it an embedding model?")


def _halves(text: str) -> tuple[str, str]:
    """A text in two, between words where that is near the middle."""
    middle = len(text) // 2
    at = text.rfind(" ", middle // 2, middle) + 1 or middle
    return text[:at], text[at:]


def _mean(one: Vector, other: Vector) -> Vector:
    """The direction between both."""
    long, long_other = (math.hypot(*vector) or 1.0 for vector in (one, other))
    return [a / long + b / long_other for a, b in zip(one, other, strict=True)]
