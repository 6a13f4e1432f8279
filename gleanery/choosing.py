"""Which models a task is run with: what its declaration, the command and the settings say, made into addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gleanery.errors import GleaneryError, ModelError
from gleanery.models.endpoint import OLLAMA, Endpoint

if TYPE_CHECKING:
    from gleanery.settings import Settings
    from gleanery.tasks.declarations import Task

DEFAULT = "default"
_NO_DEFAULT = "no chat model is set. Put `default_model` into gleanery.toml, or give --model."


@dataclass(frozen=True, slots=True)
class Choice:
    """The addresses of a task's models in order, and for each model that was left out a sentence that says why."""

    addresses: tuple[str, ...]
    skipped: tuple[str, ...] = ()


def wanted_models(task: Task, model: str | None) -> tuple[str, ...]:
    """What `model`, else the task's agent, else the task says; `default` may be among them."""
    if model:
        return (model,)
    if task.kind != "agent":
        return task.models
    from gleanery.agents.declarations import models_of

    return models_of(task)


def choose_without_asking(task: Task, model: str | None, settings: Settings) -> Choice | None:
    """The choice where no server has to be asked for it, else None."""
    wanted = wanted_models(task, model)
    if DEFAULT not in wanted:
        return Choice(wanted)
    if settings.default_model:
        return Choice(tuple(settings.default_model if name == DEFAULT else name for name in wanted))
    if _ollama(settings) is None and len(wanted) > 1:
        return Choice(tuple(name for name in wanted if name != DEFAULT), (_NO_DEFAULT,))
    return None


async def choose_models(task: Task, model: str | None, settings: Settings) -> Choice:
    """The models for a task; `model` overrides those of its declaration.

    `default` is the settings' `default_model`, or the only model that Ollama has. Ollama is asked only where it was
    named (OLLAMA_HOST, or an endpoint) or where the task has no other model. What cannot be had is left out as long as
    another model remains; ModelError where none does.
    """
    if known := choose_without_asking(task, model, settings):
        return known
    wanted = wanted_models(task, model)
    addresses: list[str] = []
    skipped: list[str] = []
    for name in wanted:
        try:
            addresses.append(await _only_model(_ollama(settings)) if name == DEFAULT else name)
        except GleaneryError as error:
            if len(wanted) == 1:
                raise
            skipped.append(str(error))
    if not addresses:
        raise ModelError(f"Task `{task.name}`: no model is there. {' '.join(skipped)}")
    return Choice(tuple(addresses), tuple(skipped))


def _ollama(settings: Settings) -> Endpoint | None:
    kinds = [endpoint for endpoint in settings.endpoints.values() if endpoint.kind == "ollama"]
    return kinds[0] if len(kinds) == 1 else settings.endpoints.get("ollama")


async def _only_model(endpoint: Endpoint | None) -> str:
    """The address of the only model that Ollama has, at its usual place where no endpoint was named."""
    from gleanery.models.ollama.management import OllamaServer

    endpoint = endpoint or Endpoint("ollama", "ollama", OLLAMA)
    server = OllamaServer(endpoint)
    try:
        names = [model.name for model in await server.list()]
    finally:
        await server.aclose()
    if len(names) == 1:
        return f"ollama/{names[0]}" if endpoint.name == "ollama" else f"ollama/{names[0]}@{endpoint.name}"
    if not names:
        raise ModelError("Ollama has no model yet: pull one, such as `gleanery models pull ollama/qwen3:4b`.")
    raise ModelError(
        f"Ollama has {len(names)} models ({', '.join(names[:5])}{', ...' if len(names) > 5 else ''}): say which is the "
        "default with `default_model` in gleanery.toml, or give --model."
    )
