"""`gleanery models`: what models your servers have, and looking after them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gleanery.cli.printing import print_json, print_table, size
from gleanery.cli.serving import (
    address_at,
    endpoint_option,
    endpoints_meant,
    gguf_file,
    must_be_ollama,
    ollama_of,
    server_of,
)
from gleanery.errors import EndpointError, ModelError, ModelNotFoundError, UsageError

if TYPE_CHECKING:
    from gleanery.models.catalogue import Progress
    from gleanery.models.endpoint import Endpoint
    from gleanery.models.ollama.management import OllamaServer

Row = dict[str, Any]
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class _ListByDefault(click.Group):
    """A group that lists where no subcommand is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the command line."""
        if not args or (args[0].startswith("-") and args[0] not in ("-h", "--help")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_ListByDefault)
def models() -> None:
    """List the models of your servers, and look after them. MODEL is an address, or a name at Ollama.

    \b
    gleanery models
    gleanery models pull qwen3:4b
    gleanery models show gguf/~/models/qwen3-4b-q4_k_m.gguf
    gleanery models bench openai/Qwen3-4B@lab
    """


@models.command(name="list")
@endpoint_option
@json_option
def list_(endpoint: str | None, as_json: bool) -> None:
    """List the models of every endpoint."""
    rows = asyncio.run(_rows_of(endpoints_meant(_endpoints(), endpoint), _models_at))
    if as_json:
        print_json(rows)
    elif rows:
        columns = ("model", "size", "parameters", "quantization", "window", "modified")
        shown = [{**row, "size": size(row["size"]), "modified": (row["modified"] or "")[:10]} for row in rows]
        print_table(columns, [[_cell(row[column]) for column in columns] for row in shown], right=("size", "window"))
    else:
        click.echo("No model is there yet. Get one, such as: gleanery models pull qwen3:4b", err=True)


async def _rows_of(asked: list[Endpoint], rows_at: Callable[[Endpoint], Awaitable[list[Row]]]) -> list[Row]:
    """The rows of all endpoints. Those that cannot be had are told on standard error, and raised where none can."""
    found = await asyncio.gather(*map(rows_at, asked), return_exceptions=True)
    failed = [result for result in found if isinstance(result, ModelError)]
    if len(failed) == len(asked):
        raise failed[0] if len(failed) == 1 else EndpointError("\n".join(map(str, failed)))
    for error in failed:
        click.echo(f"Error: {error}", err=True)
    rows: list[Row] = []
    for result in found:
        if isinstance(result, list):
            rows += result
        elif not isinstance(result, ModelError):
            raise result
    return rows


async def _models_at(endpoint: Endpoint) -> list[Row]:
    """The models of an endpoint, as `list --json` prints them."""
    if endpoint.kind == "ollama":
        async with _ollama(endpoint) as server:
            found = [asdict(model) for model in await server.list()]
    else:
        from gleanery.models.openai.server import list_models

        found = [{"name": model.name, "window": model.window} for model in await list_models(endpoint)]
    keys = ("name", "size", "parameters", "quantization", "family", "digest", "window")
    return [
        {
            "model": address_at(endpoint, model["name"]),
            "endpoint": endpoint.name,
            **{key: model.get(key) for key in keys},
            "modified": model["modified"].isoformat() if model.get("modified") else None,
        }
        for model in found
    ]


@models.command()
@click.argument("model")
@endpoint_option
@json_option
def show(model: str, endpoint: str | None, as_json: bool) -> None:
    """Show what is known of MODEL, a GGUF file (gguf/PATH) among them, without loading it."""
    file = gguf_file(model)
    facts = _gguf_facts(model, file) if file else asyncio.run(_facts(model, endpoint))
    if as_json:
        print_json(facts)
        return
    width = max(map(len, facts))
    for key, value in facts.items():
        if value in (None, "", []):
            continue
        text = ", ".join(value) if isinstance(value, list) else size(value) if key == "size" else _cell(value)
        head, *rest = text.strip().split("\n")
        click.echo("\n".join([f"{key:<{width}}  {head}", *(f"{'':<{width}}  {line}" for line in rest)]))


async def _facts(model: str, named: str | None) -> dict[str, Any]:
    endpoint, name = server_of(model, _endpoints(), named)
    base = {"model": address_at(endpoint, name), "endpoint": endpoint.name}
    if endpoint.kind == "ollama":
        async with _ollama(endpoint) as server:
            details = asdict(await server.show(name))
        return {**base, **details, "capabilities": list(details["capabilities"])}
    from gleanery.models.openai.server import list_models

    served = await list_models(endpoint)
    found = next((known for known in served if known.answers_to(name)), None)
    if found is None:
        has = ", ".join(f"`{known.name}`" for known in served[:20]) or "none at all"
        raise ModelNotFoundError(f"The endpoint `{endpoint.name}` has no model `{name}`. It has {has}.")
    return {**base, "name": found.name, "window": found.window, "owner": found.owner, "aliases": list(found.aliases)}


def _gguf_facts(model: str, file: Path) -> dict[str, Any]:
    from gleanery.models.gguf.metadata import read_metadata

    read = read_metadata(file)
    return {
        "model": model,
        "name": read.name,
        "architecture": read.architecture,
        "quantization": read.quantisation,
        "window": read.window,
        "size": read.size,
        "capabilities": ["completion", *(["tools"] if read.tools else [])],
        "files": [str(path) for path in read.files],
        "template": read.chat_template,
    }


@models.command()
@click.argument("model")
@endpoint_option
@json_option
def pull(model: str, endpoint: str | None, as_json: bool) -> None:
    """Download MODEL to an Ollama server. What was interrupted goes on when it is pulled again."""
    server, name = ollama_of(model, _endpoints(), endpoint, "pull")
    try:
        asyncio.run(_followed(server, lambda ollama: ollama.pull(name), as_json))
    except KeyboardInterrupt:
        click.echo(f"\nInterrupted. `gleanery models pull {model}` goes on from where it was.", err=True)
        sys.exit(130)
    if not as_json:
        click.echo(f"{address_at(server, name)} is there.", err=True)


@models.command()
@endpoint_option
@json_option
def ps(endpoint: str | None, as_json: bool) -> None:
    """List the models that Ollama has in memory."""
    servers = endpoints_meant(_endpoints(), endpoint)
    able = [server for server in servers if server.kind == "ollama"]
    if not able:
        must_be_ollama(servers[0], "list loaded")
    rows = asyncio.run(_rows_of(able, _loaded))
    if as_json:
        print_json(rows)
    elif rows:
        columns = ("model", "size", "on GPU", "context", "until")
        print_table(columns, [_loaded_cells(row) for row in rows], right=("size", "on GPU", "context"))
    else:
        click.echo("No model is loaded.", err=True)


async def _loaded(endpoint: Endpoint) -> list[Row]:
    async with _ollama(endpoint) as server:
        found = [asdict(model) for model in await server.ps()]
    return [
        {
            "model": address_at(endpoint, model["name"]),
            **model,
            "expires_at": model["expires_at"].isoformat() if model["expires_at"] else None,
        }
        for model in found
    ]


@models.command()
@click.argument("name")
@click.option("-f", "--file", type=click.Path(), default="Modelfile", show_default=True, help="What it is made of.")
@endpoint_option
@json_option
def create(name: str, file: str, endpoint: str | None, as_json: bool) -> None:
    """Make the model NAME at an Ollama server, as a Modelfile says."""
    from gleanery.models.ollama.modelfile import Modelfile

    modelfile = Modelfile.read(Path(file))
    server, known_as = ollama_of(name, _endpoints(), endpoint, "create")
    asyncio.run(_followed(server, lambda ollama: ollama.create(known_as, modelfile), as_json))
    if not as_json:
        click.echo(f"{address_at(server, known_as)} is there.", err=True)


@models.command()
@click.argument("model")
@click.option("--yes", is_flag=True, help="Delete without asking.")
@endpoint_option
@json_option
def rm(model: str, yes: bool, endpoint: str | None, as_json: bool) -> None:
    """Delete MODEL from an Ollama server, after asking."""
    server, name = ollama_of(model, _endpoints(), endpoint, "delete")
    if not (yes or _confirmed(f"Delete {address_at(server, name)}?")):
        click.echo("Nothing was deleted.", err=True)
        sys.exit(1)
    _done(_with(server, lambda ollama: ollama.delete(name)), "deleted", address_at(server, name), as_json)


@models.command()
@click.argument("model")
@endpoint_option
@json_option
def unload(model: str, endpoint: str | None, as_json: bool) -> None:
    """Take MODEL out of the memory of an Ollama server."""
    server, name = ollama_of(model, _endpoints(), endpoint, "unload")
    _done(_with(server, lambda ollama: ollama.unload(name)), "unloaded", address_at(server, name), as_json)


@models.command()
@click.argument("model")
@click.argument("copy")
@endpoint_option
@json_option
def copy(model: str, copy: str, endpoint: str | None, as_json: bool) -> None:
    """Give MODEL a second name, COPY, at its Ollama server."""
    server, name = ollama_of(model, _endpoints(), endpoint, "copy")
    other = copy.removeprefix("ollama/")
    _done(_with(server, lambda ollama: ollama.copy(name, other)), "copied", address_at(server, other), as_json)


@models.command()
@click.argument("model")
@click.option("--requests", type=click.IntRange(1, 1000), default=5, show_default=True, help="Requests to measure.")
@click.option("--at-once", type=click.IntRange(1, 1000), default=1, show_default=True, help="Of them in flight.")
@click.option("--tokens", type=click.IntRange(2), default=128, show_default=True, help="Tokens of an answer at most.")
@endpoint_option
@json_option
def bench(model: str, requests: int, at_once: int, tokens: int, endpoint: str | None, as_json: bool) -> None:
    """Measure MODEL: time to the first token, time for each, tokens a second. Loads it first."""
    from gleanery.cli.bench import measure
    from gleanery.settings import load_settings

    settings = load_settings()
    address = model if gguf_file(model) else address_at(*server_of(model, settings.endpoints, endpoint))
    measured = asyncio.run(measure(address, settings, requests=requests, at_once=at_once, tokens=tokens))
    if as_json:
        print_json(measured.as_json())
    else:
        print_table(("", "median", "least", "most"), measured.rows(), right=("median", "least", "most"))
        click.echo(measured.sentence(), err=True)


def _endpoints() -> dict[str, Endpoint]:
    from gleanery.settings import load_settings

    return dict(load_settings().endpoints)


def _ollama(endpoint: Endpoint) -> OllamaServer:
    from gleanery.models.ollama.management import OllamaServer

    return OllamaServer(endpoint)


async def _with(endpoint: Endpoint, work: Any) -> None:
    """Do something at an Ollama server."""
    async with _ollama(endpoint) as server:
        await work(server)


async def _followed(endpoint: Endpoint, work: Any, as_json: bool) -> None:
    """Do something long at an Ollama server, and show how far it is."""
    from gleanery.cli.transfer import show_progress

    async with _ollama(endpoint) as server:
        reports: AsyncGenerator[Progress, None] = work(server)
        await show_progress(reports, as_json=as_json)


def _done(work: Coroutine[Any, Any, None], what: str, model: str, as_json: bool) -> None:
    asyncio.run(work)
    if as_json:
        print_json({what: model})
    else:
        click.echo(f"{model}: {what}.", err=True)


def _confirmed(question: str) -> bool:
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        raise UsageError("Nobody is there to answer. Give --yes to delete without being asked.") from None


def _loaded_cells(row: Row) -> tuple[str, ...]:
    on_gpu = f"{row['size_vram'] / row['size']:.0%}" if row["size"] and row["size_vram"] is not None else ""
    return row["model"], size(row["size"]), on_gpu, _cell(row["context_length"]), (row["expires_at"] or "")[:19]


def _cell(value: Any) -> str:
    return "" if value is None else str(value)
