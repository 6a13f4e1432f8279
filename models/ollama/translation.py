"""Requests in Ollama's words, and its lines as Pieces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from gleanery.errors import ReplyError
from gleanery.models.chat import Finish, Message, Request, Tool, ToolCall, Usage
from gleanery.models.provider import Ending, Piece

_NANOSECONDS = 1e9


def chat_body(name: str, request: Request, *, thinks: bool | None, keep_alive: str | None) -> dict[str, Any]:
    """The body of /api/chat: what is not set is left out. `thinks`: whether the model can, None: not told.

    `truncate` and `shift` have Ollama refuse a prompt that does not fit, and end an answer that fills the window, where
    it would else drop the beginning of the prompt without a word; old versions ignore them. Ollama
    cannot be made to call a tool, nor to think a number of tokens: "required" gives the tools, a budget thinking on.
    """
    body: dict[str, Any] = {
        "model": name,
        "messages": _messages(request.messages),
        "stream": request.stream is not False,
        "truncate": False,
        "shift": False,
    }
    if request.tools and request.tool_choice != "none":
        body["tools"] = [_tool(tool) for tool in request.tools]
    think = _think(request.thinking, thinks)
    if think is not None:
        body["think"] = think
    if request.schema is not None:
        body["format"] = request.schema
    if keep_alive is not None:
        body["keep_alive"] = seconds_or_duration(keep_alive)
    if options := _options(request):
        body["options"] = options
    return body


def seconds_or_duration(keep_alive: str) -> int | str:
    """How long a model stays loaded: Ollama takes bare seconds as a number only ("-1": for ever)."""
    return int(keep_alive) if keep_alive.lstrip("-").isdecimal() else keep_alive


def piece_of(line: Mapping[str, Any], model: str, *, calls_before: int) -> Piece:
    """A line of the reply of `model`. Its tool calls are numbered on from those before: Ollama gives no lasting ids."""
    message = line.get("message") or {}
    try:
        calls = tuple(
            ToolCall(f"call-{number}", str(call["function"]["name"]), _arguments_text(call["function"]))
            for number, call in enumerate(message.get("tool_calls") or (), calls_before)
        )
        text, thinking = message.get("content") or "", message.get("thinking") or ""
        ending = _ending(line) if line.get("done") else None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ReplyError(f"A line of the answer of `{model}` makes no sense: {error!r}. Is it Ollama?") from None
    return Piece(text, thinking, calls, ending)


def _think(asked: bool | int | None, thinks: bool | None) -> bool | None:
    """A model that cannot think may refuse `think`, even false; it has nothing to be switched off."""
    if asked is None or (not asked and not thinks):
        return None
    return bool(asked)


def _options(request: Request) -> dict[str, Any]:
    sampling = request.sampling
    options = {
        "num_ctx": request.context,
        "num_predict": request.max_tokens,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repeat_penalty": sampling.repeat_penalty,
        "seed": sampling.seed,
        "stop": list(request.stop) or None,
    }
    return {name: value for name, value in options.items() if value is not None}


def _messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    return [_message(message, names) for message in messages]


def _message(message: Message, names: Mapping[str, str]) -> dict[str, Any]:
    """One turn; a tool's answer says whose it is by the tool's name, which is looked up where only the id is given."""
    out: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        out["tool_calls"] = [
            {"id": call.id, "function": {"name": call.name, "arguments": _arguments(call.arguments)}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        out["tool_call_id"] = message.tool_call_id
    if name := message.name or names.get(message.tool_call_id or ""):
        out["tool_name"] = name
    return out


def _arguments(text: str) -> dict[str, Any]:
    """A call's arguments as the object that Ollama takes. Text that is none is kept whole, as its only value, so that
    the model still sees what it wrote."""
    try:
        read = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        read = None
    return read if isinstance(read, dict) else {"arguments": text}


def _arguments_text(function: Mapping[str, Any]) -> str:
    return orjson.dumps(function.get("arguments") or {}).decode()


def _tool(tool: Tool) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": tool.parameters},
    }


def _ending(line: Mapping[str, Any]) -> Ending:
    """What the last line tells: counts of tokens, and times in nanoseconds. A count that is 0 is left out of it."""
    load, prompt = _seconds(line.get("load_duration")), _seconds(line.get("prompt_eval_duration"))
    completion, spent = int(line.get("eval_count") or 0), _seconds(line.get("eval_duration"))
    finish: Finish = "length" if line.get("done_reason") == "length" else "stop"
    return Ending(
        finish,
        Usage(int(line.get("prompt_eval_count") or 0), completion),
        load=load,
        first_token=None if prompt is None else (load or 0.0) + prompt,
        per_token=spent / completion if spent is not None and completion else None,
    )


def _seconds(nanoseconds: float | None) -> float | None:
    return None if nanoseconds is None else nanoseconds / _NANOSECONDS
