"""What Ollama's own words for a failure mean."""

from __future__ import annotations

import re
from typing import Any

import orjson

from gleanery.errors import (
    ContextWindowError,
    EndpointError,
    ModelError,
    ModelNotFoundError,
    OverloadedError,
    UnsupportedError,
)

_UNSUPPORTED = re.compile(r"does not support (\w+)")
_NOT_FOUND = re.compile(r"model\b.*\bnot found")
_NOT_IN_LIBRARY = re.compile(r"pull model manifest: file does not exist")
_TOO_LONG = re.compile(r"exceeds (the )?(available |maximum )?context|longer than the context length")
_SIZES = re.compile(r"\((\d+) tokens\).*\((\d+) tokens\)")
_BUSY = re.compile(r"maximum pending requests|server busy")
_RUNNER_DIED = re.compile(r"runner process (has terminated|no longer running)|unexpected EOF|EOF$|connection reset")

_INSTEAD = {
    "tools": "Choose a model that can call tools; `gleanery models` lists what they can do.",
    "thinking": "Ask it with thinking off.",
    "chat": "It is not made for chats: choose another.",
    "embeddings": "It makes no vectors: choose an embedding model, such as nomic-embed-text.",
}


def said_in(body: bytes) -> str:
    """The reason in an error's body: Ollama wraps it in JSON, and that of its runners in JSON once more."""
    said: Any = body.decode("utf-8", "replace")
    while True:
        inner = said
        if isinstance(inner, str):
            try:
                inner = orjson.loads(inner)
            except orjson.JSONDecodeError:
                return " ".join(inner.split())
        if not isinstance(inner, dict):
            return " ".join(str(said).split())
        inner = inner.get("error", inner.get("message"))
        if inner is None:
            return " ".join(str(said).split())
        said = inner


def meaning(said: str, model: str, name: str) -> ModelError | None:
    """The error that these words are; None where they are not known. `model` is the address, `name` Ollama's name."""
    if found := _UNSUPPORTED.search(said):
        what = found[1]
        return UnsupportedError(f"`{model}` does not support {what}. {_INSTEAD.get(what, 'Choose another model.')}")
    if _NOT_FOUND.search(said):
        return ModelNotFoundError(
            f"Ollama does not have `{model}` ({said}). Get it with `gleanery models pull {model}` or "
            f"`ollama pull {name}`; `gleanery models` lists those it has."
        )
    if _NOT_IN_LIBRARY.search(said):
        return ModelNotFoundError(
            f"Ollama's library has no `{name}` ({said}). Look for its name and tag at https://ollama.com/library."
        )
    if _TOO_LONG.search(said):
        sizes = _SIZES.search(said)
        tokens, window = (int(sizes[1]), int(sizes[2])) if sizes else (None, None)
        return ContextWindowError(
            f"The prompt does not fit the window of `{model}` ({said}). Shorten it, or allow a larger context.",
            tokens=tokens,
            window=window,
        )
    if _BUSY.search(said):
        return OverloadedError(f"Ollama takes no more requests for `{model}` ({said}). Lower `in_flight` for it.")
    if _RUNNER_DIED.search(said):
        return EndpointError(f"Ollama's runner of `{model}` died while answering ({said}). `ollama serve` logs why.")
    return None
