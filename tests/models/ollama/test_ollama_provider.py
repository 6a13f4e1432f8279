from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import aclosing
from typing import Any, TypeVar

import pytest
from servers.http_server import HttpServer, Part, Response, Wait
from servers.ollama_server import Behaviour, FakeModel, OllamaServer, busy, refusal

from gleanery.errors import (
    ContextWindowError,
    EndpointError,
    GleaneryError,
    ModelError,
    ModelNotFoundError,
    OverloadedError,
    ReplyError,
    UnsupportedError,
    UsageError,
)
from gleanery.models.chat import Message, Request, Sampling, Tool, ToolCall, Usage, system, user
from gleanery.models.endpoint import OLLAMA, Endpoint
from gleanery.models.ollama.provider import OllamaProvider, same_model
from gleanery.models.provider import Piece, Provider
from gleanery.models.wire import Call, on_behalf_of, recording

T = TypeVar("T")
HELLO = Request.ask("Say hello.")
THINKER = FakeModel("qwen3:4b", capabilities=("completion", "tools", "thinking"))
NESTED = {
    "type": "object",
    "properties": {"by": {"anyOf": [{"$ref": "#/$defs/Person"}, {"type": "null"}], "default": None}},
    "required": ["by"],
    "$defs": {"Person": {"type": "object", "properties": {"name": {"type": "string", "minLength": 1}}}},
    "additionalProperties": False,
}
SEARCH = Tool("search", "Search the library.", NESTED)


def using(server: HttpServer, act: Callable[[OllamaProvider], Awaitable[T]], **endpoint: Any) -> T:
    """What `act` gives with a provider of qwen3:4b at the server."""

    async def main() -> T:
        provider = OllamaProvider("qwen3:4b", Endpoint("test", "ollama", server.url, **endpoint))
        try:
            return await act(provider)
        finally:
            await provider.aclose()

    return asyncio.run(main())


async def pieces_of(provider: Provider, request: Request) -> list[Piece]:
    return [piece async for piece in provider.stream(request)]


def ask(server: HttpServer, request: Request = HELLO, **endpoint: Any) -> list[Piece]:
    return using(server, lambda provider: pieces_of(provider, request), **endpoint)


def failing(server: HttpServer, request: Request = HELLO, **endpoint: Any) -> GleaneryError:
    with pytest.raises(GleaneryError) as caught:
        ask(server, request, **endpoint)
    return caught.value


def sent(request: Request, **endpoint: Any) -> dict[str, Any]:
    """The body that the server got for a request to a model that thinks."""
    with OllamaServer(models=[THINKER]) as server:
        ask(server, request, **endpoint)
        return server.chats[0]


def test_answer_comes_piece_by_piece_with_the_servers_figures() -> None:
    with OllamaServer([Behaviour("one two three", prompt_tokens=12, load=0.01)]) as server:
        *pieces, last = ask(server)
    assert [piece.text for piece in pieces] == ["one ", "two ", "three"]
    assert all(piece.ending is None for piece in pieces)
    ending = last.ending
    assert ending is not None and (ending.finish, ending.usage) == ("stop", Usage(12, 3))
    assert ending.load == pytest.approx(0.011) and ending.first_token == pytest.approx(0.031)
    assert ending.per_token == pytest.approx(0.005)


def test_whole_reply_is_one_piece() -> None:
    with OllamaServer([Behaviour("one two", thinking=["Let me ", "see."])], [THINKER]) as server:
        (piece,) = ask(server, HELLO.but(stream=False, thinking=True))
        assert server.chats[0]["stream"] is False
    assert (piece.text, piece.thinking) == ("one two", "Let me see.")
    assert piece.ending is not None and piece.ending.finish == "stop"


def test_thinking_and_an_empty_answer() -> None:
    with OllamaServer([Behaviour(thinking=["Hm, ", "no."])], [THINKER]) as server:
        pieces = ask(server, HELLO.but(thinking=True))
    assert ("".join(p.thinking for p in pieces), "".join(p.text for p in pieces)) == ("Hm, no.", "")


def test_tokens_running_out_is_said() -> None:
    with OllamaServer([Behaviour("one", done_reason="length")]) as server:
        ending = ask(server)[-1].ending
    assert ending is not None and ending.finish == "length"


