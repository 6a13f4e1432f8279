"""What holds for every model, whoever serves it: the same requests give results of the same shape.

    GLEANERY_LIVE_MODELS="ollama/qwen3:4b openai/NAME@http://host:8000/v1" pytest -m live tests/models/test_contract.py

asks real servers the same. The tests before that ask scripted servers, and llama.cpp with a model of random weights.
"""

from __future__ import annotations

import json
import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, aclosing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from servers.ollama_server import Behaviour, FakeModel, OllamaServer
from servers.openai_server import Flavour, OpenAIServer, Turn

from gleanery.errors import ContextWindowError, EndpointError, ModelNotFoundError
from gleanery.models.chat import Message, Request, Sampling, Tool, ToolCall, Usage
from gleanery.models.endpoint import Endpoint, GgufOptions, endpoint_of, parse_address
from gleanery.models.gguf.provider import GgufProvider
from gleanery.models.guard import ContextGuard
from gleanery.models.ollama.provider import OllamaProvider
from gleanery.models.openai.provider import OpenAIProvider
from gleanery.models.portal import Portal
from gleanery.models.provider import Ending, Piece, Provider
from gleanery.settings.environment import ollama_url

WINDOW = 2048
LIVE = "GLEANERY_LIVE_MODELS"
STREAMED = pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])

COUNTING = "Write the numbers from one to one hundred in words."
TEXT = 'Zażółć 文献 🙂 "quoted" \\ back'
ADD = Tool(
    "add",
    "Adds two numbers.",
    {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["a", "b"],
        "additionalProperties": False,
    },
)


@dataclass(frozen=True)
class Said:
    """What a scripted server's model says; real ones say what they like."""

    text: str = ""
    thinking: str = ""
    finish: str | None = None
    pause: float = 0.0


@dataclass
class Served:
    """A model at its server, and how it is told what to say. `other` is the same server's, of another name."""

    provider: Provider
    other: Callable[[str], Provider]
    can_call: bool = True
    refuses: bool = True
    """Whether the server itself refuses a prompt that does not fit; old ones cut it, as the door's guard prevents."""
    script: deque[Said] = field(default_factory=deque)


@dataclass(frozen=True)
class Outcome:
    """All that came of a request."""

    text: str
    thinking: str
    calls: tuple[ToolCall, ...]
    ending: Ending

    @property
    def usage(self) -> Usage:
        assert self.ending.usage is not None
        return self.ending.usage


async def outcome(provider: Provider, request: Request) -> Outcome:
    pieces: list[Piece] = []
    async with aclosing(provider.stream(request)) as stream:
        async for piece in stream:
            pieces.append(piece)
    *before, last = pieces
    assert last.ending is not None and all(piece.ending is None for piece in before)
    calls = tuple(call for piece in pieces for call in piece.tool_calls)
    text, thinking = ("".join(getattr(piece, name) for piece in pieces) for name in ("text", "thinking"))
    return Outcome(text, thinking, calls, last.ending)


@contextmanager
def ollama() -> Iterator[Served]:
    said: deque[Said] = deque()

    def answered(_: Mapping[str, Any]) -> Behaviour:
        if not said:
            return Behaviour()
        now = said.popleft()
        thinking = now.thinking.split()
        tokens = len(now.text.split()) + len(thinking)
        return Behaviour(
            now.text, None, thinking, done_reason=now.finish or "stop", pause=now.pause, tokens=tokens or 1
        )

    models = [FakeModel("tiny:1b", WINDOW, ("completion", "tools", "thinking"))]
    with OllamaServer(answered, models) as server:
        endpoint = Endpoint("lab", "ollama", server.url)
        yield Served(OllamaProvider("tiny:1b", endpoint), lambda name: OllamaProvider(name, endpoint), script=said)


class _Scripted(deque[Said]):
    """Words for an OpenAI-compatible server."""

    def __init__(self, server: OpenAIServer) -> None:
        super().__init__()
        self._server = server

    def append(self, said: Said) -> None:
        self._server.then(Turn(said.text, said.thinking, finish=said.finish, pause=said.pause))


def openai(flavour: Flavour) -> Callable[[], AbstractContextManager[Served]]:
    @contextmanager
    def serve() -> Iterator[Served]:
        with OpenAIServer(flavour, window=WINDOW, thinks=True, key="sesame") as server:
            provider = OpenAIProvider("tiny", server.endpoint)
            yield Served(provider, lambda name: OpenAIProvider(name, server.endpoint), script=_Scripted(server))

    return serve


def live(address: str) -> Callable[[], AbstractContextManager[Served]]:
    @contextmanager
    def serve() -> Iterator[Served]:
        parsed = parse_address(address)
        if parsed.provider == "gguf":
            yield gguf(Path(parsed.name))
            return
        endpoint = endpoint_of(parsed, {})
        kind = OllamaProvider if endpoint.kind == "ollama" else OpenAIProvider
        yield Served(kind(parsed.name, endpoint), lambda name: kind(name, endpoint), refuses=False)

    return serve


