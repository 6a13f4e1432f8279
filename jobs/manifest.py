"""What pins a job: everything that its results depend on, and nothing that is secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a job's records came from: a file's absolute path, or `-` for standard input, and how it was read.

    `name` is what the user typed. The records are stored in the ledger; the file is needed again only to take up an
    interrupted loading.
    """

    name: str
    path: str
    format: str = "auto"
    field: str | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a job is: its task, models, options and date.

    `task` is the task's name, `kind` its kind; digests are SHA-256, hex; `prompt_digest` is None where no model is
    prompted. `models` are addresses in order, never `default`. `options` are the settings that answers depend on, and
    `endpoints` and `gguf` how its models are reached, as plain values without keys and passwords. `folder` is where it
    was submitted: the project whose settings name the keys. `wire` says which exchanges are kept, `cache` whether
    equal work that was done before is taken over. `sample` tells apart results of the same input that are wanted
    several times. `pipeline` is the run of a pipeline that it is a step of. `matrix` is what a generating job writes of
    each record of its source, see `gleanery.tasks.matrix`. `version` is the package's.
    """

    task: str
    kind: str
    task_digest: str
    schema_digest: str
    prompt_digest: str | None
    models: tuple[str, ...]
    options: Mapping[str, Any]
    endpoints: Mapping[str, Mapping[str, Any]]
    gguf: Mapping[str, Any]
    folder: str
    date: str
    version: str
    origin: Origin
    profile: str | None = None
    wire: str = "full"
    cache: bool = True
    sample: int = 0
    again_of: str | None = None
    skipped: tuple[str, ...] = field(default=())
    matrix: Mapping[str, Any] | None = None
    pipeline: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The manifest as the ledger keeps it, and `show JOB --json` prints it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Manifest:
        """The manifest that `as_json` wrote, here or in an older version."""
        lists = {name: tuple(value.get(name, ())) for name in ("models", "skipped")}
        return cls(**{**value, **lists, "origin": Origin(**value["origin"])})