def test_counts_that_are_left_out_are_zero() -> None:
    with OllamaServer([Behaviour("", prompt_tokens=0)]) as server:
        ending = ask(server)[-1].ending
    assert ending is not None and (ending.usage, ending.per_token) == (Usage(0, 0, None), None)


@pytest.mark.parametrize("stream", [True, False])
def test_tool_calls_get_ids_that_are_new_in_the_conversation(stream: bool) -> None:
    calls = [("search", {"by": {"name": "Ünal"}}), ("search", {})]
    with OllamaServer([Behaviour(tool_calls=calls)] * 2) as server:
        first = ask(server, HELLO.but(tools=(SEARCH,), stream=stream))
        got = [call for piece in first for call in piece.tool_calls]
        assert got == [ToolCall("call-0", "search", '{"by":{"name":"Ünal"}}'), ToolCall("call-1", "search", "{}")]
        answer = Message("tool", "found", tool_call_id="call-0")
        later = (user("Hi"), Message("assistant", "", tuple(got)), answer)
        second = ask(server, Request(later, tools=(SEARCH,), stream=stream))
        assert [call.id for piece in second for call in piece.tool_calls] == ["call-2", "call-3"]
    for pieces in (first, second):
        ending = pieces[-1].ending
        assert ending is not None and ending.finish == "tool_calls"


def test_body_says_all_that_is_set_and_keeps_schemas_whole() -> None:
    request = Request(
        (
            system("Be brief."),
            user("Who?"),
            Message(
                "assistant", "", (ToolCall("call-0", "search", '{"by":null}'), ToolCall("call-1", "search", "oops"))
            ),
            Message("tool", "Nobody.", tool_call_id="call-0"),
            Message("tool", "What?", tool_call_id="call-1", name="find"),
        ),
        tools=(SEARCH,),
        schema=NESTED,
        stop=("\n\n",),
        sampling=Sampling(0.5, 0.9, 40, 0.05, 1.1, 7),
        max_tokens=100,
        context=8192,
        thinking=True,
    )
    assert sent(request, keep_alive="5m") == {
        "model": "qwen3:4b",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Who?"},
            {
                "role": "assistant",
                "content": "",
                "tool_calls": [
                    {"id": "call-0", "function": {"name": "search", "arguments": {"by": None}}},
                    {"id": "call-1", "function": {"name": "search", "arguments": {"arguments": "oops"}}},
                ],
            },
            {"role": "tool", "content": "Nobody.", "tool_call_id": "call-0", "tool_name": "search"},
            {"role": "tool", "content": "What?", "tool_call_id": "call-1", "tool_name": "find"},
        ],
        "stream": True,
        "truncate": False,
        "shift": False,
        "tools": [
            {
                "type": "function",
                "function": {"name": "search", "description": "Search the library.", "parameters": NESTED},
            }
        ],
        "think": True,
        "format": NESTED,
        "keep_alive": "5m",
        "options": {
            "num_ctx": 8192,
            "num_predict": 100,
            "temperature": 0.5,
            "top_p": 0.9,
            "top_k": 40,
            "min_p": 0.05,
            "repeat_penalty": 1.1,
            "seed": 7,
            "stop": ["\n\n"],
        },
    }


def test_body_leaves_out_what_is_not_set() -> None:
    assert sent(HELLO.but(thinking=None, sampling=Sampling(None))) == {
        "model": "qwen3:4b",
        "messages": [{"role": "user", "content": "Say hello."}],
        "stream": True,
        "truncate": False,
        "shift": False,
    }


@pytest.mark.parametrize(("keep_alive", "says"), [("-1", -1), ("30", 30), ("10m", "10m"), ("-1s", "-1s")])
def test_bare_seconds_are_numbers(keep_alive: str, says: int | str) -> None:
    assert sent(HELLO, keep_alive=keep_alive)["keep_alive"] == says


def test_tool_choice() -> None:
    tools = HELLO.but(tools=(SEARCH,))
    assert "tools" not in sent(tools.but(tool_choice="none"))
    assert len(sent(tools.but(tool_choice="required"))["tools"]) == 1


@pytest.mark.parametrize(
    ("thinks", "asked", "says"),
    [
        (True, False, False),
        (True, True, True),
        (True, 500, True),
        (True, 0, False),
        (True, None, None),
        (False, False, None),
        (False, None, None),
    ],
)
def test_think_is_said_to_models_that_can(thinks: bool, asked: bool | int | None, says: bool | None) -> None:
    model = THINKER if thinks else FakeModel("qwen3:4b")
    with OllamaServer(models=[model]) as server:
        ask(server, HELLO.but(thinking=asked))
        assert server.chats[0].get("think") is says


