"""A chat model of ours as CrewAI wants one: every call of its agents goes through the door, and is recorded there.

Imported only where CrewAI is (see `gleanery.agents.quiet`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from crewai.hooks import HookAborted
from crewai.llms.base_llm import BaseLLM
from pydantic import BaseModel, PrivateAttr

from gleanery.agents.assignment import Send
from gleanery.agents.verbatim import Verbatim
from gleanery.errors import CutReplyError, ReplyError
from gleanery.models.chat import Message, Request, Tool, ToolCall

_WRITTEN = "arguments as written"
_WINDOW = 1_000_000_000
"""CrewAI shall never think that a window is full: what does not fit is an error, which the door raises."""


class DoorLLM(BaseLLM):
    """CrewAI's model, for one record. `send` puts a request to the real one.

    `options` is a request whose sampling and limits are those of every call. `tools` are shown to the model as they
    stand, by the names that CrewAI has for them; `native`: it calls them by itself, else it is asked to in words
    (ReAct). `texts` are put in for their tokens. `failure` is why there was no further reply.
    """

    _send: Send = PrivateAttr()
    _options: Request = PrivateAttr()
    _tools: Mapping[str, Tool] = PrivateAttr()
    _native: bool = PrivateAttr()
    _texts: Verbatim = PrivateAttr()
    _asked: int = PrivateAttr(default=0)
    _failure: Exception | None = PrivateAttr(default=None)

    def __init__(
        self,
        model: str,
        send: Send,
        options: Request,
        tools: Mapping[str, Tool],
        native: bool,
        texts: Verbatim,
    ) -> None:
        super().__init__(model=model, provider="gleanery")
        self._send, self._options, self._tools = send, options, tools
        self._native, self._texts = native, texts

    @property
    def asked(self) -> int:
        """How often the model was asked."""
        return self._asked

    @property
    def failure(self) -> Exception | None:
        """Why there was no further reply."""
        return self._failure

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
        answer: str | list[dict[str, Any]] = ""
        try:
            answer = self._answer(self._request(messages, tools), offered=bool(tools))
        except Exception as error:
            self._failure = error
        # CrewAI reads the messages of errors, and of what they come from, for a reason to send a request again, to
        # shorten it or to exit. This one it lets pass.
        if self._failure is not None:
            raise HookAborted("The model gave no answer.")
        return answer

    def supports_function_calling(self) -> bool:
        """Whether the model calls tools by itself; else CrewAI asks for them in words (ReAct)."""
        return self._native

    def supports_stop_words(self) -> bool:
        """They are sent with every request that needs them."""
        return True

    def get_context_window_size(self) -> int:
        """See `_WINDOW`."""
        return _WINDOW

    def get_input_tokens_count(self, *_: Any, **__: Any) -> int:
        """The door counts."""
        return 0

    def _request(self, messages: str | list[Any], tools: Sequence[Mapping[str, Any]] | None) -> Request:
        said = [{"role": "user", "content": messages}] if isinstance(messages, str) else messages
        return self._options.but(
            messages=tuple(self._message(message) for message in said),
            tools=tuple(self._tools[tool["function"]["name"]] for tool in tools or ()),
            stop=self._stop_words(),
        )

    def _stop_words(self) -> tuple[str, ...]:
        """Those of ReAct, where a model would make up what its tool says; beside native calls they cut answers."""
        words = self.stop_sequences if self._tools and not self._native else ()
        return tuple(word for word in words if word)

    def _answer(self, request: Request, *, offered: bool) -> str | list[dict[str, Any]]:
        self._asked += 1
        reply = self._send(request)
        if reply.finish == "length":
            raise CutReplyError(
                f"An answer of `{self.model}` to the agent ended for want of tokens. Raise `max_tokens`, or take a "
                "larger window."
            )
        if reply.tool_calls and offered:
            return [_call(call) for call in reply.tool_calls]
        text = _before(reply.text, request.stop)
        if not text.strip():
            raise ReplyError(f"`{self.model}` answered the agent nothing. Take another model.")
        return text

    def _message(self, message: Mapping[str, Any]) -> Message:
        calls = message.get("tool_calls") or ()
        return Message(
            role=message["role"],
            content=self._texts.shown(message.get("content") or ""),
            tool_calls=tuple(
                ToolCall(c["id"], c["function"]["name"], as_written(json.loads(c["function"]["arguments"])))
                for c in calls
            ),
            tool_call_id=message.get("tool_call_id"),
            name=message.get("name"),
        )


def _before(text: str, stops: Sequence[str]) -> str:
    """The text up to the first stop word: some servers do not stop there. CrewAI's own cut also sets up logging."""
    return text[: min((at for stop in stops if (at := text.find(stop)) >= 0), default=len(text))]


def _call(call: ToolCall) -> dict[str, Any]:
    """A call as CrewAI wants it, the arguments as the model wrote them inside others: CrewAI would answer broken JSON
    by itself, and break at JSON that is no object."""
    arguments = json.dumps({_WRITTEN: call.arguments})
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def as_written(arguments: Mapping[str, Any]) -> str:
    """The arguments of a call as the model wrote them; those of ReAct CrewAI has read from its words."""
    written = arguments.get(_WRITTEN)
    return written if isinstance(written, str) else json.dumps(arguments, ensure_ascii=False)
