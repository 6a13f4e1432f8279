"""The door to a chat model: replies, streams, cancelling, thinking, context and places, at servers of every kind."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from servers.chat_servers import KINDS, WINDOW, Kind, Lab, Said, awaited, chat_server
from servers.http_server import Response

from gleanery.errors import ContextWindowError
from gleanery.models.chat import Chunk, Message, Reply, Request
from gleanery.models.door import STREAMED_UP_TO, Door
from gleanery.models.endpoint import GgufOptions
from gleanery.models.opening import Models
from gleanery.models.portal import Portal, SyncChat
from gleanery.models.wire import recording

TEXT = "Zażółć the 文献 now 🙂, please."
STREAMED = pytest.mark.parametrize("stream", [True, False, None], ids=["streamed", "whole", "either"])
ENDLESS = "root ::= [a-z ] root"


@pytest.fixture(params=KINDS)
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with chat_server(request.param) as lab:
        yield lab


@pytest.fixture(params=["ollama", "vllm"])
def either(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """One server of each way of speaking, for what does not depend on more."""
    with chat_server(request.param) as lab:
        yield lab


@pytest.fixture
def ollama() -> Iterator[Lab]:
    with chat_server("ollama") as lab:
        yield lab


async def streamed(door: Door, request: Request) -> tuple[list[Chunk], Reply]:
    chunks = [chunk async for chunk in door.stream(request)]
    *before, last = chunks
    assert last.reply is not None and all(chunk.reply is None for chunk in before)
    return before, last.reply


# Replies


@awaited
async def test_send_and_stream_give_the_same_reply(lab: Lab) -> None:
    lab.says(*[Said(TEXT, "Let me see.", prompt=7)] * 3)
    async with lab.opened() as door:
        sent = await door.send(Request.ask("Speak.", stream=True, thinking=True))
        whole = await door.send(Request.ask("Speak.", stream=False, thinking=True))
        chunks, got = await streamed(door, Request.ask("Speak.", thinking=True))
    assert [chat["stream"] for chat in lab.chats] == [True, False, True]
    assert len(chunks) > 4
    assert ("".join(c.text for c in chunks), "".join(c.thinking for c in chunks)) == (got.text, got.thinking)
    for reply in (sent, whole, got):
        assert (reply.text, reply.thinking.strip(), reply.finish) == (TEXT, "Let me see.", "stop")
        assert (reply.model, reply.attempts, reply.tool_calls) == (lab.address, 1, ())
        assert reply.usage is not None and reply.usage.prompt == 7 and reply.usage.completion > 4


@awaited
async def test_times_are_measured(lab: Lab) -> None:
    lab.says(Said("one two three four five", pause=0.02), Said("one two three"))
    async with lab.opened() as door:
        began = time.perf_counter()
        timing = (await door.send(Request.ask("Count.", stream=True))).timing
        taken = time.perf_counter() - began
        whole = (await door.send(Request.ask("Count.", stream=False))).timing
    assert timing.first_token is not None and timing.per_token is not None
    assert 0 < timing.first_token < timing.total <= taken
    assert timing.total > 0.06 and 0 <= timing.queue < 0.05
    assert 0.001 < timing.per_token < 0.05
    assert whole.total > 0 and (whole.first_token is None) == (lab.kind in ("vllm", "openai"))


@awaited
async def test_who_waits_for_a_place_is_told_for_how_long(ollama: Lab) -> None:
    ollama.says(Said("one two three four", pause=0.02), Said("one"))
    async with ollama.opened(in_flight=1) as door:
        first, second = await asyncio.gather(*[door.send(Request.ask("Count.")) for _ in range(2)])
    assert first.timing.queue < 0.02 < 0.06 < second.timing.queue
    assert second.timing.total < 0.06, "waiting is no part of it"


@awaited
async def test_usage_and_times_are_in_the_wire_record(lab: Lab) -> None:
    lab.says(Said(TEXT, prompt=7))
    async with lab.opened() as door:
        with recording() as exchanges:
            reply = await door.send(Request.ask("Speak."))
    chats = [exchange for exchange in exchanges if exchange.purpose == "chat"]
    (chat,) = chats
    assert reply.usage is not None and chat.usage == reply.usage.as_json()
    assert chat.timing == reply.timing.as_json()
    assert (chat.model, chat.attempt, chat.status, chat.error) == (lab.address, 1, 200, None)
    assert chat.seconds is not None and chat.first is not None and chat.first <= chat.seconds


# Ends that come early


@pytest.mark.parametrize("how", ["cancelled", "closed"])
@awaited
async def test_who_leaves_in_mid_stream_frees_the_server_and_the_place(lab: Lab, how: str) -> None:
    lab.says(Said("one " * 500, pause=0.02), Said("fine"))
    async with lab.opened(in_flight=1) as door:
        seen = asyncio.Event()

        async def leaving() -> None:
            async with aclosing(door.stream(Request.ask("Count."))) as chunks:
                async for chunk in chunks:
                    assert chunk.text
                    seen.set()
                    if how == "closed":
                        return

        with recording() as exchanges:
            task = asyncio.create_task(leaving())
            await seen.wait()
            if how == "cancelled":
                task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        await lab.until(lambda: lab.server.aborted, 0.5)
        async with asyncio.timeout(1):
            assert (await door.send(Request.ask("Again."))).text == "fine"
    chat = exchanges[-1]
    assert "one" in chat.reply and chat.seconds is not None, "what had come is kept"


@awaited
async def test_who_gives_up_a_place_in_the_line_leaves_no_trace(ollama: Lab) -> None:
    ollama.says(Said("one two three", pause=0.03), Said("three"))
    async with ollama.opened(in_flight=1) as door:
        first, second, third = (asyncio.create_task(door.send(Request.ask(str(n)))) for n in range(3))
        await asyncio.sleep(0.02)
        second.cancel()
        replies = await asyncio.gather(first, third)
    assert [reply.text for reply in replies] == ["one two three", "three"]
    assert [chat["messages"][0]["content"] for chat in ollama.chats] == ["0", "2"]


def test_a_stream_without_asyncio_is_recorded_and_aborted(lab: Lab) -> None:
    lab.says(Said("one two three", prompt=7), Said("one " * 500, pause=0.02))
    with Portal() as portal:
        models = Models({"lab": lab.endpoint(in_flight=1)})
        chat = SyncChat(portal.run(models.open(lab.address)), portal)
        with recording() as exchanges:
            *chunks, last = chat.stream(Request.ask("Count."))
        assert last.reply is not None and "".join(chunk.text for chunk in chunks) == last.reply.text == "one two three"
        assert [e.usage for e in exchanges if e.purpose == "chat"] == [last.reply.usage and last.reply.usage.as_json()]
        with recording() as exchanges:
            stream = chat.stream(Request.ask("Count."))
            assert next(stream).text
            stream.close()
        portal.run(lab.until(lambda: lab.server.aborted, 0.5))
        assert "one" in exchanges[-1].reply and exchanges[-1].seconds is not None
        assert chat.send(Request.ask("Again.")).text == "Hello."
        portal.run(models.aclose())


@awaited
async def test_a_gguf_engine_stops_for_who_leaves(tiny_gguf: Path) -> None:
    async with Models({}, GgufOptions(context=2048, slots=1, threads=1)) as models:
        door = await models.open(f"gguf/{tiny_gguf}")
        asked = Request.ask("On and on.", grammar=ENDLESS, max_tokens=1500)
        async with aclosing(door.stream(asked)) as chunks:
            assert (await anext(chunks)).text
        task = asyncio.create_task(door.send(asked))
        await asyncio.sleep(0.05)
        task.cancel()
        began = time.monotonic()
        reply = await door.send(Request.ask("Again.", max_tokens=3))
        assert (reply.finish, reply.usage and reply.usage.completion) == ("length", 3)
        assert time.monotonic() - began < 2, "the only slot was free"


# Thinking


@STREAMED
@pytest.mark.parametrize("text", ["<think>Hm, {hm}.</think>\n\nIt is 7.", "Hm, {hm}.</think> It is 7."])
@awaited
async def test_thinking_in_the_text_is_told_from_the_answer(either: Lab, stream: bool | None, text: str) -> None:
    either.says(Said(text))
    async with either.opened() as door:
        reply = await door.send(Request.ask("What?", stream=stream))
    assert (reply.text, reply.thinking) == ("It is 7.", "Hm, {hm}.")


@awaited
async def test_no_chunk_shows_thinking_as_text(lab: Lab) -> None:
    lab.says(Said("<think> Hm, hm. </think> It is <think> 7."))
    async with lab.opened() as door:
        chunks, reply = await streamed(door, Request.ask("What?"))
    assert "".join(chunk.text for chunk in chunks) == reply.text == "It is <think> 7."
    assert "".join(chunk.thinking for chunk in chunks) == reply.thinking == " Hm, hm. "


@STREAMED
@awaited
async def test_a_budget_of_thinking_ends_it(either: Lab, stream: bool | None) -> None:
    either.says(Said("Too late.", "hm " * 200, pause=0.001), Said("Well then."))
    async with either.opened(in_flight=1) as door:
        with recording() as exchanges:
            reply = await door.send(Request.ask("Think.", thinking=10, stream=stream))
        await either.until(lambda: either.server.aborted)
    assert (reply.text, reply.attempts) == ("Well then.", 2)
    assert reply.thinking.split() == ["hm"] * 10
    chats = [exchange for exchange in exchanges if exchange.purpose == "chat"]
    assert [chat.attempt for chat in chats] == [1, 2]
    assert chats[0].error is not None and "10 tokens" in chats[0].error and "hm" in chats[0].reply
    assert chats[1].error is None
    assert [_thinks(either.kind, chat) for chat in either.chats] == [True, False]


@awaited
async def test_what_streams_by_adds_up_though_thinking_was_ended(either: Lab) -> None:
    either.says(Said("Too late.", "hm " * 200, pause=0.001), Said("Well then."))
    async with either.opened() as door:
        chunks, reply = await streamed(door, Request.ask("Think.", thinking=10))
    assert "".join(chunk.text for chunk in chunks) == reply.text == "Well then."
    assert "".join(chunk.thinking for chunk in chunks) == reply.thinking


@awaited
async def test_thinking_is_switched_off_where_the_model_thinks(lab: Lab) -> None:
    async with lab.opened() as door:
        await door.send(Request.ask("What?"))
        await door.send(Request.ask("What?", thinking=True))
        await door.send(Request.ask("What?", thinking=None))
    assert [_thinks(lab.kind, chat) for chat in lab.chats] == [False, True, None]


@awaited
async def test_thinking_is_not_mentioned_to_a_model_that_does_not_think() -> None:
    from servers.ollama_server import OllamaServer

    from gleanery.models.endpoint import Endpoint

    with OllamaServer(models=["plain"]) as server:
        async with Models({"lab": Endpoint("lab", "ollama", server.url)}) as models:
            await (await models.open("ollama/plain@lab")).send(Request.ask("What?"))
        assert "think" not in server.chats[0]


def _thinks(kind: Kind, chat: dict[str, Any]) -> bool | None:
    """What a request says of thinking; OpenAI's own API has no word for it."""
    said = chat.get("think") if kind == "ollama" else chat.get("chat_template_kwargs", {}).get("enable_thinking")
    if kind == "openai":
        assert said is None
        pytest.skip("it cannot be switched")
    assert said is None or isinstance(said, bool)
    return said


