"""How many tokens a prompt can have, without the model's tokenizer: at most, and at least."""

from __future__ import annotations

import json
import random
from dataclasses import replace

from gleanery.models.chat import Message, Request, Tool

PROMPT, MESSAGE, TOOLS = 256, 16, 512
"""Tokens that a chat template may put round a prompt, round each message or tool call, and round the tools."""

WORDS = 64
"""Words by which a prompt is made longer to see whether its count grows."""

_CHANCE = random.SystemRandom()


def at_most(request: Request) -> int:
    """A number of tokens that the prompt does not exceed: every token is at least one byte of it, or the template's.

    A template with long instructions of its own (a default system prompt) may be beyond that.
    """
    total = PROMPT
    for message in request.messages:
        total += MESSAGE + _bytes(message.content)
        for call in message.tool_calls:
            total += MESSAGE + _bytes(call.name) + _bytes(call.arguments) + _bytes(call.id)
        total += _bytes(message.name or "") + _bytes(message.tool_call_id or "")
    if request.tools:
        total += TOOLS + sum(map(_tool, request.tools))
    return total


def at_least(request: Request) -> int:
    """A number of tokens that the prompt reaches: no tokenizer makes one token of two words with a space between.

    What the model said itself does not count, since templates leave out what it thought.
    """
    return sum(len(message.content.split()) for message in request.messages if message.role != "assistant")


def lengthened(request: Request) -> Request:
    """The prompt made longer, to be counted only.

    It begins with words by chance, so that no server has worked out a part of it before. Words stand as well at the
    beginning of what is cut away first, the oldest message after the system's.
    """
    messages = list(request.messages)
    oldest = next((i for i, message in enumerate(messages) if message.role != "system"), 0)
    numbers = " ".join(str(_CHANCE.randint(100, 999)) for _ in range(WORDS))
    messages[oldest] = _begun(messages[oldest], numbers)
    messages[0] = _begun(messages[0], str(_CHANCE.randint(100_000, 999_999)))
    return request.but(messages=tuple(messages), max_tokens=1, schema=None, grammar=None, stop=())


def _begun(message: Message, line: str) -> Message:
    return replace(message, content=f"{line}\n{message.content}")


def _bytes(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))


def _tool(tool: Tool) -> int:
    """Twice the bytes of a tool's JSON: templates indent it."""
    text = json.dumps([tool.name, tool.description, tool.parameters], ensure_ascii=False, default=dict)
    return MESSAGE + 2 * _bytes(text)
