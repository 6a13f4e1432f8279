"""A chat model of ours as CrewAI wants one: every call of its agents goes through the door, and is recorded there.

Imported only where CrewAI is (see `gleanery.agents.quiet`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from crewai.events.types.llm_events import LLMCallType
from crewai.llms.base_llm import BaseLLM, llm_call_context
from pydantic import BaseModel, PrivateAttr

from gleanery.errors import CutReplyError, GleaneryError
from gleanery.models.chat import Message, Reply, Request, Tool, ToolCall
from gleanery.models.portal import SyncChat

_WINDOW = 1_000_000_000
"""CrewAI shall never think that a window is full: what does not fit is an error, which the door raises."""


class DoorLLM(BaseLLM):
    """CrewAI's model over a `SyncChat`. One for each record; `failure` keeps what the door raised."""

    _chat: SyncChat = PrivateAttr()
    _options: Request = PrivateAttr()
    _failure: GleaneryError | None = PrivateAttr(default=None)
    _replies: list[Reply] = PrivateAttr(default_factory=list)

    def __init__(self, chat: SyncChat, options: Request) -> None:
        """`options` is a request whose messages do not matter: its sampling and limits are those of every call."""
        super().__init__(model=chat.model, provider="gleanery")
        self._chat, self._options = chat, options

    @property
    def failure(self) -> GleaneryError | None:
        """What the last call raised."""
        return self._failure

    @property
    def replies(self) -> Sequence[Reply]:
        """The replies so far."""
        return self._replies

    def call(
        self,
        messages: str | list[Any],
        tools: list[dict[str, Any]] | None = None,
        callbacks: list[Any] | None = None,
        available_functions: dict[str, Any] | None = None,
        from_task: Any = None,
        from_agent: Any = None,
        response_model: type[BaseModel] | None = None,
    ) -> Any:
        """One call of the agent's loop: an answer's text, or the tool calls that the model asks for."""
        said = self._format_messages(messages)
        with llm_call_context():
            self._emit_call_started_event(messages=said, tools=tools, from_task=from_task, from_agent=from_agent)
            try:
                reply = self._chat.send(self._request(said, tools))
                if reply.finish == "length":
                    raise CutReplyError(f"The answer of `{self.model}` ended for want of tokens. Raise `max_tokens`.")
            except GleaneryError as error:
                self._failure = error
                self._emit_call_failed_event(error=str(error), from_task=from_task, from_agent=from_agent)
                raise
            return self._answer(reply, said, from_task, from_agent)

    def supports_function_calling(self) -> bool:
        """Whether the model calls tools by itself; else CrewAI asks for them in words (ReAct)."""
        return self._chat.capabilities().tools is not False

    def supports_stop_words(self) -> bool:
        """They are sent with every request."""
        return True

    def get_context_window_size(self) -> int:
        """See `_WINDOW`."""
        return _WINDOW

    def get_input_tokens_count(self, *_: Any, **__: Any) -> int:
        """The door counts."""
        return 0

    def _request(self, said: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]] | None) -> Request:
        # A stop word of CrewAI's belongs to its ReAct text, and would cut an answer beside native calls.
        stop = () if tools else tuple(word for word in self.stop_sequences if word)
        return self._options.but(
            messages=tuple(_message(message) for message in said),
            tools=tuple(_tool(tool["function"]) for tool in tools or ()),
            stop=stop,
        )

    def _answer(self, reply: Reply, said: list[Any], from_task: Any, from_agent: Any) -> Any:
        self._replies.append(reply)
        usage = None
        if reply.usage:
            prompt, completion = reply.usage.prompt, reply.usage.completion
            usage = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
            self._track_token_usage_internal(usage)
        answer: Any = [_call(call) for call in reply.tool_calls] or self._apply_stop_words(reply.text)
        self._emit_call_completed_event(
            response=answer,
            call_type=LLMCallType.TOOL_CALL if reply.tool_calls else LLMCallType.LLM_CALL,
            from_task=from_task,
            from_agent=from_agent,
            messages=said,
            usage=usage,
            finish_reason=reply.finish,
        )
        return answer


def _message(message: Mapping[str, Any]) -> Message:
    calls = message.get("tool_calls") or ()
    return Message(
        role=message["role"],
        content=message.get("content") or "",
        tool_calls=tuple(ToolCall(c["id"], c["function"]["name"], _text(c["function"]["arguments"])) for c in calls),
        tool_call_id=message.get("tool_call_id"),
        name=message.get("name"),
    )


def _tool(function: Mapping[str, Any]) -> Tool:
    return Tool(function["name"], function.get("description", ""), function["parameters"])


def _call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def _text(arguments: Any) -> str:
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
