from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import signal
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from itertools import product
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from servers.tiny_gguf import PLAIN_TEMPLATE, write_tiny_gguf

from gleanery.errors import ContextWindowError, EndpointError, ModelError, UnsupportedError
from gleanery.models.chat import Message, Request, Sampling, Tool
from gleanery.models.endpoint import GgufOptions
from gleanery.models.gguf.provider import GgufProvider
from gleanery.models.portal import Portal
from gleanery.models.provider import Ending, Piece
from gleanery.models.wire import recording

ENDLESS = "root ::= [a-z ] root"
SLOTS = 2


@pytest.fixture(scope="module")
def portal() -> Iterator[Portal]:
    with Portal() as portal:
        yield portal


@pytest.fixture(scope="module")
def provider(tiny_gguf: Path, portal: Portal) -> Iterator[GgufProvider]:
    provider = GgufProvider(tiny_gguf, GgufOptions(slots=SLOTS, threads=1))
    yield provider
    portal.run(provider.aclose())


async def answer(provider: GgufProvider, request: Request) -> tuple[str, Ending]:
    text, ending = "", None
    async with aclosing(provider.stream(request)) as pieces:
        async for piece in pieces:
            text += piece.text
            ending = piece.ending
    assert ending is not None
    return text, ending


async def begun(provider: GgufProvider, request: Request) -> AsyncGenerator[Piece, None]:
    """A stream of which the first piece has come."""
    stream = provider.stream(request)
    await anext(stream)
    return stream


SCHEMAS: list[dict[str, Any]] = [
    {"type": "string", "enum": ["article", "book", "other"]},
    {
        "type": "object",
        "properties": {"year": {"type": "integer"}},
        "required": ["year"],
        "additionalProperties": False,
    },
    {
        "type": "object",
        "properties": {"title": {"type": "string", "maxLength": 12}, "open": {"type": ["boolean", "null"]}},
        "required": ["title", "open"],
        "additionalProperties": False,
    },
    {
        "type": "object",
        "properties": {"author": {"type": "array", "items": {"$ref": "#/$defs/name"}, "minItems": 1, "maxItems": 2}},
        "required": ["author"],
        "additionalProperties": False,
        "$defs": {
            "name": {
                "type": "object",
                "properties": {"family": {"type": "string", "maxLength": 8}},
                "required": ["family"],
                "additionalProperties": False,
            }
        },
    },
    {"anyOf": [{"type": "integer", "minimum": 10, "maximum": 12}, {"const": "n.d."}]},
]


@pytest.mark.parametrize(("schema", "seed"), list(product(SCHEMAS, range(3))))
def test_random_weights_keep_a_schema(
    provider: GgufProvider, portal: Portal, schema: dict[str, Any], seed: int
) -> None:
    asked = Request.ask("hi", schema=schema, sampling=Sampling(1.0, seed=seed), max_tokens=1500, stream=False)
    text, ending = portal.run(answer(provider, asked))
    assert ending.finish == "stop"
    jsonschema.validate(json.loads(text), schema)


@pytest.mark.parametrize("seed", range(3))
def test_random_weights_keep_a_grammar(provider: GgufProvider, portal: Portal, seed: int) -> None:
    grammar = 'root ::= word (", " word){0,3} "."\nword ::= "one" | "two" | [x-z]{2}'
    asked = Request.ask("hi", grammar=grammar, sampling=Sampling(1.0, seed=seed))
    text, ending = portal.run(answer(provider, asked))
    assert re.fullmatch(r"(one|two|[x-z]{2})(, (one|two|[x-z]{2})){0,3}\.", text) and ending.finish == "stop"


def test_a_grammar_that_is_none_is_refused(provider: GgufProvider, portal: Portal) -> None:
    with pytest.raises(UnsupportedError, match="grammar"):
        portal.run(answer(provider, Request.ask("hi", grammar="root ::= nowhere")))


def test_facts_are_those_of_the_file_and_its_slots(provider: GgufProvider, portal: Portal, tiny_gguf: Path) -> None:
    facts = portal.run(provider.facts())
    assert facts.digest == f"sha256:{hashlib.sha256(tiny_gguf.read_bytes()).hexdigest()}"
    assert facts.window == facts.known.window == portal.run(provider.loaded_window()) == 2048
    assert (facts.chooses_window, facts.known.slots, facts.known.tools, facts.known.grammar) == (
        False,
        SLOTS,
        True,
        True,
    )
    assert facts.server.startswith("xllamacpp 20")
    assert provider.model == f"gguf/{tiny_gguf}"


@pytest.mark.parametrize("stream", [True, False])
def test_usage_and_times_are_measured(provider: GgufProvider, portal: Portal, stream: bool) -> None:
    asked = Request.ask("Ünïcode 文献 and plain words", max_tokens=7, stream=stream)
    text, ending = portal.run(answer(provider, asked))
    assert ending.usage is not None and text
    assert ending.usage.prompt == portal.run(provider.count(asked))
    assert ending.usage.completion == 7 and ending.finish == "length"
    assert ending.usage.cached is not None and 0 <= ending.usage.cached < ending.usage.prompt
    assert ending.first_token is not None and ending.per_token is not None
    assert 0 < ending.per_token < 1 and 0 < ending.first_token < 5


def test_every_part_of_a_conversation_is_in_the_prompt(provider: GgufProvider, portal: Portal) -> None:
    asked = Request.ask("question")
    parts = [
        asked,
        asked.but(messages=(Message("system", "Be short."), *asked.messages)),
        asked.but(tools=(Tool("add", "Adds.", {"type": "object", "properties": {"a": {"type": "integer"}}}),)),
    ]
    counts = [portal.run(provider.count(part)) for part in parts]
    assert counts[0] and counts[1] and counts[2] and counts[0] < counts[1] < counts[2]