# The window


@awaited
async def test_the_context_asked_for_is_coarse_and_never_shrinks(ollama: Lab) -> None:
    async with ollama.opened() as door:
        for words in (10, 5000, 300, 9000, 1, 14_000):
            await door.send(Request.ask("w " * words))
        await door.send(Request.ask("hi", context=3000))
        await door.send(Request.ask("hi"))
    contexts = [chat["options"]["num_ctx"] for chat in ollama.chats]
    grown, own, after = contexts[:6], contexts[6], contexts[7]
    assert grown == sorted(grown) and set(grown) <= {4096, 6144, 8192, 12288, 16384, 24576, 32768}
    assert grown[0] == 4096 and grown[1] == grown[2] > 10_000 and grown[3] == grown[4] > 18_000
    assert (own, after) == (3000, grown[-1])


@STREAMED
@awaited
async def test_a_prompt_that_is_too_long_is_not_sent(lab: Lab, stream: bool | None) -> None:
    async with lab.opened() as door:
        if lab.kind == "openai":
            pytest.skip("nobody tells its window")
        with recording() as exchanges, pytest.raises(ContextWindowError, match=str(WINDOW)) as caught:
            await door.send(Request.ask("word " * (WINDOW + 100), stream=stream))
    assert caught.value.window == WINDOW and caught.value.tokens and caught.value.tokens > WINDOW
    assert not lab.chats and all(exchange.purpose == "count" for exchange in exchanges)


