"""What a refusal of an OpenAI-compatible server means, read out of its status and of what it says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import orjson

from gleanery.errors import ContextWindowError, ModelError, ModelNotFoundError, ReplyError, UnsupportedError
from gleanery.models.http import error_of_status
from gleanery.models.redaction import redact

_TOO_LONG = re.compile(
    r"context[ _](?:length|size|window)|exceed_context_size|context the overflows|too many tokens|too large to process",
    re.IGNORECASE,
)
_WINDOW = re.compile(
    r"(?:maximum context length (?:is|of)|available context size \(|context length of only|context window of) ?(\d+)",
    re.IGNORECASE,
)
_TOKENS = (
    re.compile(r"(\d+) in the (?:messages|prompt)"),
    re.compile(r"prompt contains (?:at least )?(\d+)"),
    re.compile(r"request has (\d+)"),
    re.compile(r"request \((\d+) tokens\)"),
    re.compile(r"resulted in (\d+)"),
    re.compile(r"requested (\d+) tokens"),
)
_NO_MODEL = re.compile(r"model_not_found|invalid model name|model `?.*does not exist|model .*not found", re.IGNORECASE)
_UNREADABLE = re.compile(r"does not match the expected [\w-]+ format")
_WRONG_PATHS = frozenset({404, 405})


@dataclass(frozen=True, slots=True)
class Place:
    """Who is asked, where, and what must not be seen in an error. `larger_window` is what its server may be given."""

    url: str
    model: str
    secrets: tuple[str, ...] = ()
    larger_window: str = "a larger context"

    def __str__(self) -> str:
        return redact(self.url, self.secrets)


class SwitchRefusedError(UnsupportedError):
    """The server takes no `chat_template_kwargs` for this model (vLLM, with a Mistral tokenizer)."""


class ServerSaidError(Exception):
    """What came as a part of a reply is an error instead. Never leaves this package."""

    def __init__(self, event: bytes) -> None:
        self.text = event.decode("utf-8", "replace")
        super().__init__(self.text)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as a server states it: its own words, and what else it says."""

    status: int
    text: str
    message: str
    details: Mapping[str, Any]

    @classmethod
    def read(cls, status: int, text: str) -> Refusal:
        """The error in a body, whichever shape it has: {"error": {...}}, {"error": "..."}, {"message": ...}, text."""
        try:
            body = orjson.loads(text)
        except orjson.JSONDecodeError:
            return cls(status, text, text, {})
        error = body.get("error", body) if isinstance(body, dict) else body
        details = error if isinstance(error, dict) else {"message": error}
        said = details.get("message") or details.get("detail")
        return cls(status, text, said if isinstance(said, str) else text, details)

    @classmethod
    def streamed(cls, text: str) -> Refusal:
        """The error in an event of a stream that began well: its status stands in it, if anywhere."""
        refusal = cls.read(500, text)
        code = str(refusal.details.get("code") or refusal.details.get("status") or "")
        return cls(int(code) if re.fullmatch(r"[45]\d\d", code) else 500, text, refusal.message, refusal.details)

    @property
    def words(self) -> str:
        """Its message, type and code."""
        return " ".join(str(self.details.get(key) or "") for key in ("type", "code")) + " " + self.message


def failure_of(refusal: Refusal, headers: httpx.Headers, place: Place, body: Mapping[str, Any]) -> ModelError:
    """What the refusal of `body` means."""
    said = redact(" ".join(refusal.message.split()), place.secrets)[:500]
    if refusal.status not in (401, 403, 429, 502, 503, 504):
        failure = (
            _no_model(refusal, said, place)
            or _too_long(refusal, said, place)
            or _unsupported(refusal, said, place, body)
            or _unreadable(refusal, place)
        )
        if failure is not None:
            return failure
    text = refusal.message if refusal.message.strip() else refusal.text
    return error_of_status(refusal.status, text, headers, where=str(place), model=place.model, secrets=place.secrets)


def _no_model(refusal: Refusal, said: str, place: Place) -> ModelError | None:
    if _NO_MODEL.search(refusal.words):
        return ModelNotFoundError(f"{place} has no model for `{place.model}` ({said}).")
    if refusal.status in _WRONG_PATHS:
        return ModelError(
            f"{place} answers, but has no OpenAI-compatible chat ({refusal.status}: {said}). Check its `url` in "
            "gleanery.toml: it usually ends in /v1."
        )
    return None


def _unreadable(refusal: Refusal, place: Place) -> ModelError | None:
    """llama.cpp's words for an answer that it cannot take apart itself."""
    if not _UNREADABLE.search(refusal.message):
        return None
    return ReplyError(
        f"`{place.model}` gave an answer that its server could not read: it ended for want of tokens, or is no "
        "well-formed text. Raise `max_tokens`."
    )


def _too_long(refusal: Refusal, said: str, place: Place) -> ModelError | None:
    if not _TOO_LONG.search(refusal.words):
        return None
    window = _number(refusal.details.get("n_ctx")) or _found(_WINDOW, refusal.message)
    tokens = _number(refusal.details.get("n_prompt_tokens"))
    for pattern in _TOKENS:
        tokens = tokens or _found(pattern, refusal.message)
    return ContextWindowError(
        f"The prompt and its answer do not fit the window of `{place.model}` at {place} ({said}). Shorten the input, "
        f"lower `max_tokens`, or start the server with {place.larger_window}.",
        tokens=tokens,
        window=window,
    )


def _unsupported(refusal: Refusal, said: str, place: Place, body: Mapping[str, Any]) -> ModelError | None:
    words = refusal.words.lower()
    if "chat_template_kwargs" in body and "chat_template" in words and "not supported" in words:
        return SwitchRefusedError(f"{place} cannot switch the thinking of `{place.model}` ({said}).")
    if "tools" in body and "enable-auto-tool-choice" in words:
        fix = "Start vLLM with --enable-auto-tool-choice and the --tool-call-parser of this model."
    elif "tools" in body and "--jinja" in words:
        fix = "Start llama-server with --jinja."
    elif "tools" in body and "tool" in words:
        fix = "Use a model whose chat template has tools."
    elif ("grammar" in body or "guided_grammar" in body or "structured_outputs" in body) and "grammar" in words:
        fix = "Check the grammar: each rule is `name ::= ...` (GBNF), and the first is `root`."
    elif "response_format" in body and re.search("schema|response_format|grammar|structured|guided", words):
        fix = "Simplify the schema, or ask without one."
    elif refusal.status == 501 or "not_supported" in words:
        fix = "Ask for less, or use another server."
    else:
        return None
    return UnsupportedError(f"{place} cannot do for `{place.model}` what was asked ({said}). {fix}")


def _found(pattern: re.Pattern[str], text: str) -> int | None:
    match = pattern.search(text)
    return int(match[1]) if match else None


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
