"""What goes wrong at a server ends in the right error, in time, with all that came kept; or it passes unseen."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from servers.chat_servers import KINDS, Lab, Said, awaited, chat_server
from servers.http_server import HttpRequest, HttpServer, Response
from servers.ollama_server import FakeModel, OllamaServer

from gleanery.errors import (
    ContextWindowError,
    EndpointError,
    ModelError,
    ModelNotFoundError,
    OverloadedError,
    ReplyError,
    StalledError,
)
from gleanery.models.chat import Request
from gleanery.models.door import Door
from gleanery.models.endpoint import Endpoint, GgufOptions
from gleanery.models.opening import Models
from gleanery.models.wire import Exchange, recording

ASKED = Request.ask("Count.", stream=True)
BOTH = pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])


@pytest.fixture(params=KINDS)
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with chat_server(request.param) as lab:
        yield lab


@pytest.fixture(params=["ollama", "vllm"])
def either(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """One server of each way of speaking, for what does not depend on more."""
    with chat_server(request.param) as lab:
        yield lab


def chats(exchanges: list[Exchange]) -> list[Exchange]:
    return [exchange for exchange in exchanges if exchange.purpose == "chat"]


async def failing(door: Door, request: Request, kind: type[ModelError]) -> tuple[ModelError, list[Exchange]]:
    """The error of exactly that kind, and the chats it took; the last of them says it."""
    with recording() as exchanges, pytest.raises(kind) as caught:
        await door.send(request)
    assert type(caught.value) is kind
    last = chats(exchanges)[-1]
    assert last.error and last.error in str(caught.value)
    assert last.seconds is not None
    return caught.value, chats(exchanges)


async def read(door: Door, request: Request) -> list[str]:
    return [chunk.text async for chunk in door.stream(request) if chunk.text]


# Connections that break


@pytest.mark.parametrize(("ends", "stream"), [("abort", True), ("abort", False), ("none", True)])
@awaited
async def test_a_reply_that_breaks_off_is_asked_for_again(either: Lab, ends: Any, stream: bool) -> None:
    either.says(Said("one two", ends=ends), Said("one two three"))
    async with either.opened(in_flight=1) as door:
        with recording() as exchanges:
            reply = await door.send(ASKED.but(stream=stream))
    first, second = chats(exchanges)
    assert (reply.text, reply.attempts) == ("one two three", 2)
    assert first.error and second.error is None and (first.attempt, second.attempt) == (1, 2)
    assert not stream or "one" in first.reply, "what came is kept"


@awaited
async def test_a_request_that_breaks_every_connection_fails_alone(either: Lab) -> None:
    either.says(*[Said("one two", ends="abort")] * 3, Said("fine"))
    async with either.opened(in_flight=1) as door:
        error, tries = await failing(door, ASKED, ReplyError)
        assert "3 times" in str(error) and len(tries) == 3 and all(t.error for t in tries)
        assert (await door.send(ASKED)).text == "fine"


@awaited
async def test_a_stream_that_was_seen_is_not_begun_again(either: Lab) -> None:
    either.says(Said("one two", ends="abort"), Said("", ends="abort"), Said("fine"))
    async with either.opened(in_flight=1) as door:
        seen = []
        with recording() as exchanges, pytest.raises(EndpointError):
            async for chunk in door.stream(ASKED):
                seen.append(chunk.text)
        assert "".join(seen).split() == ["one", "two"]
        (chat,) = chats(exchanges)
        assert chat.error and "two" in chat.reply
        assert await read(door, ASKED) == ["fine"], "what was not seen is"


@awaited
async def test_an_engine_that_is_killed_is_started_again(tiny_gguf: Path) -> None:
    endless = Request.ask("On.", grammar="root ::= [a-z ] root", max_tokens=1500)
    async with Models({}, GgufOptions(context=2048, slots=2, threads=1)) as models:
        door = await models.open(f"gguf/{tiny_gguf}")
        pids = [_pid(door)]
        with recording() as exchanges, pytest.raises(EndpointError, match="SIGKILL"):
            async with aclosing(door.stream(endless)) as chunks:
                await anext(chunks)
                os.kill(pids[-1], signal.SIGKILL)
                async for _ in chunks:
                    pass
        (chat,) = chats(exchanges)
        assert chat.error and "SIGKILL" in chat.error and "data:" in chat.reply
        reply = await door.send(Request.ask("Again.", max_tokens=2))
        assert reply.usage is not None and reply.usage.completion == 2
        pids.append(_pid(door))
        sent = asyncio.create_task(door.send(endless))
        await asyncio.sleep(0.05)
        os.kill(pids[-1], signal.SIGKILL)
        assert (await sent).attempts == 2, "what nobody saw is asked again"
        assert len({*pids, _pid(door)}) == 3


def _pid(door: Door) -> int:
    return int(door._provider._engine.pid)  # type: ignore[attr-defined]


# Silence


@pytest.mark.parametrize("text", ["one two", ""], ids=["mid-stream", "at once"])
@awaited
async def test_a_model_that_falls_silent_stalls(either: Lab, text: str) -> None:
    either.says(Said(text, ends="stall"), Said("fine"))
    async with either.opened(stall=0.15, in_flight=1) as door:
        began = time.perf_counter()
        error, (chat,) = await failing(door, ASKED, StalledError)
        assert 0.14 < time.perf_counter() - began < 0.4
        assert "0.15 seconds" in str(error) and "stall" in str(error)
        assert text.partition(" ")[0] in chat.reply
        await either.until(lambda: either.server.aborted)
        assert (await door.send(ASKED.but(stall=5.0, timeout=5.0))).text == "fine"


@BOTH
@awaited
async def test_a_reply_has_its_time(either: Lab, stream: bool) -> None:
    either.says(Said("one " * 200, pause=0.02) if stream else Said("one", ends="stall"), Said("fine"))
    async with either.opened(timeout=0.2, stall=0.15, in_flight=1) as door:
        began = time.perf_counter()
        error, (chat,) = await failing(door, ASKED.but(stream=stream), StalledError)
        assert "0.2 seconds" in str(error) and "timeout" in str(error)
        assert 0.19 < time.perf_counter() - began < 0.45
        assert not stream or "one" in chat.reply
        await either.until(lambda: either.server.aborted)
        assert (await door.send(ASKED.but(stall=5.0, timeout=5.0))).text == "fine"


@awaited
async def test_a_whole_reply_may_take_longer_than_a_silence(either: Lab) -> None:
    either.says(Said("one two three", wait=0.15), Said("one two three", wait=0.15))
    async with either.opened(stall=0.05) as door:
        assert (await door.send(ASKED.but(stream=False))).text == "one two three"
        await failing(door, ASKED, StalledError)


@awaited
async def test_a_request_may_have_a_time_of_its_own(either: Lab) -> None:
    either.says(Said("one", ends="stall"), Said("one " * 200, pause=0.02))
    async with either.opened() as door:
        for asked in (ASKED.but(stall=0.05), ASKED.but(timeout=0.1)):
            await failing(door, asked, StalledError)


# Too much to do


@awaited
async def test_a_storm_of_refusals_passes_and_fewer_are_in_flight(either: Lab) -> None:
    status = 429 if either.kind == "ollama" else 503
    busy, handle = list[int](), either.server.handle

    def watched(request: HttpRequest) -> Response:
        if b"messages" in request.body:
            busy.append(either.server.busy)
        return handle(request)

    either.server.handle = watched  # type: ignore[method-assign]
    either.says(*[either.busy(status)] * 4, *[Said("one two", wait=0.03)] * 32)
    async with either.opened() as door:
        with recording() as exchanges:
            replies = await asyncio.gather(*[door.send(Request.ask(f"{n}")) for n in range(32)])
    assert {reply.text for reply in replies} == {"one two"}
    statuses = [chat.status for chat in chats(exchanges)]
    assert (statuses.count(200), statuses.count(status)) == (32, 4)
    assert all(bool(chat.error) == (chat.status != 200) for chat in chats(exchanges))
    assert max(reply.attempts for reply in replies) >= 2
    then = busy[8:28]  # before, some were on their way; in the end they grow few
    assert sum(then) / len(then) < 2.3, "the limit was halved, from 4"


@awaited
async def test_a_server_gets_the_time_it_asks_for(either: Lab) -> None:
    either.says(either.busy(429, 0.3), Said("fine"))
    async with either.opened(patience=5) as door:
        began = time.perf_counter()
        reply = await door.send(ASKED)
        assert (reply.text, reply.attempts) == ("fine", 2)
        assert 0.3 <= time.perf_counter() - began < 1.0
        either.says(either.busy(503, 60))
        error, _ = await failing(door, ASKED, OverloadedError)
        assert isinstance(error, OverloadedError) and error.after == 60, "more than our patience is not waited for"


@pytest.mark.parametrize("status", [429, 503])
@awaited
async def test_patience_with_a_busy_server_ends(either: Lab, status: int) -> None:
    either.says(*[either.busy(status)] * 50)
    async with either.opened(patience=0.3) as door:
        began = time.perf_counter()
        error, tries = await failing(door, ASKED, OverloadedError)
        assert time.perf_counter() - began < 0.6
    assert str(status) in str(error) and "in_flight" in str(error)
    assert [t.status for t in tries] == [status] * len(tries)
    assert [t.attempt for t in tries] == list(range(1, len(tries) + 1))


@awaited
async def test_a_server_that_still_loads_its_model_is_waited_for() -> None:
    with chat_server("llama-server") as lab:
        began, handle = time.monotonic(), lab.server.handle

        def loading(request: HttpRequest) -> Response:
            return lab.busy(503) if time.monotonic() - began < 0.3 else handle(request)

        lab.server.handle = loading  # type: ignore[method-assign]
        async with lab.opened(patience=10) as door:
            assert (await door.facts()).known.slots == 2
            lab.says(lab.busy(503))
            assert (await door.capabilities()).streaming
    with chat_server("llama-server") as lab:
        lab.server.handle = lambda _: lab.busy(503)  # type: ignore[method-assign]
        with pytest.raises(OverloadedError):
            async with lab.opened(patience=0.2):
                pass


# Answers that are none


@BOTH
@awaited
async def test_a_torn_answer_is_none(lab: Lab, stream: bool) -> None:
    lab.says(Said("one two", ends="torn"), Said("fine"))
    async with lab.opened(in_flight=1) as door:
        _, (chat,) = await failing(door, ASKED.but(stream=stream), ReplyError)
        assert chat.reply
        assert (await door.send(ASKED)).text == "fine"


@BOTH
@pytest.mark.parametrize(
    ("said", "message"), [(Said(""), "nothing at all"), (Said("", "Hm, hm."), "ask with thinking off")]
)
@awaited
async def test_an_answer_says_something(lab: Lab, stream: bool, said: Said, message: str) -> None:
    lab.says(said)
    async with lab.opened() as door:
        error, (chat,) = await failing(door, ASKED.but(stream=stream, thinking=True), ReplyError)
    assert message in str(error)
    assert said.thinking.partition(" ")[0] in chat.reply


@BOTH
@awaited
async def test_an_answer_without_tokens_left_is_no_error_of_the_door(lab: Lab, stream: bool) -> None:
    lab.says(Said("", "Hm, hm.", finish="length"))
    async with lab.opened() as door:
        reply = await door.send(ASKED.but(stream=stream, thinking=True))
    assert (reply.text, reply.finish) == ("", "length")


@BOTH
@awaited
async def test_a_web_page_is_no_answer(lab: Lab, stream: bool) -> None:
    page = b"<html><body>Welcome to nginx!</body></html>"
    lab.says(Response(200, page, content_type="text/html"))
    async with lab.opened() as door:
        error, (chat,) = await failing(door, ASKED.but(stream=stream), ReplyError)
    assert "nginx" in chat.reply or "web page" in str(error)
    assert lab.kind == "ollama" or "`url`" in str(error)


@awaited
async def test_a_refusal_is_recorded_with_its_reason(lab: Lab) -> None:
    async with lab.opened() as door:
        lab.says(Said("fine"))
        with recording() as exchanges:
            await door.send(ASKED)
        assert chats(exchanges)[-1].error is None
        if isinstance(lab.server, OllamaServer):
            lab.server.models.clear()
        else:
            lab.server.models = ("another",)
        if lab.kind == "llama-server":  # it serves its only model by any name
            return
        with recording() as exchanges, pytest.raises(ModelNotFoundError) as caught:
            await door.send(ASKED)
    (chat,) = chats(exchanges)
    assert chat.status == 404 and chat.error == str(caught.value)


@awaited
async def test_what_is_never_sent_stains_no_other_exchange() -> None:
    with chat_server("ollama") as lab:
        async with lab.opened() as door:
            with recording() as exchanges:
                await door.send(ASKED)
                with pytest.raises(ModelError, match="grammar"):
                    await door.send(ASKED.but(grammar='root ::= "a"'))
    assert [chat.error for chat in chats(exchanges)] == [None]


# Prompts that are cut


LONG = Request.ask("word " * 3000)


def old_ollama() -> OllamaServer:
    """Cuts what does not fit to half of the window, without a word; the model was made with a small one."""
    return OllamaServer(models=[FakeModel("tiny", 32768)], cuts=True, largest_context=2048)


@pytest.mark.parametrize(
    "server", [old_ollama, lambda: OllamaServer(models=["tiny"], largest_context=2048)], ids=["cuts", "refuses"]
)
@pytest.mark.parametrize("stream", [True, False, None])
@awaited
async def test_ollama_that_loads_a_smaller_window_is_found_out(
    server: Callable[[], OllamaServer], stream: bool | None
) -> None:
    with server() as ollama:
        async with Models({"lab": Endpoint("lab", "ollama", ollama.url)}) as models:
            door = await models.open("ollama/tiny@lab")
            with recording() as exchanges, pytest.raises(ContextWindowError) as caught:
                await door.send(LONG.but(stream=stream))
            assert caught.value.window == 2048 and chats(exchanges)[-1].error == str(caught.value)
            assert (await door.send(Request.ask("short"))).text == "ok"


@pytest.mark.parametrize("kind", ["openai", "vllm"])
@awaited
async def test_a_server_that_cuts_silently_is_found_out(kind: Any) -> None:
    with chat_server(kind) as lab:
        lab.says(*[Said("fine", prompt=1000)] * 2, Said("fine"))
        async with lab.opened() as door:
            error, tries = await failing(door, LONG, ContextWindowError)
            assert "cut" in str(error) and len(tries) == 1
            assert len(lab.chats) == 2, "it was counted anew before it was accused"
            assert (await door.send(Request.ask("short"))).text == "fine"


@awaited
async def test_a_server_that_counts_little_is_not_accused() -> None:
    with chat_server("openai") as lab:
        lab.says(Said("fine", prompt=10), Said("f"))  # the second is counted as it should be
        async with lab.opened() as door:
            assert (await door.send(LONG)).text == "fine"
            lab.says(Said("fine", prompt=11))
            assert (await door.send(LONG)).text == "fine"
        assert len(lab.chats) == 3, "it is found out once"


# Servers that go away


@awaited
async def test_all_go_on_when_the_server_is_back(either: Lab) -> None:
    either.says(*[Said("one two", pause=0.05)] * 4)
    async with either.opened(in_flight=4, patience=10) as door:
        with recording() as exchanges:
            tasks = [asyncio.create_task(door.send(Request.ask(f"{n}"))) for n in range(40)]
            await either.until(lambda: len(either.chats) == 4)
            await asyncio.to_thread(either.server.stop_listening)
            before = len(either.server.requests)
            await asyncio.sleep(0.3)
            await asyncio.to_thread(either.server.listen_again)
            replies = await asyncio.gather(*tasks)
    assert len(replies) == 40 and all(reply.text for reply in replies)
    assert max(reply.attempts for reply in replies) <= 4
    methods = [request.method for request in either.server.requests[before:]]
    assert methods.index("POST") == 1, "one asked for all"
    assert len(either.chats) == 44, "each is sent again once"
    assert all(bool(chat.error) == (chat.status is None or not chat.usage) for chat in chats(exchanges))


@awaited
async def test_patience_with_a_lost_server_ends_for_all_at_once(either: Lab) -> None:
    async with either.opened(in_flight=4, patience=0.4) as door:
        await asyncio.to_thread(either.server.stop_listening)
        began = time.perf_counter()
        ended = await asyncio.gather(*[door.send(ASKED) for _ in range(20)], return_exceptions=True)
        assert 0.4 <= time.perf_counter() - began < 0.8
        assert {type(error) for error in ended} == {EndpointError}
        began = time.perf_counter()
        for _ in range(5):
            with pytest.raises(EndpointError):
                await door.send(ASKED)
        assert time.perf_counter() - began < 0.3, "who comes later does not wait again"
        await asyncio.to_thread(either.server.listen_again)
        assert (await door.send(ASKED)).text == "Hello."
        await asyncio.to_thread(either.server.stop_listening)
        again = asyncio.create_task(door.send(ASKED))
        await asyncio.sleep(0.15)
        await asyncio.to_thread(either.server.listen_again)
        assert (await again).text == "Hello.", "there is patience anew"


@awaited
async def test_a_proxy_without_its_server_is_tried_again(either: Lab) -> None:
    either.says(Response(502, b"Bad Gateway", content_type="text/plain"), Said("fine"))
    async with either.opened() as door:
        reply = await door.send(ASKED)
    assert (reply.text, reply.attempts) == ("fine", 2)


@awaited
async def test_connections_that_went_stale_are_nobodys_fault(either: Lab) -> None:
    """A server that was started anew between two requests."""
    async with either.opened() as door:
        await door.send(ASKED)
        await asyncio.to_thread(either.server.stop_listening)
        await asyncio.to_thread(either.server.listen_again)
        assert (await door.send(ASKED)).attempts == 1


@awaited
async def test_closing_the_models_ends_what_is_in_flight(lab: Lab) -> None:
    lab.says(*[Said("one " * 200, pause=0.02)] * 6)
    async with lab.opened(in_flight=6, patience=0.2) as door:
        tasks = [asyncio.create_task(door.send(ASKED)) for _ in range(6)]
        await lab.until(lambda: len(lab.chats) == 6)
    ended = await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 3)
    assert all(isinstance(error, ModelError) for error in ended), ended
    await lab.until(lambda: len(lab.server.aborted) == 6)


@awaited
async def test_what_is_no_server_of_models_says_so() -> None:
    with HttpServer(lambda _: Response(200, b"<html>Hi</html>", content_type="text/html")) as server:
        for kind, url in (("ollama", server.url), ("openai", f"{server.url}/v1")):
            async with Models({"lab": Endpoint("lab", kind, url)}) as models:  # type: ignore[arg-type]
                with pytest.raises(ReplyError, match=server.url):
                    await models.open(f"{kind}/tiny@lab")
