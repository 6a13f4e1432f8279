"""Finds out what a model can do by asking it small things; what its server says of it is believed."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import orjson

from gleanery.errors import ModelError, UnsupportedError
from gleanery.models.chat import Capabilities, Finish, Request, SchemaSupport, Tool
from gleanery.models.guard import SMALLEST
from gleanery.models.provider import ModelFacts, Provider
from gleanery.models.thinking import ThinkingFilter, whole
from gleanery.models.wire import Call, acting_for

LOADING_SECONDS = 300.0
"""For the first question: a large model takes long to load."""

SECONDS = 60.0
"""For all the others together."""

_WORD = "ultramarine"
"""What the schema allows and the question does not ask for: a model that says it was made to."""

_SCHEMA = {
    "type": "object",
    "properties": {"colour": {"type": "string", "enum": [_WORD]}},
    "required": ["colour"],
    "additionalProperties": False,
}
_QUESTION = "Write one plain sentence about the sea. Do not write JSON."
_GRAMMAR = f'root ::= "{_WORD}"'
_TOOL = Tool(
    "note_colour",
    "Note a colour.",
    {"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]},
)
_CALL = "Note the colour blue: call the tool note_colour."
_TOKENS, _THINKING_TOKENS = 64, 512


@dataclass(frozen=True, slots=True)
class _Said:
    """What came back: the answer without thinking, whether there was some, whether a tool was called, how many pieces
    it came in, and how it ended (None: not in time)."""

    text: str = ""
    thought: bool = False
    called: bool = False
    pieces: int = 0
    finish: Finish | None = None


async def probe(provider: Provider, facts: ModelFacts) -> Capabilities:
    """What the model can do. None stays where the answer to a question did not come in time, or proves nothing.

    Raises the ModelError of the first question where the model cannot be talked to at all.
    """
    known = facts.known
    with acting_for(Call(provider.model, "probe")):
        asker = _Asker(provider, await _context(provider, facts))
        plain = await asker.ask(Request.ask(_QUESTION, max_tokens=_TOKENS, thinking=None), LOADING_SECONDS)
        thinking = _thinks(plain) if known.thinking is None else known.thinking
        asker.tokens = _THINKING_TOKENS if thinking else _TOKENS
        asker.end = asyncio.get_running_loop().time() + SECONDS
        found = replace(
            known,
            streaming=_streams(plain) if known.streaming is None else known.streaming,
            thinking=thinking,
            schema=await _schema(asker) if known.schema is None else known.schema,
            grammar=await _grammar(asker, known.grammar),
            tools=await _tools(asker) if known.tools is None else known.tools,
        )
        if thinking and known.thinking_breaks_schema is None:
            found = replace(found, thinking_breaks_schema=await _thinking_breaks_schema(asker))
    return as_served(found, facts)


def as_served(found: Capabilities, facts: ModelFacts) -> Capabilities:
    """What was found out, perhaps long ago, with what the server says now: it may have been started otherwise."""
    window = facts.known.window if facts.window is None else facts.window
    return replace(found, slots=facts.known.slots, window=window)


class _Asker:
    """Asks one question after another: each with its `tokens` for the answer, none after `end`."""

    def __init__(self, provider: Provider, context: int | None) -> None:
        self._provider, self._context = provider, context
        self.tokens, self.end = _TOKENS, 0.0

    async def ask(self, request: Request, seconds: float | None = None) -> _Said:
        """What the model says in time, or has said by then."""
        left = self.end - asyncio.get_running_loop().time() if seconds is None else seconds
        request = request.but(max_tokens=request.max_tokens or self.tokens, context=self._context, stream=True)
        texts: list[str] = []
        thoughts = ""
        called, finish = False, None
        try:
            async with asyncio.timeout(left), aclosing(self._provider.stream(request)) as pieces:
                async for piece in pieces:
                    texts += [piece.text] if piece.text else []
                    thoughts += piece.thinking
                    called = called or bool(piece.tool_calls)
                    finish = piece.ending.finish if piece.ending else None
        except TimeoutError:
            pass
        split = ThinkingFilter()
        parts = split.feed("".join(texts)), split.end()
        text, thinking = whole(parts[0][0] + parts[1][0], thoughts + parts[0][1] + parts[1][1])
        return _Said(text, bool(thinking), called, len(texts), finish)


async def _context(provider: Provider, facts: ModelFacts) -> int | None:
    """A window with which the model need not be loaded anew, now or for the first request after this."""
    if not facts.chooses_window:
        return None
    context = max(SMALLEST, await provider.loaded_window() or 0)
    return context if facts.window is None else min(context, facts.window)


def _thinks(plain: _Said) -> bool | None:
    """A model that ended its answer without thinking does not think unless told to; one that did not may be at it."""
    if plain.thought:
        return True
    return False if plain.finish == "stop" and plain.text else None


def _streams(plain: _Said) -> bool | None:
    """An answer of several words comes in several pieces where it is streamed."""
    if plain.pieces > 1:
        return True
    return False if len(plain.text.split()) > 2 else None


async def _schema(asker: _Asker) -> SchemaSupport | None:
    try:
        said = await asker.ask(Request.ask(_QUESTION, schema=_SCHEMA))
    except UnsupportedError:
        return "refused"
    except ModelError:
        return None
    if _fits(said.text):
        return "enforced"
    return "accepted" if said.finish is not None and said.text else None


async def _grammar(asker: _Asker, stated: bool) -> bool:
    """Whether a grammar is kept to: some servers take one and then let anything pass."""
    try:
        said = await asker.ask(Request.ask(_QUESTION, grammar=_GRAMMAR))
    except ModelError:
        return False
    return stated if said.finish is None else said.text.strip() == _WORD


async def _tools(asker: _Asker) -> bool | None:
    """A model that answers in words may call tools another time, so that proves nothing."""
    try:
        said = await asker.ask(Request.ask(_CALL, tools=(_TOOL,), max_tokens=_THINKING_TOKENS))
    except UnsupportedError:
        return False
    except ModelError:
        return None
    return True if said.called else None


async def _thinking_breaks_schema(asker: _Asker) -> bool | None:
    try:
        said = await asker.ask(Request.ask(_QUESTION, schema=_SCHEMA, thinking=True))
    except UnsupportedError:
        return True
    except ModelError:
        return None
    return None if said.finish is None or not said.text else not _fits(said.text)


def _fits(text: str) -> bool:
    try:
        value: Any = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    return bool(value == {"colour": _WORD})
