"""`gleanery doctor`: can the servers, the models and the settings be used, and if not, what is to be done."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import click

from gleanery.cli.printing import print_json, print_table, size
from gleanery.errors import ModelError

if TYPE_CHECKING:
    from gleanery.models.doctoring import EndpointReport, ModelReport
    from gleanery.settings import Settings

_SPECIALIST = "embedded/references"


@dataclass(frozen=True, slots=True)
class Checkup:
    """All that was found. `default` is the default model's address; `engine` the version of that for GGUF files.

    `troubles` are why something that was asked for cannot be used, `advice` is what could be better.
    """

    settings: Settings
    default: str | None
    endpoints: list[EndpointReport]
    asked: list[ModelReport]
    specialist_ms: float | None
    engine: str | None
    troubles: list[str]
    advice: list[str]

    @property
    def models(self) -> list[ModelReport]:
        """Every model that was found, as it was found to be where it was asked."""
        asked = {report.model: report for report in self.asked if report.trouble is None}
        stated = {model.model: model for endpoint in self.endpoints for model in endpoint.models}
        sized = {name: replace(report, size=stated[name].size) for name, report in asked.items() if name in stated}
        return list({**stated, **asked, **sized}.values())


@click.command(
    epilog="Exit codes: 0 the default model and those named can be used, 2 the settings are wrong, "
    "3 a model cannot be used."
)
@click.argument("model", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(model: tuple[str, ...], as_json: bool) -> None:
    """Check the servers of the settings (if none: Ollama at its usual place), and what their models can do.

    Each MODEL, and the default model, is loaded and asked; of others is told what their server states.
    """
    from gleanery.settings import load_settings

    found = _checkup(model, load_settings())
    if as_json:
        print_json(_as_json(found))
    else:
        _show(found)
    if found.troubles:
        sys.exit(ModelError.exit_code)


def _checkup(named: tuple[str, ...], settings: Settings) -> Checkup:
    from gleanery.models import doctoring

    usual = doctoring.usual_endpoint(settings.endpoints)
    endpoints = asyncio.run(doctoring.look_at_endpoints([*settings.endpoints.values(), *([usual] if usual else [])]))
    default = settings.default_model or _only_model(endpoints)
    chats = _chats(default, named)
    asked = []
    if chats:
        click.echo(f"Asking {', '.join(chats)}: this loads what is not loaded yet.", err=True)
        asking = doctoring.ask_models(chats, settings.endpoints, settings.gguf, settings.cache_dir)
        asked = asyncio.run(asking)
    milliseconds, specialist_trouble = doctoring.look_at_specialist()
    troubles = [trouble for trouble in (*(report.trouble for report in asked), specialist_trouble) if trouble]
    advice = [
        *_about_endpoints(endpoints, settings),
        *_about_settings(settings, default, endpoints, asked),
        *(sentence for report in asked for sentence in report.advice),
    ]
    left = [sentence for sentence in advice if sentence not in troubles]
    return Checkup(settings, default, endpoints, asked, milliseconds, doctoring.gguf_engine(), troubles, left)


def _chats(default: str | None, named: tuple[str, ...]) -> list[str]:
    """The addresses of the chat models to be asked."""
    from gleanery.cli.serving import address_meant

    if "default" in named and default is None:
        raise ModelError("There is no default model: put `default_model` into gleanery.toml.")
    wanted = [default, *(name if address_meant(name) else f"ollama/{name}" for name in named if name != "default")]
    return [address for address in dict.fromkeys(wanted) if address and not address.startswith("embedded/")]


def _only_model(endpoints: list[EndpointReport]) -> str | None:
    """The model that `default` is where the settings name none: the only one that the only Ollama has."""
    declared = [report for report in endpoints if report.kind == "ollama"]
    named = [report for report in declared if report.name == "ollama"]
    report = declared[0] if len(declared) == 1 else named[0] if named else None
    return report.models[0].model if report and len(report.models) == 1 else None


def _about_endpoints(endpoints: list[EndpointReport], settings: Settings) -> Iterator[str]:
    for report in endpoints:
        if report.trouble:
            yield report.trouble
        variable = settings.values.get(f"endpoints.{report.name}.api_key_env")
        if variable and variable.value and settings.endpoints[report.name].api_key is None:
            yield f"The endpoint `{report.name}` takes its key from {variable.value}, which is not set. Set it."


def _about_settings(
    settings: Settings, default: str | None, endpoints: list[EndpointReport], asked: list[ModelReport]
) -> Iterator[str]:
    found = [model.model for report in endpoints for model in report.models]
    if default is None and found:
        yield f'No default model is set. Put it into gleanery.toml, such as: default_model = "{found[0]}"'
    for report in asked:
        window = report.capabilities.window
        if settings.context is not None and window is not None and settings.context > window:
            yield f"`context` is {settings.context}, and the window of `{report.model}` has {window}. Lower it."
        if settings.thinking is not False and report.capabilities.thinking_breaks_schema:
            yield f'`{report.model}` forgets the schema of its answer when it thinks. Set `thinking` to "off".'


def _show(found: Checkup) -> None:
    from gleanery.settings.values import shortened

    files = ", ".join(shortened(file) for file in found.settings.files) or "no file; `gleanery config path` says where"
    specialist = "cannot be used" if found.specialist_ms is None else f"reads a reference, {found.specialist_ms:.0f} ms"
    facts = {
        "settings": files,
        "profile": found.settings.profile or "",
        "default model": found.default or "none",
        _SPECIALIST: specialist,
        "GGUF engine": f"xllamacpp {found.engine}" if found.engine else "not installed: pip install 'gleanery[gguf]'",
    }
    for name, fact in facts.items():
        if fact:
            click.echo(f"{name:<20}  {fact}")
    click.echo()
    rows = [_endpoint_row(report) for report in found.endpoints]
    print_table(("endpoint", "url", "server", "ms", "models"), rows, right=("ms", "models"))
    if rows := [_model_row(report) for report in found.models]:
        click.echo()
        columns = ("model", "size", "window", "tools", "schema", "thinking", "slots", "grammar")
        print_table(columns, rows, right=("size", "window", "slots"))
    click.echo()
    for sentence in found.troubles:
        click.echo(f"{click.style('Trouble:', fg='red')} {sentence}")
    for sentence in found.advice:
        click.echo(f"{click.style('Advice:', fg='yellow')} {sentence}")
    if not (found.troubles or found.advice):
        click.echo("All is well.")


def _endpoint_row(report: EndpointReport) -> tuple[str, ...]:
    milliseconds = "" if report.milliseconds is None else f"{report.milliseconds:.0f}"
    there = report.milliseconds is not None
    server = report.server or ("answers" if there else "not usable")
    return report.name, report.url, server, milliseconds, str(len(report.models)) if there else ""


def _model_row(report: ModelReport) -> tuple[str, ...]:
    can = report.capabilities
    marks = (can.window, can.tools, can.schema, can.thinking, can.slots, can.grammar)
    return report.model, size(report.size), *map(_mark, marks)


def _mark(value: object) -> str:
    return "?" if value is None else "yes" if value is True else "no" if value is False else str(value)


def _as_json(found: Checkup) -> dict[str, Any]:
    return {
        "usable": not found.troubles,
        "settings": [str(file) for file in found.settings.files],
        "profile": found.settings.profile,
        "default_model": found.default,
        "endpoints": [{**report.as_json(), "models": len(report.models)} for report in found.endpoints],
        "models": [report.as_json() for report in found.models],
        "specialist_ms": found.specialist_ms,
        "gguf_engine": found.engine,
        "troubles": found.troubles,
        "advice": found.advice,
    }
