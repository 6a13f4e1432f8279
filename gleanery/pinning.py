"""What a job is pinned to when it is submitted, and the settings that are made of it where it is run."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date as Date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gleanery.errors import UsageError
from gleanery.jobs.manifest import Manifest, Origin
from gleanery.models.endpoint import Endpoint, GgufOptions
from gleanery.models.redaction import redact
from gleanery.settings import Settings, load_settings
from gleanery.tasks.declarations import Task
from gleanery.tasks.matrix import Matrix, matrix_of
from gleanery.tasks.schemas import load_schema
from gleanery.version import __version__

if TYPE_CHECKING:
    from gleanery.tasks.conversation import Conversation

_OPTIONS = (
    "retries", "shots", "max_tokens", "temperature", "top_p", "top_k", "min_p", "seed", "thinking", "grammar",
    "context",
)  # fmt: skip
"""The settings that answers depend on."""
_CREDENTIALS = re.compile(r"(?<=://)[^/?#@]*@")


def manifest_of(
    task: Task,
    settings: Settings,
    addresses: Sequence[str],
    *,
    date: Date,
    origin: Origin,
    cache: bool = True,
    sample: int = 0,
    skipped: Sequence[str] = (),
) -> Manifest:
    """The manifest of a job: `addresses` are its models, as they were chosen."""
    matrix = matrix_for(task, addresses, settings)
    return Manifest(
        task=task.name,
        kind=task.kind,
        task_digest=task.digest,
        schema_digest=load_schema(task).digest,
        prompt_digest=None if _embedded(addresses) else _conversation(task, settings).digest,
        models=tuple(redact(address) for address in addresses),
        options={"accept": task.accept, **{name: getattr(settings, name) for name in _OPTIONS}, **_drawn(task)},
        endpoints={name: _said(endpoint, settings) for name, endpoint in settings.endpoints.items()},
        gguf=asdict(settings.gguf),
        folder=str(Path.cwd()),
        date=date.isoformat(),
        version=__version__,
        origin=origin,
        profile=settings.profile,
        wire=settings.wire,
        cache=cache,
        sample=sample,
        skipped=tuple(skipped),
        matrix=matrix.as_json() if matrix else None,
    )


def matrix_for(task: Task, addresses: Sequence[str], settings: Settings) -> Matrix | None:
    """What a generating task has to write with these models, which records name as jobs do; None for other kinds."""
    models = [redact(address) for address in addresses]
    return matrix_of(task, models, seed=settings.seed, temperature=settings.temperature)


def _drawn(task: Task) -> dict[str, Any]:
    """The temperature of a task that declares one."""
    said = task.generation and task.generation.temperature
    return {} if said is None else {"temperature": said}


def check_addresses(addresses: Sequence[str]) -> None:
    """UsageError where an address holds a password: it would have to be kept with the job."""
    for address in addresses:
        if redact(address) != address:
            raise UsageError(
                f"`{redact(address)}` has a password in its URL, which a job must not keep. Declare the endpoint in "
                "gleanery.toml, with its key in an environment variable: api_key_env."
            )


def settings_of(manifest: Manifest) -> Settings:
    """The settings that a job was submitted with. Keys and passwords are taken from where it runs: from the
    environment, and from the settings of the folder it was submitted in."""
    here = _settings_here(manifest)
    options = {name: value for name, value in manifest.options.items() if name in _OPTIONS}
    return replace(
        here,
        **options,
        endpoints={name: _endpoint(name, said, here) for name, said in manifest.endpoints.items()},
        gguf=GgufOptions(**manifest.gguf),
    )


def _settings_here(manifest: Manifest) -> Settings:
    folder = Path(manifest.folder)
    return load_settings(project=folder, profile=manifest.profile) if folder.is_dir() else load_settings()


def _said(endpoint: Endpoint, settings: Settings) -> dict[str, Any]:
    """An endpoint without what is secret; its key by the name of its variable."""
    variable = settings.values.get(f"endpoints.{endpoint.name}.api_key_env")
    said = {key: value for key, value in asdict(endpoint).items() if key not in ("name", "api_key")}
    return {**said, "url": _CREDENTIALS.sub("", endpoint.url), "api_key_env": variable and variable.value}


def _endpoint(name: str, said: Mapping[str, Any], here: Settings) -> Endpoint:
    options = dict(said)
    variable = options.pop("api_key_env", None)
    known = here.endpoints.get(name)
    if known is not None and _CREDENTIALS.sub("", known.url) == options["url"]:
        options["url"] = known.url
    return Endpoint(name, **options, api_key=(os.environ.get(variable) or None) if variable else None)


def _embedded(addresses: Sequence[str]) -> bool:
    return all(address.startswith("embedded/") for address in addresses)


def _conversation(task: Task, settings: Settings) -> Conversation:
    from gleanery.tasks.conversation import Conversation

    return Conversation(task, load_schema(task), shots=settings.shots)
