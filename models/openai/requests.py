"""Turns a Request into the body that an OpenAI-compatible server reads."""

from __future__ import annotations

from typing import Any

import orjson

from gleanery.errors import UnsupportedError
from gleanery.models.chat import Message, Request, Tool, ToolCall
from gleanery.models.openai.dialects import Dialect


def body_of(request: Request, name: str, dialect: Dialect) -> dict[str, Any]:
    """The body of `POST /chat/completions`; UnsupportedError where the server has no word for what is asked."""
    body: dict[str, Any] = prompt_of(request, name, dialect)
    body["stream"] = request.stream is not False
    if body["stream"]:
        body["stream_options"] = {"include_usage": True}
    if request.max_tokens is not None:
        body["max_tokens"] = request.max_tokens
    if request.stop:
        body["stop"] = list(request.stop)
    body.update(_sampling(request, dialect), **dialect.always)
    if request.schema is not None:
        answer = {"name": "answer", "schema": request.schema, "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": answer}
    if request.grammar is not None:
        body |= _grammar(request.grammar, name, dialect)
    budget = request.thinking
    if dialect.thinking_budget and budget is not None and not isinstance(budget, bool):
        body[dialect.thinking_budget] = budget
    return body


def prompt_of(request: Request, name: str, dialect: Dialect) -> dict[str, Any]:
    """The part of the body of which the server makes the prompt, and which it counts."""
    body: dict[str, Any] = {"model": name, "messages": [_message(message) for message in request.messages]}
    if request.tools:
        body["tools"] = [_tool(tool) for tool in request.tools]
        body["tool_choice"] = request.tool_choice
    if dialect.switches_thinking and request.thinking is not None:
        body["chat_template_kwargs"] = {"enable_thinking": bool(request.thinking)}
    return body


def _message(message: Message) -> dict[str, Any]:
    out: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        out["tool_calls"] = [_call(call) for call in message.tool_calls]
    if message.tool_call_id is not None:
        out["tool_call_id"] = message.tool_call_id
    if message.name is not None:
        out["name"] = message.name
    return out


def _call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": _sound(call.arguments)}
    return {"id": call.id, "type": "function", "function": function}


def _sound(arguments: str) -> str:
    """The arguments of an earlier call as a JSON object: a server refuses the whole conversation for any that are none,
    and with it the model's chance to mend them."""
    try:
        if isinstance(orjson.loads(arguments), dict):
            return arguments
    except orjson.JSONDecodeError:
        pass
    return orjson.dumps({"invalid": arguments}).decode()


def _tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def _sampling(request: Request, dialect: Dialect) -> dict[str, Any]:
    names = {"temperature": "temperature", "top_p": "top_p", "seed": "seed", **dialect.sampling}
    values = ((word, getattr(request.sampling, name)) for name, word in names.items())
    return {word: value for word, value in values if value is not None}


def _grammar(grammar: str, name: str, dialect: Dialect) -> dict[str, Any]:
    if not dialect.grammar:
        raise UnsupportedError(
            f"The server of `{name}` takes no grammar: it is neither llama-server nor vLLM. Ask with a schema instead."
        )
    value: Any = grammar
    for key in reversed(dialect.grammar):
        value = {key: value}
    assert isinstance(value, dict)
    return value
