"""What servers tell of a model outside of OpenAI's API, each at its own path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from gleanery.errors import ModelError, ReplyError
from gleanery.models.chat import Capabilities
from gleanery.models.openai.connection import Connection
from gleanery.models.openai.dialects import OPENAI, Dialect, llama_server, vllm
from gleanery.models.openai.server import ServedModel
from gleanery.models.provider import ModelFacts


async def dialect_of(connection: Connection, model: ServedModel) -> Dialect:
    """How to speak to the server, told by whom its list of models names as their owner."""
    if model.owner == "vllm":
        return vllm(str((await connection.get(f"{connection.root}/version")).get("version", "")))
    if model.owner == "llamacpp":
        return llama_server(str((await _props(connection, model)).get("build_info", "")))
    return OPENAI


async def facts_of(connection: Connection, dialect: Dialect, model: ServedModel) -> ModelFacts:
    """What the server says of the model. None of these servers tells a digest of its weights."""
    if dialect.name == "llama-server":
        props = await _props(connection, model)
        known = Capabilities(grammar=True, streaming=True, slots=props.get("total_slots"))
        return ModelFacts(None, _slot_window(connection, props), known=known, server=dialect.server)
    known = Capabilities(grammar=bool(dialect.grammar), streaming=True)
    return ModelFacts(None, await window_of(connection, dialect, model), known=known, server=dialect.server)


async def window_of(connection: Connection, dialect: Dialect, model: ServedModel) -> int | None:
    """The tokens that a request can have, prompt and answer; None where the server does not tell."""
    if dialect.name == "llama-server":
        return _slot_window(connection, await _props(connection, model))
    if model.window is not None or dialect.name == "vllm":
        return model.window
    return await _lm_studio_window(connection, model)


async def count(connection: Connection, dialect: Dialect, prompt: Mapping[str, Any]) -> int | None:
    """The tokens of a prompt (`requests.prompt_of`) by the server's tokenizer and template; None: it has none."""
    try:
        if dialect.name == "vllm":
            return int((await connection.post(f"{connection.root}/tokenize", prompt))["count"])
        if dialect.name == "llama-server":
            text = (await connection.post(f"{connection.root}/apply-template", prompt))["prompt"]
            asked = {"model": prompt["model"], "content": text, "add_special": True, "parse_special": True}
            return len((await connection.post(f"{connection.root}/tokenize", asked))["tokens"])
    except (TypeError, LookupError):
        raise ReplyError(f"{connection.place} counted no tokens when it was asked to.") from None
    return None


async def _props(connection: Connection, model: ServedModel) -> dict[str, Any]:
    """llama-server's properties. One that serves several models wants to know of which."""
    props = await connection.get(f"{connection.root}/props?model={quote(model.name, safe='')}")
    if not isinstance(props, dict):
        raise ReplyError(f"{connection.place} gave no properties when it was asked to.")
    return props


def _slot_window(connection: Connection, props: Mapping[str, Any]) -> int:
    try:
        return int(props["default_generation_settings"]["n_ctx"])
    except (TypeError, LookupError):
        raise ReplyError(f"{connection.place} does not tell the context of its slots.") from None


async def _lm_studio_window(connection: Connection, model: ServedModel) -> int | None:
    """The context with which LM Studio has loaded the model: OpenAI's API does not tell, its own does."""
    try:
        entry = await connection.get(f"{connection.root}/api/v0/models/{quote(model.name)}")
    except ModelError:
        return None
    window = entry.get("loaded_context_length") if isinstance(entry, dict) else None
    return window if isinstance(window, int) else None
