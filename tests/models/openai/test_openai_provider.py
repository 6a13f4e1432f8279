from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from time import monotonic, sleep
from typing import Any, TypeVar

import pytest
from servers.http_server import ABORT, STALL, Mishap, Response
from servers.openai_server import OpenAIServer, Turn, event

from gleanery.errors import EndpointError, ModelNotFoundError, ReplyError
from gleanery.models.chat import Request, Tool, ToolCall, Usage
from gleanery.models.endpoint import Endpoint
from gleanery.models.openai.dialects import LLAMA_SERVER
from gleanery.models.openai.provider import OpenAIProvider
from gleanery.models.provider import Ending, Piece
from gleanery.models.wire import Call, on_behalf_of, recording

_T = TypeVar("_T")

ADD = Tool("add", "Adds.", {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"]})
FLAVOURS = ("openai", "vllm", "llama-server")


@asynccontextmanager
async def opened(endpoint: Endpoint, name: str = "tiny", **options: Any) -> AsyncIterator[OpenAIProvider]:
    provider = OpenAIProvider(name, endpoint, **options)
    try:
        yield provider
    finally:
        await provider.aclose()


def using(server: OpenAIServer, work: Callable[[OpenAIProvider], Awaitable[_T]], **options: Any) -> _T:
    """What the work with a provider comes to."""

    async def run() -> _T:
        async with opened(server.endpoint, **options) as provider:
            return await work(provider)

    return asyncio.run(run())


async def pieces(provider: OpenAIProvider, request: Request) -> list[Piece]:
    async with aclosing(provider.stream(request)) as coming:
        return [piece async for piece in coming]


def said(server: OpenAIServer, request: Request, **options: Any) -> tuple[str, str, tuple[ToolCall, ...], Ending]:
    """The text, the thinking, the calls and the ending of the reply."""
    got = using(server, lambda provider: pieces(provider, request), **options)
    ending = got[-1].ending
    assert ending is not None
    assert [piece.ending for piece in got[:-1]] == [None] * (len(got) - 1)
    calls = tuple(call for piece in got for call in piece.tool_calls)
    return "".join(p.text for p in got), "".join(p.thinking for p in got), calls, ending


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_reply_is_the_same_streamed_or_not(flavour: Any, stream: bool) -> None:
    with OpenAIServer(flavour) as server:
        server.then(Turn("Two and  three\nare five.", "Let me count.", cached=3))
        text, thinking, calls, ending = said(server, Request.ask("2+3?", stream=stream))
        assert (text, thinking, calls) == ("Two and  three\nare five.", "Let me count.", ())
        assert (ending.finish, ending.usage) == ("stop", Usage(4, 8, 3))
        figures = (0.0125, 0.0025) if flavour == "llama-server" else (None, None)
        assert (ending.first_token, ending.per_token) == figures
        assert server.chats[0]["stream"] is stream


@pytest.mark.parametrize("stream", [True, False])
def test_tool_calls(stream: bool) -> None:
    with OpenAIServer("vllm") as server:
        server.then(Turn("Adding.", calls=[("add", '{"a": 1234567}'), ("add", '{"a": 2}', None)]))
        text, _, calls, ending = said(server, Request.ask("2+3?", tools=(ADD,), stream=stream))
        assert (text, ending.finish) == ("Adding.", "tool_calls")
        assert calls == (
            ToolCall("chatcmpl-tool-0", "add", '{"a": 1234567}'),
            ToolCall("call-2", "add", '{"a": 2}'),
        )


def test_vllms_newer_name_for_thinking() -> None:
    with OpenAIServer("vllm") as server:
        server.then(Turn("5", "Hm.", thinking_field="reasoning"))
        assert said(server, Request.ask("2+3?"))[:2] == ("5", "Hm.")


def test_each_word_is_a_piece() -> None:
    with OpenAIServer() as server:
        server.then(Turn(["a", "b", "", "c"]))
        got = using(server, lambda provider: pieces(provider, Request.ask("Spell.")))
        assert [piece.text for piece in got] == ["a", "b", "c", ""]


def test_no_usage_and_an_empty_answer() -> None:
    with OpenAIServer() as server:
        server.then(Turn("", usage=False))
        assert said(server, Request.ask("Hi.")) == ("", "", (), Ending("stop"))


def test_a_prompt_that_was_cut_silently_shows_in_the_usage() -> None:
    with OpenAIServer() as server:
        server.then(Turn("Hm.", prompt_tokens=2))
        usage = said(server, Request.ask("word " * 100))[3].usage
        assert usage and usage.prompt == 2


def test_a_server_that_streams_nothing_although_asked_to() -> None:
    whole = {"choices": [{"message": {"content": "Hi."}, "finish_reason": "stop"}]}
    with OpenAIServer() as server:
        server.then(Response.json(whole))
        assert said(server, Request.ask("Hi."))[0] == "Hi."


def test_a_vllm_model_that_takes_no_switch_is_asked_without() -> None:
    with OpenAIServer("vllm", switch=False) as server:

        async def twice(provider: OpenAIProvider) -> list[Piece]:
            await pieces(provider, Request.ask("Hi."))
            return await pieces(provider, Request.ask("Hi."))

        assert "".join(piece.text for piece in using(server, twice)) == "Hello."
        assert ["chat_template_kwargs" in chat for chat in server.chats] == [True, False, False]


def test_facts() -> None:
    for flavour, slots, window, name in [
        ("llama-server", 2, 4096, "llama-server b6789-abc"),
        ("vllm", None, 4096, "vllm 0.12.0"),
        ("openai", None, None, ""),
    ]:
        with OpenAIServer(flavour) as server:  # type: ignore[arg-type]

            async def ask(provider: OpenAIProvider) -> tuple[Any, Any, Any]:
                return await provider.facts(), await provider.loaded_window(), await provider.alive()

            facts, loaded, alive = using(server, ask)
            assert (facts.digest, facts.window, facts.chooses_window, facts.server) == (None, window, False, name)
            assert (facts.known.slots, facts.known.grammar) == (slots, flavour != "openai")
            assert (loaded, alive) == (window, True)


def test_the_window_that_lm_studio_has_loaded() -> None:
    class LmStudio(OpenAIServer):
        def handle(self, request: Any) -> Response:
            if request.path == "/api/v0/models/tiny":
                return Response.json({"max_context_length": 32768, "loaded_context_length": 4096})
            return super().handle(request)

    with LmStudio() as server:
        assert using(server, lambda provider: provider.loaded_window()) == 4096


def test_a_model_that_is_not_there() -> None:
    says = r"no model `tiny`\. It has `qwen`, `gemma`\."
    with OpenAIServer("vllm", models=("qwen", "gemma")) as server, pytest.raises(ModelNotFoundError, match=says):
        using(server, lambda provider: provider.facts())


def test_a_model_that_has_gone_since() -> None:
    with OpenAIServer("vllm") as server:

        async def lose(provider: OpenAIProvider) -> None:
            await provider.facts()
            server.models = ("other",)
            await pieces(provider, Request.ask("Hi."))

        with pytest.raises(ModelNotFoundError, match=r"It has `other`\."):
            using(server, lose)


def test_a_server_of_our_own_has_our_model_whatever_it_calls_it() -> None:
    with OpenAIServer("llama-server", models=("/tmp/x.gguf",)) as server:
        provider = OpenAIProvider("x", server.endpoint, address="gguf/x.gguf", ours=True, dialect=LLAMA_SERVER)
        assert provider.model == "gguf/x.gguf"
        options: dict[str, Any] = {"address": "gguf/x.gguf", "ours": True, "dialect": LLAMA_SERVER}
        facts = using(server, lambda provider: provider.facts(), name="x", **options)
        assert (facts.window, facts.server) == (4096, "llama-server")
        asyncio.run(provider.aclose())


def test_the_address_has_the_url_without_its_password() -> None:
    provider = OpenAIProvider("tiny", Endpoint("lab", "openai", "http://me:secret@host:1/v1"))
    assert provider.model == "openai/tiny@http://host:1/v1"
    asyncio.run(provider.aclose())


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_counting_is_what_the_reply_will_say(flavour: Any) -> None:
    request = Request.ask("Some words to count.", tools=(ADD,), tool_choice="none")
    with OpenAIServer(flavour) as server:

        async def ask(provider: OpenAIProvider) -> tuple[int | None, list[Piece]]:
            return await provider.count(request), await pieces(provider, request)

        counted, got = using(server, ask)
        ending = got[-1].ending
        assert ending and ending.usage
        assert counted == (None if flavour == "openai" else ending.usage.prompt)


def test_a_tokenizer_that_a_proxy_hides_is_not_missed() -> None:
    class Proxied(OpenAIServer):
        def handle(self, request: Any) -> Response:
            return Response(404) if request.path == "/tokenize" else super().handle(request)

    with Proxied("vllm") as server:
        assert using(server, lambda provider: provider.count(Request.ask("Hi."))) is None


def test_own_requests_are_told_from_chats() -> None:
    with OpenAIServer("llama-server") as server, recording() as exchanges:

        async def ask(provider: OpenAIProvider) -> None:
            on_behalf_of(Call(provider.model, "chat", 2))
            await provider.count(Request.ask("Hi."))
            await pieces(provider, Request.ask("Hi."))

        using(server, ask)
    seen = [(exchange.purpose, exchange.attempt, exchange.url.removeprefix(server.url)) for exchange in exchanges]
    assert seen == [
        ("facts", 1, "/v1/models"),
        ("facts", 1, "/props?model=tiny"),
        ("count", 1, "/apply-template"),
        ("count", 1, "/tokenize"),
        ("chat", 2, "/v1/chat/completions"),
    ]
    assert {exchange.model for exchange in exchanges} == {f"openai/tiny@{server.url}/v1"}


def test_one_connection_serves_many_requests() -> None:
    with OpenAIServer("vllm") as server:

        async def ask(provider: OpenAIProvider) -> int:
            for stream in (True, False, True, True):
                await pieces(provider, Request.ask("Hi.", stream=stream))
            return server.connections

        assert using(server, ask) == 1


@pytest.mark.parametrize("after", [STALL, ABORT])
def test_what_comes_after_the_end_does_not_matter(after: Mishap) -> None:
    end = {"choices": [{"index": 0, "delta": {"content": "Hi."}, "finish_reason": "stop"}]}
    with OpenAIServer() as server:
        server.then(Response(parts=[event(end), b"data: [DONE]\n\n", after], content_type="text/event-stream"))
        assert said(server, Request.ask("Hi."))[0] == "Hi."


@pytest.mark.parametrize("stream", [True, False])
def test_cancelling_closes_the_connection(stream: bool) -> None:
    with OpenAIServer() as server:
        server.then(Turn("a b c", before=[STALL]))

        async def leave(provider: OpenAIProvider) -> None:
            task = asyncio.create_task(pieces(provider, Request.ask("Hi.", stream=stream)))
            while not server.busy or not server.chats:
                await asyncio.sleep(0.005)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            until(lambda: bool(server.aborted))

        using(server, leave)
        assert [request.path for request in server.aborted] == ["/v1/chat/completions"]


def test_closing_the_generator_closes_the_connection() -> None:
    with OpenAIServer() as server:
        server.then(Turn("a b c", ends=STALL))

        async def leave(provider: OpenAIProvider) -> str:
            async with aclosing(provider.stream(Request.ask("Hi."))) as coming:
                first = await anext(coming)
            until(lambda: bool(server.aborted))
            return first.text

        assert using(server, leave) == "a"


def until(true: Callable[[], bool]) -> None:
    end = monotonic() + 3
    while not true():
        assert monotonic() < end, "that never happened"
        sleep(0.005)


def test_a_server_that_is_not_there() -> None:
    with OpenAIServer() as server:
        server.stop_listening()

        async def ask(provider: OpenAIProvider) -> bool:
            for work in (provider.facts(), provider.count(Request.ask("Hi.")), pieces(provider, Request.ask("Hi."))):
                with pytest.raises(EndpointError, match="There is no server at"):
                    await work
            return await provider.alive()

        assert using(server, ask) is False


def test_alive_is_whoever_answers() -> None:
    for flavour in FLAVOURS:
        with OpenAIServer(flavour, key="sk-1") as server:  # type: ignore[arg-type]

            async def ask(provider: OpenAIProvider) -> bool:
                await provider.facts()
                server.requests.clear()
                return await provider.alive()

            assert using(server, ask)
            assert [r.path for r in server.requests] == ["/v1/models" if flavour == "openai" else "/health"]
    with OpenAIServer(key="sk-1") as server:
        server.key, endpoint = "sk-2", server.endpoint

        async def refused() -> bool:
            async with opened(endpoint) as provider:
                return await provider.alive()

        assert asyncio.run(refused())


@pytest.mark.parametrize("body", [b"<html>Hello</html>", b'{"data": 7}', b"[]", b'{"data": [7]}'])
def test_a_list_of_models_that_is_none(body: bytes) -> None:
    class Odd(OpenAIServer):
        def handle(self, request: Any) -> Response:
            return Response(body=body)

    with Odd() as server, pytest.raises(ReplyError):
        using(server, lambda provider: provider.facts())
