"""What an OpenAI-compatible server has besides chats: its list of models."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from gleanery.errors import ModelNotFoundError, ReplyError
from gleanery.models.endpoint import Endpoint
from gleanery.models.openai.connection import Connection
from gleanery.models.redaction import redact
from gleanery.models.wire import Call, acting_for

_WINDOWS = ("max_model_len", "loaded_context_length", "context_length", "max_context_length", "context_window")


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A model in a server's list. `owner` tells which software serves it; `window` is in tokens, None: not told."""

    name: str
    owner: str = ""
    window: int | None = None
    aliases: tuple[str, ...] = ()

    def answers_to(self, name: str) -> bool:
        """Whether it is the model of that name; a proxy may list a pattern (`qwen/*`)."""
        return name == self.name or name in self.aliases or ("*" in self.name and fnmatchcase(name, self.name))


async def list_models(endpoint: Endpoint) -> list[ServedModel]:
    """The models that the server has."""
    connection = Connection(endpoint, endpoint.name)
    try:
        with acting_for(Call(endpoint.name, "models")):
            return await served(connection)
    finally:
        await connection.aclose()


async def served(connection: Connection) -> list[ServedModel]:
    """The models in the server's own list."""
    listing = await connection.get(f"{connection.url}/models")
    try:
        return [_served(entry) for entry in listing["data"]]
    except (TypeError, LookupError, AttributeError):
        raise ReplyError(f"{connection.place}/models is no list of models. Check its `url` in gleanery.toml.") from None


def not_found(connection: Connection, name: str, models: Sequence[ServedModel]) -> ModelNotFoundError:
    """The server does not have `name`: the error that says what it has."""
    names = ", ".join(f"`{model.name}`" for model in models[:20]) or "none at all"
    more = f" and {len(models) - 20} more" if len(models) > 20 else ""
    has = redact(names, connection.place.secrets)
    return ModelNotFoundError(f"{connection.place} has no model `{name}`. It has {has}{more}.")


def _served(entry: dict[str, Any]) -> ServedModel:
    window = next((entry[key] for key in _WINDOWS if isinstance(entry.get(key), int)), None)
    return ServedModel(str(entry["id"]), str(entry.get("owned_by") or ""), window, tuple(entry.get("aliases") or ()))