def test_text_that_utf8_cannot_say_is_sent_all_the_same() -> None:
    assert sent(Request.ask("caf\ud800é"))["messages"][0]["content"] == "caf\ud800é"


def test_lines_may_come_in_any_parts() -> None:
    def in_parts(body: dict[str, Any]) -> Response:
        lines = b"".join(
            json.dumps({"message": {"content": text}, "done": text == "."}).encode() + b"\n" for text in "aé\u2028b."
        )
        return Response(parts=[lines[n : n + 7] for n in range(0, len(lines), 7)])

    with OllamaServer(in_parts) as server:
        assert [piece.text for piece in ask(server)] == list("aé\u2028b.")


def test_connection_is_used_again() -> None:
    async def thrice(provider: OllamaProvider) -> None:
        for _ in range(3):
            await pieces_of(provider, HELLO)

    with OllamaServer() as server:
        using(server, thrice)
        assert (server.accepted, len(server.chats), server.aborted) == (1, 3, [])


def test_facts() -> None:
    models = [FakeModel("other"), FakeModel("qwen3:4b", 40960, ("completion", "thinking"), parameters="num_ctx 2048")]
    with OllamaServer(models=models) as server:
        facts = using(server, lambda provider: provider.facts())
    assert (facts.digest, facts.window, facts.chooses_window) == (models[1].digest, 40960, True)
    assert (facts.known.tools, facts.known.thinking, facts.known.window) == (False, True, 40960)
    assert facts.server == "ollama 0.32.5"


def test_facts_of_an_old_server_are_what_it_tells() -> None:
    def old(request: Any) -> Response:
        replies = {
            "/api/show": {"model_info": {}, "details": {}},
            "/api/tags": {"models": []},
            "/api/version": {"version": "0.5"},
        }
        return Response.json(replies[request.path])

    with HttpServer(old) as server:
        facts = using(server, lambda provider: provider.facts())
    assert (facts.digest, facts.window, facts.known.tools, facts.known.thinking) == (None, None, None, None)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("qwen3", "qwen3:latest", True),
        ("Qwen3:4B", "qwen3:4b", True),
        ("localhost:5000/me/x", "localhost:5000/me/x:latest", True),
        ("qwen3", "qwen3:4b", False),
        (None, "qwen3", False),
    ],
)
def test_names_of_the_same_model(one: str | None, other: str, same: bool) -> None:
    assert same_model(one, other) is same


def test_loaded_window_is_what_the_model_runs_with() -> None:
    async def before_and_after(provider: OllamaProvider) -> tuple[int | None, int | None]:
        before = await provider.loaded_window()
        await pieces_of(provider, HELLO.but(context=16384))
        return before, await provider.loaded_window()

    with OllamaServer(largest_context=8192) as server:
        assert using(server, before_and_after) == (None, 8192)


def test_prompt_that_does_not_fit_is_refused_with_its_size() -> None:
    long = Request.ask("word " * 5000, context=4096)
    with OllamaServer() as server:
        error = failing(server, long)
    assert isinstance(error, ContextWindowError) and (error.tokens, error.window) == (5000, 4096)
    with OllamaServer(cuts=True) as server:
        ending = ask(server, long)[-1].ending
    assert ending is not None and ending.usage is not None and ending.usage.prompt == 2050


def test_count_is_not_known() -> None:
    with OllamaServer() as server:
        assert using(server, lambda provider: provider.count(HELLO)) is None
        assert not server.requests


def test_grammar_is_refused_without_asking() -> None:
    with OllamaServer() as server:
        error = failing(server, HELLO.but(grammar="root ::= [a-z]"))
        assert isinstance(error, UnsupportedError) and "JSON Schema" in str(error)
        assert not server.requests


