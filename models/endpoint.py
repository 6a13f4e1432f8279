"""Where models are served, as the settings say it, and how a model is addressed."""

from __future__ import annotations

import re
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
    What may be secret, the key and a password in the URL, is not shown.
    """

    name: str
    kind: Kind
    url: str = field(repr=False)
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


_CREDENTIALS = re.compile(r"(?<=://)[^/?#@]*@")

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
    kind: Kind = "ollama" if address.provider == "ollama" else "openai"
    of_kind = {name: endpoint for name, endpoint in endpoints.items() if endpoint.kind == kind}
    if address.endpoint and "://" in address.endpoint:
        known = (e for e in of_kind.values() if e.url.rstrip("/") == address.endpoint.rstrip("/"))
        return next(known, Endpoint(_CREDENTIALS.sub("", address.endpoint), kind, address.endpoint))
    if address.endpoint and address.endpoint in endpoints and address.endpoint not in of_kind:
        other = endpoints[address.endpoint].kind
        raise UsageError(
            f"`{address}`: the endpoint `{address.endpoint}` is of kind `{other}`. Write "
            f"{other}/{address.name}@{address.endpoint}, or set its `kind` in gleanery.toml."
        )
    if (name := address.endpoint or address.provider) in of_kind:
        return of_kind[name]
    if address.endpoint is None and len(of_kind) == 1:
        return next(iter(of_kind.values()))
    if address.endpoint is None and kind == "ollama" and not of_kind:
        return Endpoint("ollama", "ollama", OLLAMA)
    raise UsageError(_no_endpoint(address, of_kind))


def _no_endpoint(address: Address, endpoints: Mapping[str, Endpoint]) -> str:
    names = ", ".join(f"`{name}`" for name in endpoints)
    has = f"The settings have {names}" if names else "The settings have none for it"
    return (
        f"`{address}`: which endpoint serves it? {has}. Write {address.provider}/{address.name}@http://host:port/v1, "
        "or name an endpoint in gleanery.toml: [endpoints.NAME]."
    )
