"""Opens models by their addresses: what is shared between the models of one server is made here, once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, WeakValueDictionary

import httpx

from gleanery.errors import ModelNotFoundError, UnsupportedError, UsageError
from gleanery.models.door import Door
from gleanery.models.embedding import EmbeddingDoor
from gleanery.models.endpoint import Address, Endpoint, GgufOptions, endpoint_of, parse_address
from gleanery.models.limiter import Limiter
from gleanery.models.presence import Presence
from gleanery.models.profiles import ProfileCache
from gleanery.models.redaction import redact

if TYPE_CHECKING:
    from gleanery.models.ollama.provider import OllamaProvider
    from gleanery.models.openai.provider import OpenAIProvider

_limiters: WeakKeyDictionary[asyncio.AbstractEventLoop, WeakValueDictionary[tuple[str, int | None], Limiter]]
_limiters = WeakKeyDictionary()


class Models:
    """The models of some endpoints, for chats and for vectors, opened when they are first asked for.

    Belongs to one event loop.

    async with Models(settings.endpoints) as models:
        chat = await models.open("ollama/qwen3:4b")

    `cache` is a folder for what was found out about models; None: it is found out anew.
    """

    def __init__(
        self, endpoints: Mapping[str, Endpoint], gguf: GgufOptions | None = None, cache: Path | None = None
    ) -> None:
        self._endpoints, self._gguf, self._cache = endpoints, gguf or GgufOptions(), cache
        self._profiles = ProfileCache(cache and cache / "models")
        self._doors: dict[str, Door] = {}
        self._embedders: dict[str, EmbeddingDoor] = {}
        self._shared: dict[str, tuple[Limiter, Presence]] = {}
        self._beside: list[Callable[[], Awaitable[None]]] = []

    async def __aenter__(self) -> Models:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def doors(self) -> tuple[Door, ...]:
        """The chat models that are open."""
        return tuple(self._doors.values())

    async def open(self, address: str) -> Door:
        """The model at that address, made sure to be there.

        UsageError where the address is none, EndpointError where its server is not there, ModelNotFoundError where the
        server does not have it.
        """
        if address not in self._doors:
            self._doors[address] = self._gguf_door(address) if address.startswith("gguf/") else self._door(address)
        door = self._doors[address]
        await door.facts()
        return door

    async def open_embedder(self, address: str) -> EmbeddingDoor:
        """The embedding model at that address, made sure to be there; errors as in `open`.

        UnsupportedError for GGUF files, which are opened for chats only.
        """
        if address not in self._embedders:
            self._embedders[address] = self._embedding_door(address)
        embedder = self._embedders[address]
        await embedder.facts()
        return embedder

    def close_too(self, close: Callable[[], Awaitable[None]]) -> None:
        """Have something else closed before the models, which it uses."""
        self._beside.append(close)

    async def aclose(self) -> None:
        """Close every connection, and end what was started."""
        while self._beside:
            await self._beside.pop()()
        opened: list[Door | EmbeddingDoor] = [*self._doors.values(), *self._embedders.values()]
        self._doors, self._embedders = {}, {}
        for door in opened:
            await door.aclose()

    def _door(self, address: str) -> Door:
        endpoint, provider = self._served(address)
        limiter, presence = self._shared_by(endpoint, provider)
        return Door(
            provider,
            limiter=limiter,
            presence=presence,
            profiles=self._profiles,
            timeout=endpoint.timeout,
            stall=endpoint.stall,
            patience=endpoint.patience,
        )

    def _embedding_door(self, address: str) -> EmbeddingDoor:
        if address.startswith("gguf/"):
            raise UnsupportedError(
                f"`{address}`: a GGUF file makes no vectors here. Serve it with Ollama, or with `llama-server "
                "--embeddings` as openai/NAME@URL."
            )
        endpoint, provider = self._served(address)
        limiter, presence = self._shared_by(endpoint, provider)
        return EmbeddingDoor(
            provider, limiter=limiter, presence=presence, timeout=endpoint.timeout, patience=endpoint.patience
        )

    def _served(self, address: str) -> tuple[Endpoint, OllamaProvider | OpenAIProvider]:
        """The endpoint that serves a model, and the way to it."""
        parsed = parse_address(address)
        if parsed.provider == "embedded":
            raise ModelNotFoundError(f"There is no model `{address}`: the embedded one is `embedded/references`.")
        endpoint = endpoint_of(parsed, self._endpoints)
        _check_url(endpoint.url)
        return endpoint, _provider(parsed, endpoint)

    def _shared_by(self, endpoint: Endpoint, provider: OllamaProvider | OpenAIProvider) -> tuple[Limiter, Presence]:
        """What all models of a server share."""
        url = endpoint.url.rstrip("/")
        if url not in self._shared:
            self._shared[url] = _limiter_of(endpoint), Presence(provider.alive, endpoint.patience)
        return self._shared[url]

    def _gguf_door(self, address: str) -> Door:
        from gleanery.models.gguf.provider import GgufProvider

        path = Path(parse_address(address).name).expanduser()
        if not path.is_file():
            raise ModelNotFoundError(f"`{address}`: there is no file {path}. Give the path of a GGUF file.")
        provider = GgufProvider(path, self._gguf, cache=self._cache)
        return Door(
            provider,
            limiter=Limiter(),
            presence=Presence(provider.alive, self._gguf.stall),
            profiles=self._profiles,
            timeout=self._gguf.timeout,
            stall=self._gguf.stall,
        )


def _limiter_of(endpoint: Endpoint) -> Limiter:
    """The places at a server, shared by all Models of an event loop: several jobs together get what one would."""
    here = _limiters.setdefault(asyncio.get_running_loop(), WeakValueDictionary())
    key = endpoint.url.rstrip("/"), endpoint.in_flight
    limiter = here.get(key)
    if limiter is None:
        limiter = here[key] = Limiter(endpoint.in_flight)
    return limiter


def _check_url(text: str) -> None:
    """UsageError where no server can be at that URL."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError(f"`{redact(text)}` is no URL of a server. Write http://host:port, or https://host/v1.")


def _provider(address: Address, endpoint: Endpoint) -> OllamaProvider | OpenAIProvider:
    if endpoint.kind == "ollama":
        from gleanery.models.ollama.provider import OllamaProvider

        return OllamaProvider(address.name, endpoint, address=redact(str(address)))
    from gleanery.models.openai.provider import OpenAIProvider

    return OpenAIProvider(address.name, endpoint, address=redact(str(address)))
