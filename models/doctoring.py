"""Looks at every server and at some models, and says what is wrong with each and what to do about it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import Any, TypeVar

from gleanery.errors import EndpointError, GleaneryError
from gleanery.models.chat import Capabilities
from gleanery.models.endpoint import OLLAMA, Endpoint, GgufOptions

SMALL_WINDOW = 4096
"""Tokens below which a prompt with some examples and its answer may not fit."""
SECONDS = 15.0
"""How long a server may take to say what it has."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class ModelReport:
    """A model as its server states it; `asked`: and as it was found to be when it was asked.

    `trouble` says why it cannot be used, `advice` what could be better, a sentence each.
    """

    model: str
    size: int | None = None
    capabilities: Capabilities = field(default_factory=Capabilities)
    asked: bool = False
    trouble: str | None = None
    advice: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """As `doctor --json` prints it."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class EndpointReport:
    """A server: its software, the milliseconds it took to answer, and its models; else the `trouble` with it."""

    name: str
    kind: str
    url: str
    server: str | None = None
    milliseconds: float | None = None
    models: tuple[ModelReport, ...] = ()
    trouble: str | None = None

    def as_json(self) -> dict[str, Any]:
        """As `doctor --json` prints it."""
        return asdict(self)


async def look_at_endpoints(endpoints: Iterable[Endpoint]) -> list[EndpointReport]:
    """What each server says of itself and of its models. No model is loaded."""
    return list(await asyncio.gather(*map(_endpoint, endpoints)))


async def ask_models(
    addresses: Iterable[str], endpoints: Mapping[str, Endpoint], gguf: GgufOptions, cache: Path | None
) -> list[ModelReport]:
    """Each model as it is found to be when it is asked, which loads it."""
    from gleanery.models.opening import Models

    async with Models(endpoints, gguf, cache) as models:
        return [await _asked(address, models) for address in addresses]


def look_at_specialist() -> tuple[float | None, str | None]:
    """Milliseconds that the embedded specialist takes to load and read a reference; else why it cannot."""
    began = perf_counter()
    try:
        from gleanery.models.references.labeller import Labeller

        Labeller()("Shannon, C. E. (1948). A mathematical theory of communication.")
    except GleaneryError as error:
        return None, str(error)
    return 1000 * (perf_counter() - began), None


def gguf_engine() -> str | None:
    """The version of the engine for GGUF files; None where it is not installed."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("xllamacpp")
    except PackageNotFoundError:
        return None


async def _endpoint(endpoint: Endpoint) -> EndpointReport:
    from gleanery.models.redaction import redact

    report = EndpointReport(endpoint.name, endpoint.kind, redact(endpoint.url))
    look = _ollama if endpoint.kind == "ollama" else _openai
    try:
        async with asyncio.timeout(SECONDS):
            return await look(endpoint, report)
    except TimeoutError:
        trouble = f"{report.url} did not answer within {SECONDS:.0f} seconds. Restart it, or correct its `url`."
        return replace(report, trouble=trouble)
    except EndpointError as error:
        return replace(report, trouble=f"{error}{_how_to_start(endpoint)}")
    except GleaneryError as error:
        return replace(report, trouble=str(error))


def _how_to_start(endpoint: Endpoint) -> str:
    if endpoint.kind == "ollama":
        return ""
    return " Start it, such as with `vllm serve NAME` or `llama-server -m FILE --jinja`, or correct its `url`."