def test_a_prompt_that_does_not_fit_says_by_how_much(provider: GgufProvider, portal: Portal) -> None:
    asked = Request.ask("word " * 2500)
    with pytest.raises(ContextWindowError, match=r"larger `context` under \[gguf\]") as caught:
        portal.run(answer(provider, asked))
    assert (caught.value.tokens, caught.value.window) == (portal.run(provider.count(asked)), 2048)


def test_it_stops_where_it_is_told_to(provider: GgufProvider, portal: Portal) -> None:
    asked = Request.ask("hi", grammar='root ::= "one two three four"', stop=("three",))
    text, ending = portal.run(answer(provider, asked))
    assert (text, ending.finish) == ("one two ", "stop")


def test_slots_work_side_by_side(provider: GgufProvider, portal: Portal) -> None:
    async def one_while_the_other_runs() -> None:
        async with aclosing(await begun(provider, Request.ask("first", grammar=ENDLESS))) as first:
            async with asyncio.timeout(5):
                await answer(provider, Request.ask("second", max_tokens=3))
            assert (await anext(first)).ending is None

    portal.run(one_while_the_other_runs())


def test_closing_a_stream_frees_its_slot(provider: GgufProvider, portal: Portal) -> None:
    async def filled_then_closed() -> float:
        streams = [await begun(provider, Request.ask("long", grammar=ENDLESS)) for _ in range(SLOTS)]
        with pytest.raises(TimeoutError):  # every slot is taken
            async with asyncio.timeout(0.15):
                await answer(provider, Request.ask("waits", max_tokens=1))
        for stream in streams:
            await stream.aclose()
        began = time.perf_counter()
        await answer(provider, Request.ask("served", max_tokens=1))
        return time.perf_counter() - began

    assert portal.run(filled_then_closed()) < 0.5


def test_the_wire_record_has_the_exchange_and_not_the_key(provider: GgufProvider, portal: Portal) -> None:
    with recording() as exchanges:
        portal.run(answer(provider, Request.ask("recorded", max_tokens=2)))
    assert provider._engine is not None
    (exchange,) = exchanges
    assert "recorded" in exchange.request and "usage" in exchange.reply
    assert provider._engine.api_key not in json.dumps(exchange.as_json())


def test_streams_do_not_share_connections_and_whole_replies_do(provider: GgufProvider, portal: Portal) -> None:
    async def asked() -> None:
        for number in range(100):
            await answer(provider, Request.ask("hi", max_tokens=2, stream=number % 4 > 0))

    with recording() as exchanges:
        portal.run(asked())
    connections = {(json.loads(e.request)["stream"], e.headers["connection"]) for e in exchanges}
    assert connections == {(True, "close"), (False, "keep-alive")}


def test_an_engine_that_goes_down_costs_its_requests_and_no_more(tiny_gguf: Path) -> None:
    async def killed() -> None:
        provider = GgufProvider(tiny_gguf, GgufOptions(slots=2, threads=1))
        try:
            streams = [await begun(provider, Request.ask("hi", grammar=ENDLESS)) for _ in range(2)]
            assert provider._engine is not None
            first = provider._engine.pid
            os.kill(first, signal.SIGKILL)
            for stream in streams:
                with pytest.raises(EndpointError, match=r"went down .* killed by SIGKILL.* starts it again"):
                    async for _ in stream:
                        pass
            await asyncio.gather(*(answer(provider, Request.ask("hi", max_tokens=2)) for _ in range(4)))
            assert provider._engine.pid != first
            os.kill(provider._engine.pid, signal.SIGKILL)
            assert provider._engine.death(wait=5)
            assert await provider.alive()
        finally:
            await provider.aclose()
        assert provider._engine is None

    asyncio.run(killed())


def test_requests_at_once_start_one_engine(tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gleanery.models.gguf import provider as module

    started = []
    start = module.Engine.start
    monkeypatch.setattr(module.Engine, "start", lambda *given: started.append(start(*given)) or started[-1])

    async def at_once() -> None:
        provider = GgufProvider(tiny_gguf, GgufOptions(threads=1))
        await asyncio.gather(*(answer(provider, Request.ask("hi", max_tokens=1)) for _ in range(5)))
        await provider.aclose()

    asyncio.run(at_once())
    assert len(started) == 1 and not started[0].alive


def test_who_gives_up_while_it_loads_does_not_wait(tiny_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gleanery.models.gguf.engine._HOST", ("-c", "import sys; sys.stdin.read()"))

    async def given_up() -> None:
        provider = GgufProvider(tiny_gguf, GgufOptions())
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await provider.facts()
        await provider.aclose()

    began = time.monotonic()
    asyncio.run(given_up())  # ends only when its threads have
    assert time.monotonic() - began < 5


def test_a_file_that_cannot_be_run_is_not_alive_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "bad.gguf").write_bytes(b"bad")

    async def asked() -> None:
        provider = GgufProvider(tmp_path / "bad.gguf", GgufOptions())
        assert not await provider.alive()
        with pytest.raises(ModelError, match="is no GGUF file"):
            await provider.facts()

    asyncio.run(asked())


def test_a_template_without_tools_has_none(tmp_path: Path) -> None:
    plain = write_tiny_gguf(tmp_path / "plain.gguf", template=PLAIN_TEMPLATE)

    async def tools() -> bool | None:
        provider = GgufProvider(plain, GgufOptions(threads=1), cache=tmp_path / "cache")
        try:
            return (await provider.facts()).known.tools
        finally:
            await provider.aclose()

    assert asyncio.run(tools()) is False
    assert list((tmp_path / "cache").rglob("*.digest"))
