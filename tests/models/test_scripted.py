"""The scripted model: a Chat without a server, and what it leaves behind."""

import asyncio
import json
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gleanery.errors import StalledError, UsageError
from gleanery.models.chat import (
    Capabilities,
    Chat,
    Chunk,
    Message,
    Reply,
    Request,
    Timing,
    Tool,
    ToolCall,
    Usage,
    system,
    user,
)
from gleanery.models.scripted import Answer, ScriptedModel
from gleanery.models.wire import recording

HELLO = Request((system("Be brief."), user("Say hello.")), schema={"type": "string"}, max_tokens=9)
CALL = ToolCall("call-1", "search", '{"query": "Emma by Austen"}')


async def streamed(model: Chat, request: Request) -> list[Chunk]:
    return [chunk async for chunk in model.stream(request)]


def test_answers_come_in_turn_and_requests_are_kept() -> None:
    async def work() -> list[str]:
        return [(await model.send(Request.ask(text))).text for text in ("one", "two")]

    model = ScriptedModel(["first", "second"])
    assert asyncio.run(work()) == ["first", "second"]
    assert [request.messages[0].content for request in model.requests] == ["one", "two"]


def test_a_reply_counts_words() -> None:
    reply = asyncio.run(ScriptedModel(["Hello to you"], model="scripted/polite").send(HELLO))
    assert (reply.text, reply.finish, reply.model) == ("Hello to you", "stop", "scripted/polite")
    assert reply.usage == Usage(prompt=4, completion=3)
    assert reply.timing.total >= 0


def test_tool_calls() -> None:
    reply = asyncio.run(ScriptedModel([[CALL]]).send(HELLO.but(tools=(Tool("search", "Finds.", {}),))))
    assert (reply.text, reply.tool_calls, reply.finish) == ("", (CALL,), "tool_calls")
    assert reply.usage == Usage(4, 4)


def test_a_whole_reply_is_given_as_it_is() -> None:
    reply = Reply("cut sho", "length", "scripted/model", Timing(1.5), None, "let me think")
    assert asyncio.run(ScriptedModel([reply]).send(HELLO)) is reply


def test_a_function_of_the_request() -> None:
    def shout(request: Request) -> Answer:
        return request.messages[-1].content.upper()

    assert asyncio.run(ScriptedModel(shout).send(HELLO)).text == "SAY HELLO."


def test_errors_are_raised() -> None:
    model = ScriptedModel([StalledError("nothing came"), "then this"])
    with pytest.raises(StalledError, match="nothing came"):
        asyncio.run(model.send(HELLO))
    assert asyncio.run(model.send(HELLO)).text == "then this"


def test_a_script_that_ran_out_says_so() -> None:
    model = ScriptedModel(["only one"])
    asyncio.run(model.send(HELLO))
    with pytest.raises(UsageError, match="its script has 1, and it was asked once more"):
        asyncio.run(model.send(HELLO))


@settings(deadline=None)
@given(st.text(), st.text(), st.integers(1, 50))
def test_a_stream_is_the_reply_in_pieces(text: str, thinking: str, size: int) -> None:
    reply = Reply(text, "stop", "scripted/model", Timing(0.1), thinking=thinking)
    *pieces, last = asyncio.run(streamed(ScriptedModel([reply], chunk=size), HELLO))
    assert "".join(chunk.text for chunk in pieces) == text
    assert "".join(chunk.thinking for chunk in pieces) == thinking
    assert all(len(chunk.text) <= size and chunk.reply is None for chunk in pieces)
    assert last == Chunk(reply=reply)


def test_it_claims_what_it_is_told_to() -> None:
    refusing = Capabilities(schema="refused")
    assert asyncio.run(ScriptedModel([], capabilities=refusing).capabilities()) is refusing
    assert asyncio.run(ScriptedModel([]).capabilities()).schema == "enforced"


def test_delays_pass_side_by_side() -> None:
    async def work() -> None:
        await asyncio.gather(*(model.send(HELLO) for _ in range(20)))

    model = ScriptedModel(lambda request: "done", delay=0.1)
    began = perf_counter()
    asyncio.run(work())
    assert 0.1 <= perf_counter() - began < 1.0


def test_exchanges_are_recorded() -> None:
    model = ScriptedModel(["Hello", [CALL]])
    with recording() as exchanges:
        asyncio.run(model.send(HELLO))
        asyncio.run(model.send(Request((Message("tool", "found", tool_call_id="call-1", name="search"),))))
    first, second = exchanges
    assert (first.model, first.purpose, first.status, first.error) == ("scripted/model", "chat", 200, None)
    assert json.loads(first.request) == {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Say hello."}],
        "schema": {"type": "string"},
        "max_tokens": 9,
        "thinking": False,
    }
    assert json.loads(first.reply) == {"text": "Hello", "finish": "stop"}
    assert first.usage == {"prompt": 4, "completion": 1, "cached": None}
    assert json.loads(second.reply)["tool_calls"][0]["name"] == "search"
    assert first.seconds is not None
    assert json.dumps(first.as_json())


def test_a_failed_exchange_says_why() -> None:
    with recording() as exchanges, pytest.raises(StalledError):
        asyncio.run(ScriptedModel([StalledError("nothing came")]).send(HELLO))
    assert (exchanges[0].status, exchanges[0].error) == (None, "StalledError: nothing came")


def test_nothing_is_kept_where_nobody_records() -> None:
    model = ScriptedModel(["one", "two"])
    asyncio.run(model.send(HELLO))
    with recording() as exchanges:
        asyncio.run(model.send(HELLO))
    assert len(exchanges) == 1
