"""What an agent is given to do with one record, and what comes of it: plain data, which crosses to an agent host."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gleanery.models.chat import Reply, Request, Tool

Send = Callable[[Request], Reply]
"""Puts a request to the agent's model. NoReplyError where that gave no reply."""

CallTool = Callable[[str, str], str]
"""What the agent is told of a call of the tool of that name, with arguments in JSON as its model wrote them."""


class GaveUpError(Exception):
    """CrewAI ended without an answer, for a reason of its own."""


class NoReplyError(Exception):
    """The model gave no reply, for a reason that whoever sent the request knows."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What an agent is to do: `prompt` has the record in it, `expected` says what its answer shall give.

    `steps` is how often it may ask its model before it must answer. `options` is a request whose sampling and limits
    hold for every call. `native`: the model calls tools by itself.
    """

    role: str
    goal: str
    backstory: str
    tools: tuple[Tool, ...]
    steps: int
    prompt: str
    expected: str
    model: str
    options: Request
    native: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """What came of it: what the agent says in the end, or the `failure` that kept it from that.

    `asked` is how often it asked its model.
    """

    text: str
    failure: Exception | None
    asked: int
