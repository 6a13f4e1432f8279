"""What servers tell of the models they have: rows of lists, details, and how far a download is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model that a server has. `size` in bytes; None is what the server does not tell.

    `parameters` is their number as people write it ("8.2B"), `quantization` like "Q4_K_M", `family` like "qwen3".
    """

    name: str
    size: int | None = None
    digest: str | None = None
    modified: datetime | None = None
    parameters: str | None = None
    quantization: str | None = None
    family: str | None = None


@dataclass(frozen=True, slots=True)
class ModelDetails:
    """All that a server tells of one model. `window` is its largest context in tokens."""

    name: str
    window: int | None = None
    capabilities: tuple[str, ...] = ()
    template: str | None = None
    parameters: str | None = None
    license: str | None = None
    modelfile: str | None = None


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in memory: bytes in all and on the GPU, until when it stays, and its context in tokens."""

    name: str
    size: int | None = None
    size_vram: int | None = None
    expires_at: datetime | None = None
    context_length: int | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a download or an upload is, in bytes; None where it cannot be counted."""

    status: str
    completed: int | None = None
    total: int | None = None
