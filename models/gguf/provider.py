"""A GGUF file as a Provider: its engine is started when it is first needed, and again when it went down."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

from gleanery.errors import EndpointError, ModelError, OverloadedError
from gleanery.models.chat import Request
from gleanery.models.endpoint import Endpoint, GgufOptions
from gleanery.models.gguf.digest import digest_of
from gleanery.models.gguf.engine import Engine
from gleanery.models.gguf.metadata import read_metadata
from gleanery.models.openai.dialects import LLAMA_SERVER, Dialect
from gleanery.models.openai.provider import OpenAIProvider
from gleanery.models.provider import ModelFacts, Piece

_DEATH_SECONDS = 1.0
"""After a connection broke: how long its engine's end may take to be seen."""


class GgufProvider:
    """The model in the file `path`. `cache` is a folder for the digests of such files; None: they are made anew."""

    def __init__(self, path: Path, options: GgufOptions, *, cache: Path | None = None) -> None:
        self._path, self._options, self._cache = path, options, cache
        self._starting = asyncio.Lock()
        self._engine: Engine | None = None
        self._server: OpenAIProvider | None = None
        self._closed = False

    @property
    def model(self) -> str:
        """Its address."""
        return f"gguf/{self._path}"

    async def facts(self) -> ModelFacts:
        """What the file and its engine say; takes as long as loading and hashing it."""
        async with self._running() as server:
            facts = await server.facts()
        metadata = await asyncio.to_thread(read_metadata, self._path)
        digest = await digest_of(metadata.files, self._cache)
        known = replace(facts.known, tools=metadata.tools, grammar=True, streaming=True, window=facts.window)
        return replace(facts, digest=digest, known=known)

    async def loaded_window(self) -> int | None:
        """The tokens that each slot has."""
        async with self._running() as server:
            return await server.loaded_window()

    async def count(self, request: Request) -> int | None:
        """The tokens of the prompt, by the model's own tokenizer and template."""
        async with self._running() as server:
            return await server.count(request)

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """One attempt at a reply."""
        async with self._running() as server, aclosing(server.stream(request)) as pieces:
            async for piece in pieces:
                yield piece

    async def alive(self) -> bool:
        """Whether the engine answers; one that went down is started again."""
        try:
            async with self._running() as server:
                return await server.alive()
        except ModelError:
            return False

    async def aclose(self) -> None:
        """End the engine, for good."""
        async with self._starting:
            self._closed = True
            await self._end()

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[OpenAIProvider]:
        """The engine's server; where that breaks, the error says why."""
        async with self._starting:
            engine, server = await self._started()
        try:
            yield server
        except OverloadedError:
            raise
        except EndpointError as error:
            death = await asyncio.to_thread(engine.death, _DEATH_SECONDS)
            if death is None:
                raise
            message = f"llama.cpp went down with `{self.model}`: {death} The next request starts it again."
            raise EndpointError(message) from error

    async def _started(self) -> tuple[Engine, OpenAIProvider]:
        if self._closed:
            raise EndpointError(f"`{self.model}` was closed: it is not started again.")
        if self._engine is None or self._server is None or not self._engine.alive:
            await self._end()
            self._engine = await self._new_engine()
            endpoint = Endpoint("gguf", "openai", f"{self._engine.url}/v1", self._engine.api_key)
            self._server = OpenAIProvider(
                self._engine.name, endpoint, address=self.model, ours=True, dialect=_dialect()
            )
        return self._engine, self._server

    async def _new_engine(self) -> Engine:
        cancelled = threading.Event()
        try:
            return await asyncio.to_thread(Engine.start, self._path, self._options, cancelled)
        finally:
            cancelled.set()

    async def _end(self) -> None:
        engine, server = self._engine, self._server
        self._engine = self._server = None
        if engine is not None:
            engine.stop()
        if server is not None:
            await server.aclose()


def _dialect() -> Dialect:
    server = f"xllamacpp {version('xllamacpp')}"
    return replace(
        LLAMA_SERVER, server=server, larger_window="a larger `context` under [gguf], if it was made for that"
    )