def at_ollama_host() -> str:
    """The smallest model that can chat at OLLAMA_HOST; the test is skipped where nothing is named at all."""
    if not (host := os.environ.get("OLLAMA_HOST")):
        pytest.skip(f"{LIVE} names no models, such as ollama/qwen3:4b, and there is no OLLAMA_HOST")
    url = ollama_url(host)
    listed = httpx.get(f"{url}/api/tags", trust_env=False, timeout=30).raise_for_status().json()["models"]
    chats = [model for model in listed if "embed" not in model["name"]]
    if not chats:
        pytest.skip(f"Ollama at {url} has no model: pull one, such as qwen3:0.6b")
    return f"ollama/{min(chats, key=lambda model: model['size'])['name']}@{url}"


def gguf(path: Path, *, can_call: bool = True) -> Served:
    options = GgufOptions(context=WINDOW, slots=1)
    return Served(GgufProvider(path, options), lambda name: GgufProvider(path.with_name(name), options), can_call)


SERVERS: dict[str, Callable[[], AbstractContextManager[Served]]] = {
    "ollama": ollama,
    "openai": openai("openai"),
    "vllm": openai("vllm"),
    "llama-server": openai("llama-server"),
}
ADDRESSES = os.environ.get(LIVE, "").split()
LIVE_MARKS = [pytest.mark.live, pytest.mark.timeout(900)]  # a real model may have to be loaded first
AT_OLLAMA_HOST = "at OLLAMA_HOST"
PARAMS = [
    *SERVERS,
    "gguf",
    *(pytest.param(address, marks=LIVE_MARKS) for address in ADDRESSES or [AT_OLLAMA_HOST]),
]


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal() as portal:
        yield portal


@pytest.fixture(scope="module", params=PARAMS)
def served(request: pytest.FixtureRequest, portal: Portal) -> Iterator[Served]:
    name = request.param
    if name == "gguf":
        served = gguf(request.getfixturevalue("tiny_gguf"), can_call=False)
        yield served
        portal.run(served.provider.aclose())
        return
    if name == AT_OLLAMA_HOST:
        name = at_ollama_host()
    with (SERVERS[name] if name in SERVERS else live(name))() as served:
        yield served
        portal.run(served.provider.aclose())


Ask = Callable[..., Outcome]


@pytest.fixture
def ask(served: Served, portal: Portal) -> Ask:
    """Ask for something, of which a scripted server makes `said`."""

    def asked(request: Request, said: Said | None = None) -> Outcome:
        if said is not None:
            served.script.append(said)
        return portal.run(outcome(served.provider, request))

    return asked


@STREAMED
def test_a_plain_question_is_answered_and_counted(ask: Ask, stream: bool) -> None:
    said = Said("one two three four", finish="length")
    got = ask(Request.ask(COUNTING, max_tokens=8, stream=stream), said)
    assert got.text and not got.thinking and not got.calls
    assert got.ending.finish == "length" and not got.ending.cut
    assert got.usage.prompt > 0 and 0 < got.usage.completion <= 8


@STREAMED
def test_the_answer_ends_with_its_tokens(ask: Ask, stream: bool) -> None:
    got = ask(Request.ask(COUNTING, max_tokens=1, stream=stream), Said("one", finish="length"))
    assert (got.ending.finish, got.usage.completion) == ("length", 1)


def test_a_system_message_is_part_of_the_prompt(ask: Ask) -> None:
    said = Said("one two", finish="length")
    asked = Request.ask(COUNTING, max_tokens=2)
    # A template may bring a system message of its own, which ours replaces: so ours is long.
    system = Message("system", "You are a teacher of numbers. " * 20)
    instructed = asked.but(messages=(system, *asked.messages))
    alone, both = ask(asked, said), ask(instructed, said)
    assert alone.ending.finish == both.ending.finish == "length"
    assert alone.usage.prompt < both.usage.prompt