@awaited
async def test_room_for_the_answer_is_part_of_the_window(lab: Lab) -> None:
    async with lab.opened() as door:
        if lab.kind == "openai":
            pytest.skip("nobody tells its window")
        with pytest.raises(ContextWindowError, match="max_tokens"):
            await door.send(Request.ask("word " * (WINDOW - 1000), max_tokens=2000))
        assert not lab.chats
        reply = await door.send(Request.ask("word " * (WINDOW - 1000), max_tokens=500))
        assert reply.text == "Hello."


# Places


@awaited
async def test_no_more_are_in_flight_than_the_settings_say(either: Lab) -> None:
    either.says(*[Said("one two", pause=0.005)] * 64)
    async with either.opened(in_flight=5) as door:
        replies = await asyncio.gather(*[door.send(Request.ask(f"{n}")) for n in range(64)])
    assert {reply.text for reply in replies} == {"one two"}
    assert either.server.busiest == 5
    asked = [int(chat["messages"][0]["content"]) for chat in either.chats]
    assert sorted(asked[:5]) == list(range(5)) and sorted(asked) == list(range(64))


@awaited
async def test_models_of_one_server_share_its_places() -> None:
    with chat_server("vllm", models=("tiny", "other")) as lab:
        lab.says(*[Said("one two", pause=0.01)] * 16)
        async with Models({"lab": lab.endpoint(in_flight=3)}) as models:
            doors = [await models.open(f"openai/{name}@{lab.server.url}/v1/") for name in ("tiny", "other")]
            doors += [await models.open("openai/tiny@lab")]
            await asyncio.gather(*[doors[n % 3].send(Request.ask("Count.")) for n in range(16)])
        assert lab.server.busiest == 3


