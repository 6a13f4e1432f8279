"""One model that Ollama serves, for the door to make a Chat of."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import httpx

from gleanery.errors import EndpointError, UnsupportedError
from gleanery.models.chat import Capabilities, Request
from gleanery.models.endpoint import Endpoint
from gleanery.models.ollama.client import OllamaClient
from gleanery.models.ollama.translation import chat_body, piece_of
from gleanery.models.provider import ModelFacts, Piece

ALIVE_SECONDS = 2.0


class OllamaProvider:
    """The model `name` of an Ollama server.

    `address` is what it is called, where ollama/name@url is not wanted. `transport` is the recorded one unless another
    is given.
    """

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        *,
        address: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._name, self._endpoint = name, endpoint
        self._client = OllamaClient(endpoint, purpose="facts", address=address, transport=transport)
        self._facts: ModelFacts | None = None

    @property
    def model(self) -> str:
        """Its address: ollama/name, and @url where that is not where Ollama listens by default."""
        return self._client.address(self._name)

    async def facts(self) -> ModelFacts:
        """What Ollama says of the model. A Modelfile's `num_ctx` is its default context, not its largest."""
        shown = await self._client.show(self._name)
        listed = (await self._client.list()).models
        can = shown.capabilities
        window = window_of(shown.modelinfo)
        self._facts = ModelFacts(
            digest=next((model.digest for model in listed if same_model(model.model, self._name)), None),
            window=window,
            chooses_window=True,
            known=Capabilities(
                tools=None if can is None else "tools" in can,
                thinking=None if can is None else "thinking" in can,
                window=window,
            ),
            server=f"ollama {await self._client.version()}".rstrip(),
        )
        return self._facts

    async def loaded_window(self) -> int | None:
        """The context that the model is loaded with now; None where it is not loaded, or Ollama is too old to tell."""
        loaded = (await self._client.ps()).models
        return next((model.context_length for model in loaded if same_model(model.model, self._name)), None)

    async def count(self, request: Request) -> int | None:
        """Always None: Ollama counts no tokens without generating."""
        return None

    async def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """One attempt at a reply."""
        if request.grammar is not None:
            raise UnsupportedError(f"`{self.model}` takes no grammar: Ollama has none. Give a JSON Schema instead.")
        body = chat_body(self._name, request, thinks=await self._thinks(request), keep_alive=self._endpoint.keep_alive)
        earlier = calls = sum(len(message.tool_calls) for message in request.messages)
        last: Piece | None = None
        async with aclosing(self._client.lines("/api/chat", body, chat=True)) as lines:
            try:
                async for line in lines:
                    piece = piece_of(line, self.model, calls_before=calls)
                    calls += len(piece.tool_calls)
                    if piece.ending is None:
                        yield piece
                    else:  # read on to the body's end first: only then can the connection be used again
                        last = piece
            except EndpointError:
                if last is None:
                    raise
        if last is None or last.ending is None:
            raise EndpointError(f"The answer of `{self.model}` broke off: Ollama closed it before its end.")
        if calls > earlier and last.ending.finish == "stop":
            last = replace(last, ending=replace(last.ending, finish="tool_calls"))
        yield last

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """A vector for each text, in one attempt."""
        return await self._client.vectors(self._name, texts, self._endpoint.keep_alive)

    async def alive(self) -> bool:
        """Whether Ollama answers."""
        return await self._client.reachable(ALIVE_SECONDS)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _thinks(self, request: Request) -> bool | None:
        """Whether the model can think, asked only where that changes what is sent."""
        if request.thinking is None or request.thinking:
            return None
        return (self._facts or await self.facts()).known.thinking


def window_of(info: Any) -> int | None:
    """The largest context in tokens in a model's GGUF metadata, as /api/show gives it; None where it is not told."""
    info = info or {}
    window = info.get(f"{info.get('general.architecture')}.context_length")
    return int(window) if isinstance(window, int | float) and window > 0 else None


def same_model(one: str | None, other: str) -> bool:
    """Whether both names mean the same model: `qwen3` is `qwen3:latest`, and case does not count."""
    return _full(one or "") == _full(other)


def _full(name: str) -> str:
    name = name.lower()
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"
