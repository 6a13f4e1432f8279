"""Opens chat models by their addresses: what is shared between the models of one server is made here, once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import httpx

from gleanery.errors import ModelNotFoundError, UsageError
from gleanery.models.door import Door
from gleanery.models.endpoint import Address, Endpoint, GgufOptions, endpoint_of, parse_address
from gleanery.models.limiter import Limiter
from gleanery.models.presence import Presence
from gleanery.models.profiles import ProfileCache
from gleanery.models.redaction import redact

if TYPE_CHECKING:
    from gleanery.models.provider import Provider


class Models:
    """The chat models of some endpoints, opened when they are first asked for. Belongs to one event loop.

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
        self._shared: dict[str, tuple[Limiter, Presence]] = {}

    async def __aenter__(self) -> Models:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    @property
    def doors(self) -> tuple[Door, ...]:
        """Those that are open."""
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

    async def aclose(self) -> None:
        """Close every connection, and end what was started."""
        doors, self._doors = self._doors, {}
        for door in doors.values():
            await door.aclose()

    def _door(self, address: str) -> Door:
        parsed = parse_address(address)
        if parsed.provider == "embedded":
            raise ModelNotFoundError(f"There is no model `{address}`: the embedded one is `embedded/references`.")
        endpoint = endpoint_of(parsed, self._endpoints)
        _check_url(endpoint.url)
        provider = _provider(parsed, endpoint)
        url = endpoint.url.rstrip("/")
        if url not in self._shared:
            self._shared[url] = Limiter(endpoint.in_flight), Presence(provider.alive, endpoint.patience)
        limiter, presence = self._shared[url]
        return Door(
            provider,
            limiter=limiter,
            presence=presence,
            profiles=self._profiles,
            timeout=endpoint.timeout,
            stall=endpoint.stall,
            patience=endpoint.patience,
        )

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


def _check_url(text: str) -> None:
    """UsageError where no server can be at that URL."""
    try:
        url = httpx.URL(text)
    except (httpx.InvalidURL, ValueError):
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError(f"`{redact(text)}` is no URL of a server. Write http://host:port, or https://host/v1.")


def _provider(address: Address, endpoint: Endpoint) -> Provider:
    if endpoint.kind == "ollama":
        from gleanery.models.ollama.provider import OllamaProvider

        return OllamaProvider(address.name, endpoint, address=redact(str(address)))
    from gleanery.models.openai.provider import OpenAIProvider

    return OpenAIProvider(address.name, endpoint, address=redact(str(address)))
