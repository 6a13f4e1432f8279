from __future__ import annotations

from typing import Any

import pytest

from gleanery.errors import UnsupportedError
from gleanery.models.chat import Message, Request, Sampling, Tool, ToolCall, system, user
from gleanery.models.openai.dialects import LLAMA_SERVER, OPENAI, Dialect, llama_server, vllm
from gleanery.models.openai.requests import body_of

SCHEMA = {
    "type": "object",
    "properties": {"who": {"$ref": "#/$defs/Person"}},
    "required": ["who"],
    "additionalProperties": False,
    "$defs": {"Person": {"type": "string"}},
}
ADD = Tool("add", "Adds.", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})
SAMPLING = Sampling(temperature=0.0, top_p=0.9, top_k=40, min_p=0.05, repeat_penalty=1.1, seed=7)

ASKED = Request(
    (system("Be brief."), user("2+3?")),
    schema=SCHEMA,
    stop=("\n\n",),
    sampling=SAMPLING,
    max_tokens=64,
)
COMMON: dict[str, Any] = {
    "model": "tiny",
    "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "2+3?"}],
    "stream": True,
    "stream_options": {"include_usage": True},
    "max_tokens": 64,
    "stop": ["\n\n"],
    "temperature": 0.0,
    "top_p": 0.9,
    "seed": 7,
    "response_format": {
        "type": "json_schema",
        "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
    },
}


@pytest.mark.parametrize(
    ("dialect", "more"),
    [
        (OPENAI, {}),
        (
            vllm("0.12.0"),
            {
                "top_k": 40,
                "min_p": 0.05,
                "repetition_penalty": 1.1,
                "chat_template_kwargs": {"enable_thinking": False},
            },
        ),
        (
            LLAMA_SERVER,
            {
                "top_k": 40,
                "min_p": 0.05,
                "repeat_penalty": 1.1,
                "cache_prompt": True,
                "chat_template_kwargs": {"enable_thinking": False},
            },
        ),
    ],
    ids=["openai", "vllm", "llama-server"],
)
def test_the_whole_body(dialect: Dialect, more: dict[str, Any]) -> None:
    assert body_of(ASKED, "tiny", dialect) == COMMON | more


def test_what_is_left_to_the_server_is_not_sent() -> None:
    request = Request.ask("Hi.", sampling=Sampling(temperature=None), thinking=None, stream=False)
    hi = [{"role": "user", "content": "Hi."}]
    assert body_of(request, "tiny", OPENAI) == {"model": "tiny", "messages": hi, "stream": False}
    assert body_of(request, "tiny", vllm("0.12.0")) == {"model": "tiny", "messages": hi, "stream": False}


@pytest.mark.parametrize(
    ("dialect", "thinking", "sent"),
    [
        (OPENAI, True, {}),
        (OPENAI, 100, {}),
        (LLAMA_SERVER, True, {"chat_template_kwargs": {"enable_thinking": True}}),
        (LLAMA_SERVER, 100, {"chat_template_kwargs": {"enable_thinking": True}, "thinking_budget_tokens": 100}),
        (vllm("0.20.1"), 100, {"chat_template_kwargs": {"enable_thinking": True}}),
    ],
)
def test_thinking(dialect: Dialect, thinking: bool | int, sent: dict[str, Any]) -> None:
    body = body_of(Request.ask("Hi.", thinking=thinking), "tiny", dialect)
    assert {key: body[key] for key in ("chat_template_kwargs", "thinking_budget_tokens") if key in body} == sent


@pytest.mark.parametrize(
    ("dialect", "sent"),
    [
        (LLAMA_SERVER, {"grammar": 'root ::= "a"'}),
        (llama_server("b6789"), {"grammar": 'root ::= "a"'}),
        (vllm("0.10.2"), {"guided_grammar": 'root ::= "a"'}),
        (vllm("0.11.0"), {"structured_outputs": {"grammar": 'root ::= "a"'}}),
        (vllm("0.20.1rc2"), {"structured_outputs": {"grammar": 'root ::= "a"'}}),
        (vllm("0.1.dev1+g1234"), {"structured_outputs": {"grammar": 'root ::= "a"'}}),
    ],
)
def test_grammar(dialect: Dialect, sent: dict[str, Any]) -> None:
    body = body_of(Request.ask("Hi.", grammar='root ::= "a"'), "tiny", dialect)
    assert {key: body[key] for key in ("grammar", "guided_grammar", "structured_outputs") if key in body} == sent


def test_a_server_that_takes_no_grammar_is_not_sent_one() -> None:
    with pytest.raises(UnsupportedError, match="takes no grammar"):
        body_of(Request.ask("Hi.", grammar='root ::= "a"'), "tiny", OPENAI)


def test_tools_and_the_turns_that_used_them() -> None:
    calls = (ToolCall("c1", "add", '{"a": 1}'), ToolCall("c2", "add", '{"a": '))
    turns = (
        user("1?"),
        Message("assistant", "", tool_calls=calls),
        Message("tool", "2", tool_call_id="c1", name="add"),
    )
    body = body_of(Request(turns, tools=(ADD,), tool_choice="required"), "tiny", OPENAI)
    assert body["tools"] == [
        {"type": "function", "function": {"name": "add", "description": "Adds.", "parameters": ADD.parameters}}
    ]
    assert body["tool_choice"] == "required"
    assert body["messages"][1:] == [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a": 1}'}},
                # Servers parse these, and would refuse the whole conversation.
                {"id": "c2", "type": "function", "function": {"name": "add", "arguments": '{"invalid":"{\\"a\\": "}'}},
            ],
        },
        {"role": "tool", "content": "2", "tool_call_id": "c1", "name": "add"},
    ]


def test_no_tool_choice_without_tools() -> None:
    assert "tool_choice" not in body_of(Request.ask("Hi.", tool_choice="required"), "tiny", OPENAI)