@awaited
async def test_the_slots_of_a_server_are_its_places_and_some_to_spare() -> None:
    with chat_server("llama-server", slots=8) as lab:
        lab.says(*[Said("one two", pause=0.01)] * 40)
        async with lab.opened() as door:
            await asyncio.gather(*[door.send(Request.ask("Count.")) for _ in range(40)])
        assert lab.server.busiest == 10


@pytest.mark.parametrize(("places", "streams"), [(STREAMED_UP_TO, True), (STREAMED_UP_TO + 1, False)])
@awaited
async def test_replies_come_whole_where_many_are_in_flight(either: Lab, places: int, streams: bool) -> None:
    async with either.opened(in_flight=places) as door:
        await door.send(Request.ask("hi"))
        chunks, _ = await streamed(door, Request.ask("hi"))
        await door.send(Request.ask("hi", stream=not streams))
    assert [chat["stream"] for chat in either.chats] == [streams, True, not streams]
    assert chunks


@awaited
async def test_a_conversation_arrives_as_it_is(lab: Lab) -> None:
    turns = (
        Message("system", "Be brief."),
        Message("user", TEXT),
        Message("assistant", "Yes."),
        Message("user", "Go."),
    )
    async with lab.opened() as door:
        await door.send(Request(turns))
    assert [(m["role"], m["content"]) for m in lab.chats[0]["messages"]] == [(t.role, t.content) for t in turns]


# What is left behind


def test_nothing_is_left_open(lab: Lab) -> None:
    lab.says(*[Said("one two")] * 8, Said("one " * 500, pause=0.02))
    threads = threading.active_count()

    async def main() -> None:
        async with lab.opened() as door:
            await asyncio.gather(*[door.send(Request.ask("Count.")) for _ in range(8)])
            async with aclosing(door.stream(Request.ask("Count."))) as chunks:
                await anext(chunks)
        await lab.until(lambda: lab.server.connections == 0)
        await lab.until(lambda: asyncio.all_tasks() == {asyncio.current_task()})

    asyncio.run(main())
    assert threading.active_count() == threads


def test_no_engine_is_left_running(tiny_gguf: Path) -> None:
    threads = threading.active_count()

    async def main() -> int:
        async with Models({}, GgufOptions(context=512, slots=1, threads=1)) as models:
            door = await models.open(f"gguf/{tiny_gguf}")
            task = asyncio.create_task(door.send(Request.ask("On.", grammar=ENDLESS, max_tokens=200)))
            await asyncio.sleep(0.05)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            return int(door._provider._engine.pid)  # type: ignore[attr-defined]

    pid = asyncio.run(main())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert threading.active_count() == threads


@pytest.mark.parametrize("status", [401, 200], ids=["refused", "answered"])
@awaited
async def test_secrets_are_in_no_message_and_no_record(status: int) -> None:
    key, password = "sk-0123456789-abcdef", "hunter2/öä"
    quoted = "hunter2%2F%C3%B6%C3%A4"

    def echo(request: Any) -> Response:
        told = f"{request.headers.get('authorization')} {key} {password} {quoted} {request.path}?api_key={key}"
        return Response.json({"error": {"message": told}}, status)

    from servers.http_server import HttpServer

    from gleanery.errors import ModelError
    from gleanery.models.endpoint import Endpoint

    with HttpServer(echo) as server:
        url = server.url.replace("http://", f"http://ada:{quoted}@")
        for kind, address, where in (("ollama", "ollama/tiny@lab", url), ("openai", "openai/tiny@lab", f"{url}/v1")):
            for api_key in (key, None):
                endpoint = Endpoint("lab", kind, where, api_key)  # type: ignore[arg-type]
                with recording() as exchanges, pytest.raises(ModelError) as caught:
                    async with Models({"lab": endpoint}) as models:
                        await models.open(address)
                seen = f"{caught.value} {caught.value!r} {[e.as_json() for e in exchanges]} {exchanges}"
                assert exchanges
                for secret in (key, password, quoted, "hunter2"):
                    if secret == key and api_key is None:
                        continue  # then it is no secret of ours
                    assert secret not in seen
                    assert secret not in repr(endpoint)