@STREAMED
@pytest.mark.parametrize("text", ["plain", TEXT], ids=["ascii", "unicode"])
def test_a_schema_holds(ask: Ask, stream: bool, text: str) -> None:
    schema = {
        "type": "object",
        "properties": {
            "said": {"const": text},
            "kind": {"enum": ["book", "article"]},
            "years": {"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 9}, "maxItems": 2},
        },
        "required": ["said", "kind", "years"],
        "additionalProperties": False,
    }
    asked = Request.ask(f"Say {text}", schema=schema, stream=stream, max_tokens=1000, sampling=Sampling(0.0, seed=1))
    got = ask(asked)
    value = json.loads(got.text)
    jsonschema.validate(value, schema)
    assert value["said"] == text and got.ending.finish == "stop"


@STREAMED
def test_it_stops_before_a_stop_sequence(ask: Ask, stream: bool) -> None:
    stops = ("a", "e", "i", "o", "1")
    got = ask(Request.ask(COUNTING, stop=stops, max_tokens=100, stream=stream), Said("hm", finish="stop"))
    assert got.ending.finish == "stop" and got.usage.completion > 0
    assert not re.search("[aeio1]", got.text)


@STREAMED
def test_a_tool_is_called_with_what_its_schema_allows(served: Served, ask: Ask, stream: bool) -> None:
    if not served.can_call:
        pytest.skip("random weights call no tool")
    got = ask(Request.ask("What is 2 + 3? Use the tool `add`.", tools=(ADD,), stream=stream, max_tokens=500))
    assert got.ending.finish == "tool_calls"
    (call,) = got.calls
    assert call.name == "add" and call.id
    jsonschema.validate(json.loads(call.arguments), ADD.parameters)


@STREAMED
@pytest.mark.parametrize("arguments", ['{"a": 2, "b": 3}', "{torn"], ids=["valid", "torn"])
def test_a_conversation_with_tools_goes_on(ask: Ask, stream: bool, arguments: str) -> None:
    call = ToolCall("call-1", "add", arguments)
    messages = (
        Message("user", "What is 2 + 3?"),
        Message("assistant", "", (call,)),
        Message("tool", "5", tool_call_id="call-1", name="add"),
        Message("user", COUNTING),
    )
    asked = Request(messages, tools=(ADD,), tool_choice="none", max_tokens=4, stream=stream)
    got = ask(asked, Said("one two three four", finish="length"))
    assert got.ending.finish == "length" and not got.calls and got.usage.prompt > 0


@STREAMED
def test_thinking_stands_apart_from_the_answer(served: Served, portal: Portal, ask: Ask, stream: bool) -> None:
    if portal.run(served.provider.facts()).known.thinking is not False:
        asked = Request.ask(COUNTING, thinking=True, max_tokens=8, stream=stream)
        got = ask(asked, Said("one two", "hm hm", finish="length"))
        assert got.text or got.thinking
        assert "<think>" not in got.text and got.ending.finish == "length"
    silent = ask(Request.ask(COUNTING, max_tokens=4, stream=stream), Said("one two", finish="length"))
    assert silent.text and not silent.thinking


def test_closing_a_stream_leaves_the_server_free(served: Served, portal: Portal, ask: Ask) -> None:
    async def begun_and_left() -> None:
        request = Request.ask(COUNTING, max_tokens=1500)
        async with aclosing(served.provider.stream(request)) as stream:
            assert (await anext(stream)).ending is None

    served.script.append(Said("one " * 1000, pause=0.01))
    portal.run(begun_and_left())
    began = time.monotonic()
    got = ask(Request.ask("Again.", max_tokens=1), Said("one", finish="length"))
    assert got.ending.finish == "length" and time.monotonic() - began < 5


def test_a_model_that_is_not_there_is_not_found(served: Served, portal: Portal) -> None:
    other = served.other("no-such-model")
    with pytest.raises(ModelNotFoundError, match="no-such-model"):
        portal.run(other.facts())
    portal.run(other.aclose())


@STREAMED
def test_a_prompt_that_does_not_fit_is_refused(served: Served, portal: Portal, ask: Ask, stream: bool) -> None:
    facts = portal.run(served.provider.facts())
    context = WINDOW if facts.chooses_window else None
    window = context or facts.window or 200_000  # more than servers have that do not tell
    asked = Request.ask("word " * (window + 500), context=context, max_tokens=8, stream=stream)
    with pytest.raises(ContextWindowError):
        if not served.refuses:
            portal.run(ContextGuard(served.provider).fit(asked, facts))
        ask(asked)


def test_it_says_that_it_is_alive_and_what_it_is(served: Served, portal: Portal) -> None:
    facts = portal.run(served.provider.facts())
    assert portal.run(served.provider.alive())
    assert facts.window is None or facts.window >= 512
    assert facts.known.window in (None, facts.window)
    assert parse_address(served.provider.model).name


def test_where_no_server_is_there_is_an_endpoint_error(portal: Portal) -> None:
    nowhere = "http://127.0.0.1:1"
    providers: Sequence[Provider] = (
        OllamaProvider("tiny", Endpoint("lab", "ollama", nowhere)),
        OpenAIProvider("tiny", Endpoint("lab", "openai", f"{nowhere}/v1")),
    )
    for provider in providers:
        assert not portal.run(provider.alive())
        for asked in (provider.facts(), outcome(provider, Request.ask("hi"))):
            with pytest.raises(EndpointError, match=r"127\.0\.0\.1:1"):
                portal.run(asked)
        portal.run(provider.aclose())