@pytest.mark.parametrize(
    ("answer", "kind", "says"),
    [
        (Behaviour("a b", ending="abort"), EndpointError, "broke while"),
        (Behaviour("a b", ending="none"), EndpointError, "broke off"),
        (Behaviour("a b", ending="torn"), ReplyError, "is torn"),
        (Behaviour("a b", ending="error"), ReplyError, "CUDA error"),
        (Behaviour("a", ending="error", error="llama runner process has terminated"), EndpointError, "died"),
        (Behaviour("a", ending="error", error="server busy, please try again"), OverloadedError, "no more"),
        (Response(parts=[b"[1]\n"]), ReplyError, "is no object"),
        (Response(parts=[b'{"message": {"tool_calls": [{}]}}\n']), ReplyError, "makes no sense"),
        (Response(parts=[b'{"done": true, "eval_count": "x"}\n']), ReplyError, "makes no sense"),
        (Response.hangs_up(), EndpointError, "broke while"),
        (refusal(500, "llama runner process has terminated: exit status 2"), EndpointError, "`ollama serve` logs why"),
        (refusal(500, "model requires more system memory (9 GiB)"), ReplyError, "more system memory"),
        (refusal(502, "bad gateway"), EndpointError, "is gone"),
        (refusal(401, "unauthorized"), ModelError, "api_key_env"),
        (refusal(400, '"qwen3:4b" does not support chat'), UnsupportedError, "not made for chats"),
        (Response(404, b"404 page not found"), ModelError, "is no Ollama server"),
        (Response(307, headers={"location": "http://127.0.0.1:9/"}), ModelError, "is no Ollama server"),
    ],
)
def test_mishaps_are_typed(answer: Any, kind: type[GleaneryError], says: str) -> None:
    with OllamaServer([answer]) as server:
        error = failing(server)
        assert type(error) is kind and says in str(error) and server.url in str(error)
        assert len(server.chats) == 1


@pytest.mark.parametrize(
    ("request_", "says"), [(HELLO.but(tools=(SEARCH,)), "tools"), (HELLO.but(thinking=True), "thinking")]
)
def test_what_the_model_cannot_do_is_said(request_: Request, says: str) -> None:
    with OllamaServer(models=[FakeModel("qwen3:4b", capabilities=("completion",))]) as server:
        error = failing(server, request_)
    assert isinstance(error, UnsupportedError) and f"does not support {says}" in str(error)


@pytest.mark.parametrize(("status", "after"), [(503, None), (503, 2.5), (429, 1.0)])
def test_overload_says_when_to_come_back(status: int, after: float | None) -> None:
    with OllamaServer([busy(status, after), "now"]) as server:
        error = failing(server)
        assert isinstance(error, OverloadedError) and error.after == after
        assert ask(server)[0].text == "now"


def test_missing_model_says_how_to_get_it() -> None:
    with OllamaServer(models=["other"]) as server:
        for act in (lambda p: pieces_of(p, HELLO), lambda p: p.facts()):
            with pytest.raises(ModelNotFoundError) as caught:
                using(server, act)
            assert f"`gleanery models pull ollama/qwen3:4b@{server.url}`" in str(caught.value)
            assert "`ollama pull qwen3:4b`" in str(caught.value)


def test_server_that_is_not_there_and_comes_back() -> None:
    async def alive(provider: OllamaProvider) -> bool:
        return await provider.alive()

    with OllamaServer() as server:
        assert using(server, alive)
        server.stop_listening()
        error = failing(server)
        assert isinstance(error, EndpointError) and "`ollama serve`" in str(error) and server.url in str(error)
        assert not using(server, alive)
        server.listen_again()
        assert using(server, alive)
        assert ask(server)[0].text == "ok"
    with HttpServer(lambda _: Response(503)) as server:
        assert not using(server, alive)


def test_closing_the_stream_closes_the_connection() -> None:
    async def leave(provider: OllamaProvider) -> None:
        async with aclosing(provider.stream(HELLO)) as pieces:
            assert (await anext(pieces)).text == "a"
        assert await asyncio.to_thread(until, lambda: len(server.aborted) == 1)

    with OllamaServer([Behaviour(pieces=["a"], ending="stall")]) as server:
        using(server, leave)
        assert server.aborted[0].path == "/api/chat"


@pytest.mark.parametrize("answer", [Behaviour("a", ending="stall"), Behaviour("a", load=5.0)])
@pytest.mark.parametrize("stream", [True, False])
def test_cancelling_closes_the_connection(answer: Behaviour, stream: bool) -> None:
    async def cancel(provider: OllamaProvider) -> None:
        task = asyncio.create_task(pieces_of(provider, HELLO.but(stream=stream)))
        while not server.chats:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(until, lambda: len(server.aborted) == 1)

    with OllamaServer([answer]) as server:
        using(server, cancel)


