"""A model at an OpenAI-compatible server, as a Provider."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, AsyncExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx

from gleanery.errors import (
    ContextWindowError,
    EndpointError,
    ModelError,
    ModelNotFoundError,
    OverloadedError,
    ReplyError,
)
from gleanery.models.chat import Request
from gleanery.models.endpoint import Endpoint
from gleanery.models.openai import details
from gleanery.models.openai.connection import Connection
from gleanery.models.openai.dialects import OPENAI, Dialect
from gleanery.models.openai.failures import SwitchRefusedError
from gleanery.models.openai.replies import Answer, EventReader
from gleanery.models.openai.requests import body_of, prompt_of
from gleanery.models.openai.server import ServedModel, not_found, served
from gleanery.models.provider import ModelFacts, Piece
from gleanery.models.redaction import redact
from gleanery.models.wire import Call, acting_for

if TYPE_CHECKING:
    from openai._response import AsyncAPIResponse

ALIVE_SECONDS = 5.0
DRAIN_SECONDS = 0.5


class OpenAIProvider:
    """The model `name` at `endpoint`.

    `address` is what it is called where openai/name@url is not wanted. `ours`: the server has only this model, and its
    name for it does not matter. `dialect` is how the server is spoken to; None: it is found out. `transport` is for
    tests.
    """

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        *,
        address: str | None = None,
        ours: bool = False,
        dialect: Dialect | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._name, self._is_ours, self._timeout = name, ours, endpoint.timeout
        self._address = address or f"openai/{name}@{redact(endpoint.url)}"
        self._connection = Connection(endpoint, address or f"openai/{name}", transport)
        self._dialect: Dialect | None = None
        if dialect is not None:
            self._speak(dialect)

    @property
    def model(self) -> str:
        """Its address."""
        return self._address

    async def facts(self) -> ModelFacts:
        """What the server says of the model."""
        with self._asking("facts"):
            entry = await self._entry()
            return await details.facts_of(self._connection, await self._spoken(entry), entry)

    async def loaded_window(self) -> int | None:
        """The context that the server has for each request."""
        with self._asking("facts"):
            entry = await self._entry()
            return await details.window_of(self._connection, await self._spoken(entry), entry)

    async def count(self, request: Request) -> int | None:
        """The tokens of the prompt, by the server's tokenizer and template; None where it has none to ask."""
        with self._asking("count"):
            dialect = await self._spoken()
            try:
                return await details.count(self._connection, dialect, prompt_of(request, self._name, dialect))
            except (EndpointError, ModelNotFoundError, ContextWindowError):
                raise
            except ModelError:  # behind a proxy, its tokenizer may not be reached
                return None

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """One attempt at a reply."""
        answer = Answer(self._connection.place)
        async with AsyncExitStack() as stack:
            response = await self._opened(request, stack)
            kind = response.headers.get("content-type", "")
            if "html" in kind:
                raise ReplyError(
                    f"{self._connection.place} answered `{self.model}` with a web page. Check its `url` in "
                    "gleanery.toml: that of an API mostly ends with /v1."
                )
            if request.stream is False or "json" in kind:
                piece = answer.take(await response.read())
                if piece is not None:
                    yield piece
                yield answer.end(whole=True)
                return
            events, parts = EventReader(), response.iter_bytes()
            async for part in parts:
                for event in events.feed(part):
                    piece = answer.take(event)
                    if piece is not None:
                        yield piece
                if events.done:
                    await _drain(parts)
                    break
            yield answer.end(whole=events.done)

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text, in one attempt."""
        body = {"model": self._name, "input": [*texts], "encoding_format": "float"}
        answer = await self._connection.post(f"{self._connection.url}/embeddings", body, seconds=self._timeout)
        try:
            vectors = {item["index"]: item["embedding"] for item in answer["data"]}
            return [vectors[index] for index in range(len(texts))]
        except (TypeError, LookupError):
            raise ReplyError(
                f"{self._connection.place} gave no vector for each text. Is `{self._name}` an embedding model?"
            ) from None

    async def alive(self) -> bool:
        """Whether the server answers at all."""
        has_health = self._dialect is not None and self._dialect is not OPENAI
        path = f"{self._connection.root}/health" if has_health else f"{self._connection.url}/models"
        with self._asking("facts"):
            try:
                await self._connection.get(path, seconds=ALIVE_SECONDS)
            except OverloadedError:
                return True
            except EndpointError:
                return False
            except ModelError:  # it answers, though not what was asked
                return True
        return True

    async def aclose(self) -> None:
        """Close the connections."""
        await self._connection.aclose()

    async def _opened(self, request: Request, stack: AsyncExitStack) -> AsyncAPIResponse[Any]:
        """The server's answer to the request, as it begins to come."""
        dialect = await self._spoken()
        try:
            return await stack.enter_async_context(self._chat(request, dialect))
        except SwitchRefusedError:
            self._dialect = replace(dialect, switches_thinking=False)
            return await stack.enter_async_context(self._chat(request, self._dialect))
        except ModelNotFoundError as refused:
            raise await self._not_found(refused) from None

    async def _not_found(self, refused: ModelNotFoundError) -> ModelNotFoundError:
        """The error that says what the server has instead."""
        with suppress(ModelError), self._asking("facts"):
            return not_found(self._connection, self._name, await served(self._connection))
        return refused

    def _chat(self, request: Request, dialect: Dialect) -> AbstractAsyncContextManager[AsyncAPIResponse[Any]]:
        body = body_of(request, self._name, dialect)
        return self._connection.chat(body, last=dialect.closes_streams and bool(body["stream"]))

    async def _spoken(self, entry: ServedModel | None = None) -> Dialect:
        """The server's dialect, found out once; `entry` is the model in its list, where that is known."""
        if self._dialect is None:
            with self._asking("facts"):
                self._speak(await details.dialect_of(self._connection, entry or await self._entry()))
        assert self._dialect is not None
        return self._dialect

    def _speak(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._connection.place = replace(self._connection.place, larger_window=dialect.larger_window)

    async def _entry(self) -> ServedModel:
        """The model in the server's list; ModelNotFoundError where it is not in it."""
        models = await served(self._connection)
        entry = next((model for model in models if model.answers_to(self._name)), None)
        if entry is None and self._is_ours:
            entry = models[0] if models else ServedModel(self._name)
        if entry is None:
            raise not_found(self._connection, self._name, models)
        return entry

    def _asking(self, purpose: str) -> AbstractContextManager[None]:
        return acting_for(Call(self._address, purpose))


async def _drain(parts: AsyncIterator[bytes]) -> None:
    """Read what comes after the end, which is nothing: the connection can then serve the next request."""
    with suppress(TimeoutError, httpx.HTTPError):
        async with asyncio.timeout(DRAIN_SECONDS):
            async for _ in parts:
                pass
