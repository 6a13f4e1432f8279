"""Finds out what a model can do by asking it small things; what its server says of it is believed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import orjson

from gleanery.errors import ModelError, UnsupportedError
from gleanery.models.chat import Capabilities, Finish, Request, SchemaSupport, Tool
from gleanery.models.guard import SMALLEST
from gleanery.models.provider import ModelFacts, Provider
from gleanery.models.thinking import CLOSING, ThinkingFilter, whole
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

_T = TypeVar("_T")


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
    with acting_for(Call(provider.model, "probe")):
        questions = _Questions(provider, await _context(provider, facts), LOADING_SECONDS)
        plain = await questions.ask(Request.ask(_QUESTION, max_tokens=_TOKENS, thinking=None))
        thinking = _thinks(plain) if facts.known.thinking is None else facts.known.thinking
        questions = _Questions(provider, questions.context, SECONDS, thinks=bool(thinking))
        breaks = await questions.thinking_breaks_schema(facts.known.thinking_breaks_schema) if thinking else None
        found = Capabilities(
            schema=await questions.schema(),
            tools=await questions.tools() if facts.known.tools is None else None,
            grammar=await questions.grammar(facts.known.grammar),
            thinking=thinking,
            thinking_breaks_schema=breaks,
            streaming=_streams(plain),
        )
    return found
