"""Which server a command about models is meant for."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from gleanery.errors import UnsupportedError, UsageError
from gleanery.models.endpoint import OLLAMA, PROVIDERS, Address, Endpoint, endpoint_of, parse_address
from gleanery.tasks.nearest import did_you_mean

endpoint_option = click.option(
    "--endpoint", metavar="NAME", help="The endpoint of the settings that is meant; else the address says it."
)


def endpoints_meant(endpoints: Mapping[str, Endpoint], name: str | None) -> list[Endpoint]:
    """The endpoint of that name, or all there are; Ollama at its usual place where the settings have none."""
    if name is not None:
        return [_named(endpoints, name)]
    return list(endpoints.values()) or [Endpoint("ollama", "ollama", OLLAMA)]


def server_of(model: str, endpoints: Mapping[str, Endpoint], name: str | None) -> tuple[Endpoint, str]:
    """The endpoint of a model and its name there. `model` is an address, or a name at the endpoint `name`."""
    address = address_meant(model)
    if address is None:
        return _only(endpoints, model) if name is None else _named(endpoints, name), model
    if address.provider not in ("ollama", "openai"):
        raise UnsupportedError(f"`{model}` is served by no server: there is nothing to do for it here.")
    if name is not None and address.endpoint is None:
        return _named(endpoints, name), address.name
    return endpoint_of(address, endpoints), address.name


def ollama_of(model: str, endpoints: Mapping[str, Endpoint], name: str | None, verb: str) -> tuple[Endpoint, str]:
    """`server_of` for what only Ollama can do; UnsupportedError elsewhere."""
    if (address := address_meant(model)) is not None and address.provider == "gguf":
        raise UnsupportedError(f"`{model}` is a file: no server can {verb} it. Only Ollama's models can be.")
    endpoint, known_as = server_of(model, endpoints, name)
    must_be_ollama(endpoint, verb)
    return endpoint, known_as


def must_be_ollama(endpoint: Endpoint, verb: str) -> None:
    """UnsupportedError where the endpoint is not Ollama."""
    if endpoint.kind != "ollama":
        raise UnsupportedError(
            f"The endpoint `{endpoint.name}` speaks OpenAI's API, which cannot {verb} models: its server is started "
            "with the model that it serves. Only Ollama can."
        )


def gguf_file(model: str) -> Path | None:
    """The file that a gguf address names; None for other models."""
    address = address_meant(model)
    return Path(address.name).expanduser() if address is not None and address.provider == "gguf" else None


def address_meant(model: str) -> Address | None:
    """The address; None where it is only a name. Ollama's names may hold slashes too (hf.co/...)."""
    return parse_address(model) if model.partition("/")[0] in PROVIDERS and "/" in model else None


def address_at(endpoint: Endpoint, name: str) -> str:
    """The address of a model at an endpoint."""
    return f"{endpoint.kind}/{name}" + ("" if endpoint.name == endpoint.kind else f"@{endpoint.name}")


def _named(endpoints: Mapping[str, Endpoint], name: str) -> Endpoint:
    if name in endpoints:
        return endpoints[name]
    if name == "ollama" and all(endpoint.kind != "ollama" for endpoint in endpoints.values()):
        return Endpoint("ollama", "ollama", OLLAMA)
    known = f" There are {', '.join(f'`{known}`' for known in endpoints)}." if endpoints else ""
    near = did_you_mean(name, endpoints) or known
    raise UsageError(f"There is no endpoint `{name}`.{near} Declare it in gleanery.toml: [endpoints.{name}].")


def _only(endpoints: Mapping[str, Endpoint], model: str) -> Endpoint:
    """The one endpoint there is, else Ollama."""
    if len(endpoints) == 1:
        return next(iter(endpoints.values()))
    return endpoint_of(Address("ollama", model, None), endpoints)
