"""Where models are served, as the settings say it, and how a model is addressed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from gleanery.errors import UsageError

Kind = Literal["ollama", "openai"]

OLLAMA = "http://127.0.0.1:11434"
"""Where Ollama listens when nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A server of models. `in_flight` is how many requests it gets at once, None: found out while running.

    `timeout` (a whole call), `stall` (without a token) and `patience` (waiting for a server that went away, or that
    says it is overloaded) are seconds. `keep_alive` is for how long Ollama keeps a model loaded ("5m", "-1").
    """

    name: str
    kind: Kind
    url: str
    api_key: str | None = field(default=None, repr=False)
    in_flight: int | None = None
    timeout: float = 600.0
    stall: float = 120.0
    patience: float = 300.0
    keep_alive: str | None = None


@dataclass(frozen=True, slots=True)
class GgufOptions:
    """How llama.cpp runs a GGUF file: `context` tokens for each of `slots` requests at once, on `threads` threads.

    `threads` None: one for each core that this process may use. `gpu_layers` None: as many as fit.
    """

    context: int = 8192
    slots: int = 4
    threads: int | None = None
    gpu_layers: int | None = None
    timeout: float = 600.0
    stall: float = 120.0


class Address(NamedTuple):
    """A model's address taken apart: `provider/name` or `provider/name@endpoint`, an endpoint's name or URL."""

    provider: str
    name: str
    endpoint: str | None

    def __str__(self) -> str:
        return f"{self.provider}/{self.name}" + (f"@{self.endpoint}" if self.endpoint else "")


PROVIDERS = ("ollama", "openai", "gguf", "embedded")


def parse_address(text: str) -> Address:
    """The parts of a model's address; UsageError where it is none."""
    provider, slash, name = text.partition("/")
    if provider == "gguf":  # a path may hold any character
        model, endpoint = name, ""
    else:
        model, _, endpoint = name.partition("@")
    if not (slash and model) or provider not in PROVIDERS:
        raise UsageError(
            f"`{text}` is no model. Write provider/name: ollama/qwen3:4b, openai/Qwen3-4B@http://host:8000/v1, "
            "gguf/path/to/model.gguf, or embedded/references."
        )
    return Address(provider, model, endpoint or None)


def endpoint_of(address: Address, endpoints: Mapping[str, Endpoint]) -> Endpoint:
    """The endpoint that serves an `ollama` or `openai` address; UsageError where none does.

    An address without endpoint goes to the one endpoint of its kind, or to that which has the provider's name.
    """
    if address.endpoint and "://" in address.endpoint:
        known = next((e for e in endpoints.values() if e.url.rstrip("/") == address.endpoint.rstrip("/")), None)
        return known or Endpoint(address.endpoint, _kind(address), address.endpoint)
    if address.endpoint:
        if address.endpoint not in endpoints:
            raise UsageError(_no_endpoint(address, endpoints))
        return endpoints[address.endpoint]
    if address.provider in endpoints:
        return endpoints[address.provider]
    of_kind = [endpoint for endpoint in endpoints.values() if endpoint.kind == address.provider]
    if len(of_kind) == 1:
        return of_kind[0]
    if address.provider == "ollama" and not of_kind:
        return Endpoint("ollama", "ollama", OLLAMA)
    raise UsageError(_no_endpoint(address, {endpoint.name: endpoint for endpoint in of_kind}))


def _kind(address: Address) -> Kind:
    return "ollama" if address.provider == "ollama" else "openai"


def _no_endpoint(address: Address, endpoints: Mapping[str, Endpoint]) -> str:
    names = ", ".join(f"`{name}`" for name in endpoints)
    has = f"The settings have {names}" if names else "The settings have none for it"
    return (
        f"`{address}`: which endpoint serves it? {has}. Write {address.provider}/{address.name}@http://host:port/v1, "
        "or name an endpoint in gleanery.toml: [endpoints.NAME]."
    )
