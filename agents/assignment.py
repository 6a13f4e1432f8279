"""What an agent is given to do with one record, and what comes of it."""

from __future__ import annotations

from dataclasses import dataclass

from gleanery.agents.declarations import AgentDeclaration
from gleanery.models.chat import Request, Usage


class GaveUpError(Exception):
    """CrewAI ended without an answer, for a reason of its own."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """What an agent is to do: `prompt` has the record in it, `expected` says what its answer shall give.

    `options` is a request whose sampling and limits hold for every call. `native`: the model calls tools by itself.
    """

    agent: AgentDeclaration
    prompt: str
    expected: str
    model: str
    options: Request
    native: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """What came of it: what the agent says in the end, or the `failure` that kept it from that.

    `asked` is how often it asked its model, `called` how many calls reached a tool with arguments that it takes.
    """

    text: str
    failure: Exception | None
    asked: int
    called: int
    usage: Usage | None