def until(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 2.0
    while not true() and time.monotonic() < deadline:
        time.sleep(0.005)
    return true()


def test_many_at_once() -> None:
    async def many(provider: OllamaProvider) -> list[list[Piece]]:
        await provider.facts()
        async with asyncio.timeout(30):
            return await asyncio.gather(*(pieces_of(provider, HELLO) for _ in range(64)))

    def when_all_are_there() -> Iterator[Part]:
        while server.busiest < 64:
            yield Wait(0.01)
        yield b'{"message": {"content": "ok"}, "done": true}\n'

    with OllamaServer(lambda _: Response(parts=when_all_are_there())) as server:
        replies = using(server, many)
    assert [piece.text for pieces in replies for piece in pieces] == ["ok"] * 64


def test_requests_say_whose_they_are_and_leave_the_chats_call_alone() -> None:
    async def chat(provider: OllamaProvider) -> str:
        on_behalf_of(Call(provider.model, "chat", 3))
        with recording() as exchanges:
            await pieces_of(provider, HELLO)
            await provider.loaded_window()
            await provider.alive()
            await pieces_of(provider, HELLO)
        paths = [(exchange.url.rpartition("/")[2], exchange.purpose, exchange.attempt) for exchange in exchanges]
        assert paths == [
            ("show", "facts", 1),
            ("tags", "facts", 1),
            ("version", "facts", 1),
            ("chat", "chat", 3),
            ("ps", "facts", 1),
            ("version", "facts", 1),
            ("chat", "chat", 3),
        ]
        assert exchanges[3].reply.endswith("\n") and exchanges[3].error is None
        return exchanges[0].model

    with OllamaServer() as server:
        assert using(server, chat) == f"ollama/qwen3:4b@{server.url}"


def test_environment_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with OllamaServer(["a", "b"]) as server:
        for name, value in {
            "OLLAMA_HOST": "http://127.0.0.1:9",
            "OLLAMA_API_KEY": "from-environment",
            "HTTP_PROXY": "http://127.0.0.1:9",
            "ALL_PROXY": "http://127.0.0.1:9",
        }.items():
            monkeypatch.setenv(name, value)
        ask(server)
        ask(server, api_key="mine")
        chats = [request.headers for request in server.requests if request.path == "/api/chat"]
    assert "authorization" not in chats[0] and chats[1]["authorization"] == "Bearer mine"


def test_name_and_password_in_the_url_are_used_and_not_shown() -> None:
    with OllamaServer([refusal(500, "the key hunter2 is wrong")]) as server:
        url = server.url.replace("//", "//me:hunter2@")
        provider = OllamaProvider("qwen3:4b", Endpoint("test", "ollama", url))

        async def main() -> None:
            with recording() as exchanges, pytest.raises(ReplyError) as caught:
                await pieces_of(provider, HELLO)
            assert "hunter2" not in f"{caught.value} {provider.model} {[e.as_json() for e in exchanges]}"
            await provider.aclose()

        asyncio.run(main())
        assert server.requests[-1].headers["authorization"] == "Basic bWU6aHVudGVyMg=="


@pytest.mark.parametrize(
    "answer",
    [
        refusal(500, "no such key: s3cret-key"),
        refusal(503, "no such key: s3cret-key"),
        Response(404, b"no such key: s3cret-key"),
        Behaviour("a", ending="error", error="no such key: s3cret-key"),
        Response(parts=[b"s3cret-key"]),
    ],
)
def test_key_is_in_no_error(answer: Any) -> None:
    with OllamaServer([answer]) as server:
        error = failing(server, api_key="s3cret-key")
        assert "s3cret-key" not in str(error) and "[redacted]" in str(error)


def test_address() -> None:
    async def address(url: str) -> str:
        provider = OllamaProvider("qwen3:4b", Endpoint("any", "ollama", url))
        await provider.aclose()
        return provider.model

    assert asyncio.run(address(OLLAMA + "/")) == "ollama/qwen3:4b"
    assert asyncio.run(address("http://gpu:11434")) == "ollama/qwen3:4b@http://gpu:11434"


@pytest.mark.parametrize("url", ["http://host:port", "http://[::1"])
def test_url_that_is_none_is_a_usage_error(url: str) -> None:
    with pytest.raises(UsageError, match="is no URL"):
        OllamaProvider("qwen3:4b", Endpoint("any", "ollama", url))
