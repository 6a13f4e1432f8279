"""A chat model that says what it is told to: for tests, yours too, which then need no server.

model = ScriptedModel(['{"title": "Emma"}'])
reply = await model.send(Request.ask("Which novel?"))
model.requests  # what it was asked
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

from gleanery.errors import UsageError
from gleanery.models.chat import Capabilities, Chunk, Reply, Request, Timing, ToolCall, Usage, text_of
from gleanery.models.wire import Exchange, record

Answer = str | Reply | Sequence[ToolCall] | Exception
"""One answer of a script: a text, a whole reply, tool calls, or an error that is raised instead."""

CAPABILITIES = Capabilities(tools=True, schema="enforced", thinking=False, streaming=True)


class ScriptedModel:
    """A Chat that answers from a script: its answers one after another, or a function of the request.

    `capabilities` are what it claims; it keeps to no schema by itself. `delay` is in seconds before each answer,
    `chunk` the number of characters that come at once when it streams. Tokens are counted as words.
    UsageError where it is asked more often than it has answers.
    """

    def __init__(
        self,
        replies: Iterable[Answer] | Callable[[Request], Answer],
        *,
        model: str = "scripted/model",
        capabilities: Capabilities = CAPABILITIES,
        delay: float = 0.0,
        chunk: int = 16,
    ) -> None:
        self.model = model
        self.requests: list[Request] = []
        self._answer = replies if callable(replies) else _in_turn(iter(replies), model)
        self._capabilities, self._delay, self._chunk = capabilities, delay, chunk

    async def capabilities(self) -> Capabilities:
        """What it claims to be able to do."""
        return self._capabilities

    async def send(self, request: Request) -> Reply:
        """The next answer."""
        self.requests.append(request)
        began = perf_counter()
        exchange = _begun(self.model, request)
        record(exchange)
        try:
            if self._delay:
                await asyncio.sleep(self._delay)
            answer = self._answer(request)
            if isinstance(answer, Exception):
                raise answer
            reply = answer if isinstance(answer, Reply) else self._reply(request, answer, perf_counter() - began)
        except BaseException as error:
            exchange.error = f"{type(error).__name__}: {error}"
            raise
        finally:
            exchange.seconds = perf_counter() - began
        _complete(exchange, reply)
        return reply

    async def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """The next answer, piece by piece."""
        reply = await self.send(request)
        for piece in _pieces(reply.thinking, self._chunk):
            yield Chunk(thinking=piece)
        for piece in _pieces(reply.text, self._chunk):
            yield Chunk(piece)
        yield Chunk(reply=reply)

    def _reply(self, request: Request, answer: str | Sequence[ToolCall], seconds: float) -> Reply:
        text, calls = (answer, ()) if isinstance(answer, str) else ("", tuple(answer))
        said = " ".join((text, *(call.arguments for call in calls)))
        return Reply(
            text=text,
            finish="tool_calls" if calls else "stop",
            model=self.model,
            timing=Timing(total=seconds, first_token=seconds),
            usage=Usage(len(text_of(request.messages).split()), len(said.split())),
            tool_calls=calls,
        )


def _in_turn(answers: Iterator[Answer], model: str) -> Callable[[Request], Answer]:
    given = 0

    def following(request: Request) -> Answer:
        nonlocal given
        for answer in answers:
            given += 1
            return answer
        raise UsageError(
            f"`{model}` has no answer left: its script has {given}, and it was asked once more. Give it another, "
            "or a function of the request, which never runs out."
        )

    return following


def _pieces(text: str, size: int) -> Iterator[str]:
    return (text[at : at + size] for at in range(0, len(text), size))


def _begun(model: str, request: Request) -> Exchange:
    return Exchange(
        model=model,
        purpose="chat",
        attempt=1,
        method="POST",
        url="scripted:",
        headers={},
        request=_text(_asked(request)),
        began=datetime.now(UTC).isoformat(timespec="milliseconds"),
    )


def _complete(exchange: Exchange, reply: Reply) -> None:
    exchange.status = 200
    exchange.first = reply.timing.first_token
    exchange.reply = _text(_answered(reply))
    exchange.usage = None if reply.usage is None else reply.usage.as_json()
    exchange.timing = reply.timing.as_json()


def _asked(request: Request) -> dict[str, Any]:
    """The request as people look at it: its messages, and what constrains the answer."""
    out: dict[str, Any] = {"messages": [message.as_json() for message in request.messages]}
    if request.tools:
        out |= {"tools": [asdict(tool) for tool in request.tools], "tool_choice": request.tool_choice}
    for name in ("schema", "grammar", "max_tokens", "thinking"):
        if (value := getattr(request, name)) is not None:
            out[name] = dict(value) if isinstance(value, Mapping) else value
    return out


def _answered(reply: Reply) -> dict[str, Any]:
    out: dict[str, Any] = {"text": reply.text, "finish": reply.finish}
    if reply.thinking:
        out["thinking"] = reply.thinking
    if reply.tool_calls:
        out["tool_calls"] = [asdict(call) for call in reply.tool_calls]
    return out


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=dict)
