"""Reads the replies of OpenAI-compatible servers: events of a stream, or one body."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from gleanery.errors import EndpointError, ReplyError
from gleanery.models.chat import Finish, ToolCall, Usage
from gleanery.models.openai.failures import Place, ServerSaidError
from gleanery.models.provider import Ending, Piece
from gleanery.models.redaction import redact

_FINISHES: dict[str, Finish] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
}
_DONE = b"[DONE]"


class EventReader:
    """Takes server-sent events apart as their bytes come in, however these are cut."""

    def __init__(self) -> None:
        self._rest = b""
        self.done = False

    def feed(self, part: bytes) -> list[bytes]:
        """The data of the events that are whole by now; after [DONE] there are none."""
        if self.done:
            return []
        *lines, self._rest = (self._rest + part).split(b"\n")
        events = []
        for line in lines:
            if line.startswith(b"data:"):
                data = line[5:].strip()
                if data == _DONE:
                    self.done = True
                    break
                events.append(data)
        return events


class Answer:
    """A reply, put together from its parts. `place` is where it comes from."""

    def __init__(self, place: Place) -> None:
        self._place, self._model = place, place.model
        self._calls: dict[int, _Call] = {}
        self._finish: str | None = None
        self._usage: Mapping[str, Any] = {}
        self._timings: Mapping[str, Any] = {}
        self._cut = False

    def take(self, event: bytes) -> Piece | None:
        """What the next part adds: an event of a stream, or the whole body. None where it adds nothing to be seen.

        ReplyError where it makes no sense, ServerSaidError where it is an error.
        """
        try:
            part = orjson.loads(event)
            if part.get("error"):
                raise ServerSaidError(event)
            self._note(part)
            choices = part.get("choices")
            if not choices:
                return None
            choice = choices[0]
            if finish := choice.get("finish_reason"):
                self._finish = str(finish)
            said = choice.get("delta") or choice.get("message")
            return self._said(said) if said else None
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            raise ReplyError(f"`{self._model}` sent what is no reply: {self._shown(event)} ({error}).") from None

    def end(self, *, whole: bool) -> Piece:
        """The last piece, with the tool calls and the ending; `whole`: the server said that nothing more comes.

        EndpointError where it broke off, ReplyError where it ended in a way that is none.
        """
        if self._finish is None and not whole:
            raise EndpointError(f"The answer of `{self._model}` broke off: its server went away, or dropped it.")
        finish = _FINISHES.get(self._finish or "stop")
        if finish is None:
            why = "its server's content filter" if self._finish == "content_filter" else f"`{self._finish}`"
            raise ReplyError(f"The answer of `{self._model}` was ended by {why}. Look at the server's log.")
        calls = tuple(call.whole(number) for number, (_, call) in enumerate(sorted(self._calls.items()), 1))
        return Piece(tool_calls=calls, ending=self._ending(finish))

    def _said(self, said: Mapping[str, Any]) -> Piece | None:
        text = said.get("content") or ""
        thinking = said.get("reasoning_content") or said.get("reasoning") or ""
        for call in said.get("tool_calls") or ():
            self._called(call)
        if not (text or thinking):
            return None
        if not (isinstance(text, str) and isinstance(thinking, str)):
            raise TypeError("its content is no text")
        return Piece(text, thinking)

    def _called(self, part: Mapping[str, Any]) -> None:
        index = part.get("index")
        if index is None:  # a whole reply has none; nor have the streams of some servers, which send calls whole
            index = len(self._calls)
        if not isinstance(index, int):
            raise TypeError("the index of a tool call is no number")
        self._calls.setdefault(index, _Call()).add(part)

    def _note(self, part: Mapping[str, Any]) -> None:
        if isinstance(usage := part.get("usage"), dict):
            self._usage = usage
        if isinstance(timings := part.get("timings"), dict):
            self._timings = timings
        if part.get("truncated") is True:
            self._cut = True

    def _shown(self, event: bytes) -> str:
        text = redact(event.decode("utf-8", "replace"), self._place.secrets)
        return text if len(text) <= 200 else f"{text[:200]}..."

    def _ending(self, finish: Finish) -> Ending:
        return Ending(
            finish,
            _usage(self._usage, self._timings),
            first_token=_seconds(self._timings.get("prompt_ms")),
            per_token=_seconds(self._timings.get("predicted_per_token_ms")),
            cut=self._cut,
        )


class _Call:
    """A tool call on its way. Only the first id counts: some servers make up another for each part."""

    def __init__(self) -> None:
        self._id = self._name = ""
        self._arguments: list[str] = []

    def add(self, part: Mapping[str, Any]) -> None:
        """Put the next part to it."""
        function = part.get("function") or {}
        self._id = self._id or str(part.get("id") or "")
        self._name = self._name or str(function.get("name") or "")
        arguments = function.get("arguments") or ""
        self._arguments.append(arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode())

    def whole(self, number: int) -> ToolCall:
        """The call; `number` makes an id where there is none."""
        return ToolCall(self._id or f"call-{number}", self._name, "".join(self._arguments) or "{}")


def _usage(usage: Mapping[str, Any], timings: Mapping[str, Any]) -> Usage | None:
    prompt, completion = usage.get("prompt_tokens"), usage.get("completion_tokens")
    if not isinstance(prompt, int) or not isinstance(completion, int):
        return None
    details = usage.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    cached = timings.get("cache_n") if cached is None else cached
    return Usage(prompt, completion, cached if isinstance(cached, int) else None)


def _seconds(milliseconds: object) -> float | None:
    return milliseconds / 1000 if isinstance(milliseconds, int | float) else None