async def _ollama(endpoint: Endpoint, report: EndpointReport) -> EndpointReport:
    from gleanery.models.ollama.management import OllamaServer

    async with OllamaServer(endpoint) as server:
        version, milliseconds = await _timed(server.version())
        listed = await server.list()
        details = await asyncio.gather(*(server.show(model.name) for model in listed))
    prefix, suffix = ("ollama/", "" if endpoint.name == "ollama" else f"@{endpoint.name}")
    models = tuple(
        ModelReport(
            f"{prefix}{model.name}{suffix}",
            model.size,
            Capabilities(
                tools="tools" in shown.capabilities if shown.capabilities else None,
                thinking="thinking" in shown.capabilities if shown.capabilities else None,
                window=shown.window,
            ),
        )
        for model, shown in zip(listed, details, strict=True)
    )
    trouble = None if models else "Ollama has no model yet. Get one: `gleanery models pull qwen3:4b`."
    server_name = f"ollama {version}".rstrip()
    return replace(report, server=server_name, milliseconds=milliseconds, models=models, trouble=trouble)


async def _openai(endpoint: Endpoint, report: EndpointReport) -> EndpointReport:
    from gleanery.models.openai.connection import Connection
    from gleanery.models.openai.details import dialect_of, facts_of
    from gleanery.models.openai.server import served

    connection = Connection(endpoint, endpoint.name)
    try:
        listed, milliseconds = await _timed(served(connection))
        if not listed:
            return replace(report, milliseconds=milliseconds, trouble="It serves no model. Start it with one.")
        dialect = await dialect_of(connection, listed[0])
        facts = await asyncio.gather(*(facts_of(connection, dialect, model) for model in listed))
    finally:
        await connection.aclose()
    suffix = "" if endpoint.name == "openai" else f"@{endpoint.name}"
    models = tuple(
        ModelReport(f"openai/{model.name}{suffix}", None, replace(known.known, window=known.window))
        for model, known in zip(listed, facts, strict=True)
    )
    return replace(report, server=dialect.server or "OpenAI-compatible", milliseconds=milliseconds, models=models)


async def _timed(work: Awaitable[_T]) -> tuple[_T, float]:
    """What it gives, and the milliseconds it took."""
    began = perf_counter()
    return await work, 1000 * (perf_counter() - began)


async def _asked(address: str, models: Any) -> ModelReport:
    try:
        door = await models.open(address)
        capabilities = await door.capabilities()
        facts = await door.facts()
    except GleaneryError as error:
        return ModelReport(address, trouble=str(error), asked=True)
    window = capabilities.window or facts.window
    capabilities = replace(capabilities, window=window)
    return ModelReport(address, None, capabilities, True, advice=tuple(_advice(address, capabilities, facts.server)))


def _advice(address: str, can: Capabilities, server: str) -> Iterable[str]:
    """What could be better with a model that answers."""
    if can.window is not None and can.window < SMALL_WINDOW:
        yield f"The window of `{address}` is only {can.window} tokens: a task's prompt may not fit. {_larger(server)}"
    if can.tools is False:
        yield f"`{address}` calls no tools, which agents need. {_tools(server)}"
    if can.schema == "refused":
        yield f"`{address}` takes no JSON Schema: answers are told to keep it, and checked, but may need a second try."
    if can.schema == "accepted":
        yield f"`{address}` takes a JSON Schema without keeping it: answers are checked, but may need a second try."


def _larger(server: str) -> str:
    if server.startswith("vllm"):
        return f"Start vLLM with `--max-model-len {2 * SMALL_WINDOW}` or more."
    if server.startswith("llama-server"):
        return f"Start llama-server with a larger `--ctx-size`: its slots share it, so {2 * SMALL_WINDOW} for each."
    if server.startswith("ollama"):
        return "Take another model: this one was made with it."
    return "Give it a larger context: `[gguf] context` for a GGUF file, the server's own option else."


def _tools(server: str) -> str:
    if server.startswith("vllm"):
        return "Start vLLM with `--enable-auto-tool-choice` and the `--tool-call-parser` of this model."
    if server.startswith("llama-server"):
        return "Start llama-server with `--jinja`."
    return "Take a model that can."


def usual_endpoint(endpoints: Mapping[str, Endpoint]) -> Endpoint | None:
    """Ollama at its usual place; None where the settings have endpoints: then nothing else is contacted."""
    return None if endpoints else Endpoint("ollama", "ollama", OLLAMA)
