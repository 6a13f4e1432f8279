"""What one record's agent gets from this process: its model's replies, its tools' answers; and what that came to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count
from time import monotonic

import orjson

from gleanery.agents.assignment import GaveUpError
from gleanery.agents.declarations import AgentDeclaration
from gleanery.models.chat import Chat, Message, Reply, Request, Usage
from gleanery.models.wire import Exchange, record
from gleanery.tools.log import ToolCall, ToolLog
from gleanery.tools.toolbox import Toolbox

_ENOUGH = "You have used up your {}. Give your final answer now, with what you have found so far; use no more tools."


class RecordServices:
    """A record's ways to `chat` and into the toolbox that is made around its `log`. What goes either way is recorded
    where somebody is recording.

    The limits of `agent` hold here, but for its steps, which CrewAI counts. `met` is the one that was met first, in
    words; from then on the model is offered no tools and told to answer, or not asked any more (`at_limit`).
    """

    def __init__(self, agent: AgentDeclaration, chat: Chat, toolbox: Callable[[ToolLog], Toolbox]) -> None:
        self.log = _RecordedLog(chat.model)
        self.toolbox = toolbox(self.log)
        self.asked = 0
        self.usage: Usage | None = None
        self.met: str | None = None
        self._agent, self._chat = agent, chat
        self._calls = count(1)
        self._until: float | None = None

    async def ask(self, request: Request) -> Reply:
        """The model's reply; GaveUpError where a limit is met at which the agent shall fail."""
        self._look_at_limits()
        if self.met is not None:
            if self._agent.at_limit == "fail":
                raise GaveUpError(f"It used up its {self.met}.")
            told = Message("user", _ENOUGH.format(self.met))
            request = request.but(messages=(*request.messages, told), tools=())
        self.asked += 1
        reply = await self._chat.send(request)
        if reply.usage is not None:
            self.usage = reply.usage if self.usage is None else self.usage + reply.usage
        return reply

    def call(self, name: str, arguments: str) -> str:
        """What the agent is told of a call of a tool."""
        most = self._agent.tool_calls
        if most is not None and next(self._calls) > most:
            self.met = self.met or f"{most} tool call{'s' * (most > 1)}"
            return f"Error: {name} was not called. {_ENOUGH.format(self.met)}"
        return self.toolbox.call(name, arguments)

    def _look_at_limits(self) -> None:
        """Whether a limit is met by now: time counts from the first request."""
        agent = self._agent
        if agent.seconds is not None:
            self._until = self._until or monotonic() + agent.seconds
            if monotonic() > self._until:
                self.met = self.met or f"{agent.seconds:g} seconds"
        if agent.tokens is not None and self.usage and self.usage.prompt + self.usage.completion >= agent.tokens:
            self.met = self.met or f"{agent.tokens} tokens"


class _RecordedLog(ToolLog):
    """A tool log that is a part of the wire record too, between the exchanges with the model."""

    def __init__(self, model: str) -> None:
        super().__init__()
        self._model = model

    def add(self, call: ToolCall) -> None:
        """Write down a call that has ended."""
        super().add(call)
        record(_exchange(call, self._model))


def _exchange(call: ToolCall, model: str) -> Exchange:
    """The call as an exchange: `purpose` is "tool", the header `leave` says by whose leave."""
    arguments = call.arguments if isinstance(call.arguments, str) else orjson.dumps(call.arguments).decode()
    return Exchange(
        model=model,
        purpose="tool",
        attempt=1,
        method="CALL",
        url=f"tool:{call.tool}",
        headers={} if call.leave is None else {"leave": call.leave},
        request=arguments,
        began=datetime.fromtimestamp(call.began, UTC).isoformat(timespec="milliseconds"),
        reply=call.result or "",
        seconds=call.seconds,
        error=call.error,
    )
