from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.errors import EndpointError, ReplyError
from gleanery.models.chat import ToolCall, Usage
from gleanery.models.openai.failures import Place
from gleanery.models.openai.replies import Answer, EventReader

STREAM = (
    b': ping\r\n\r\ndata: {"a": "\xc3\xa9"}\r\n\r\nevent: x\ndata:{"b": 2}\n\nid: 7\n\ndata: [DONE]\n\n'
    b'data: {"late": 1}\n\n'
)


def answer() -> Answer:
    return Answer(Place("http://host/v1", "openai/tiny", ("sk-secret",)))


def chunk(delta: dict[str, Any], finish: str | None = None, **more: Any) -> bytes:
    return json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": finish}], **more}).encode()


@given(st.lists(st.integers(0, len(STREAM))))
def test_events_are_the_same_however_the_bytes_are_cut(cuts: list[int]) -> None:
    reader, events = EventReader(), []
    bounds = [0, *sorted(cuts), len(STREAM)]
    for start, end in pairwise(bounds):
        events += reader.feed(STREAM[start:end])
    assert events == [b'{"a": "\xc3\xa9"}', b'{"b": 2}']
    assert reader.done


def test_an_unfinished_line_is_no_event() -> None:
    reader = EventReader()
    assert reader.feed(b'data: {"a": 1}') == []
    assert not reader.done


def test_text_and_thinking() -> None:
    reply = answer()
    assert reply.take(chunk({"role": "assistant", "content": None})) is None
    first, second = reply.take(chunk({"reasoning_content": "hm"})), reply.take(chunk({"reasoning": "so"}))
    third = reply.take(chunk({"content": "Hi"}))
    assert first and second and third
    assert (first.thinking, second.thinking, third.text) == ("hm", "so", "Hi")
    assert reply.take(chunk({}, "stop")) is None
    ending = reply.end(whole=False).ending
    assert ending and (ending.finish, ending.usage, ending.per_token, ending.cut) == ("stop", None, None, False)


def test_usage_and_timings() -> None:
    reply = answer()
    reply.take(chunk({}, "length", truncated=True))
    usage = {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": None}
    timings = {"prompt_ms": 12.5, "predicted_per_token_ms": 2.5, "cache_n": 3}
    reply.take(json.dumps({"choices": [], "usage": usage, "timings": timings}).encode())
    ending = reply.end(whole=True).ending
    assert ending and ending.usage == Usage(9, 4, 3)
    assert (ending.finish, ending.first_token, ending.per_token, ending.cut) == ("length", 0.0125, 0.0025, True)


@pytest.mark.parametrize(
    ("deltas", "calls"),
    [
        (
            [
                [{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}],
                [{"index": 1, "id": "b", "function": {"name": "g", "arguments": '{"y"'}}],
                [{"index": 0, "id": "another", "function": {"arguments": '{"x": 1}'}}],
                [{"index": 1, "function": {"arguments": ": 2}"}}],
            ],
            (ToolCall("a", "f", '{"x": 1}'), ToolCall("b", "g", '{"y": 2}')),
        ),
        ([[{"index": 0, "function": {"name": "f"}}]], (ToolCall("call-1", "f", "{}"),)),
        (
            [[{"function": {"name": "f", "arguments": {"x": 1}}}, {"id": "", "function": {"name": "g"}}]],
            (ToolCall("call-1", "f", '{"x":1}'), ToolCall("call-2", "g", "{}")),
        ),
        ([[{"index": 0, "id": "a", "function": {"name": "f", "arguments": "{bad"}}]], (ToolCall("a", "f", "{bad"),)),
    ],
    ids=["interleaved", "no id, no arguments", "no index, an object for arguments", "arguments as written"],
)
def test_tool_calls_are_put_together(deltas: list[Any], calls: tuple[ToolCall, ...]) -> None:
    reply = answer()
    for delta in deltas:
        assert reply.take(chunk({"tool_calls": delta})) is None
    reply.take(chunk({}, "tool_calls"))
    last = reply.end(whole=True)
    assert last.tool_calls == calls
    assert last.ending and last.ending.finish == "tool_calls"


@pytest.mark.parametrize(
    "event",
    [
        b'{"choices": [{"del',
        b"[1, 2]",
        b"7",
        b'{"choices": 7}',
        b'{"choices": [7]}',
        b'{"choices": [{"delta": 7}]}',
        b'{"choices": [{"delta": {"content": [1]}}]}',
        b'{"choices": [{"delta": {"content": "\xff"}}]}',
        b'{"choices": [{"delta": {"tool_calls": [7]}}]}',
        b"<html>sk-secret",
    ],
)
def test_what_makes_no_sense(event: bytes) -> None:
    with pytest.raises(ReplyError, match="openai/tiny") as caught:
        answer().take(event)
    assert "sk-secret" not in str(caught.value)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda part: (
            st.lists(part, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["choices", "delta", "usage", "timings", "tool_calls", "function", "index", "prompt_ms"]
                ),
                part,
                max_size=4,
            )
        ),
    )
)
def test_no_event_breaks_the_reading(value: Any) -> None:
    reply = answer()
    try:
        reply.take(json.dumps(value).encode())
        reply.end(whole=True)
    except ReplyError:
        pass


def test_a_stream_that_ends_before_its_end() -> None:
    reply = answer()
    reply.take(chunk({"content": "Hi"}))
    with pytest.raises(EndpointError, match="broke off"):
        reply.end(whole=False)


@pytest.mark.parametrize("finish", ["content_filter", "abort"])
def test_other_ends_are_no_reply(finish: str) -> None:
    reply = answer()
    reply.take(chunk({}, finish))
    with pytest.raises(ReplyError, match=r"content filter|abort"):
        reply.end(whole=True)
