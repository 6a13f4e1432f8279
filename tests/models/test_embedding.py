"""Texts become vectors through the servers' own endpoints, as carefully as chats become replies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from servers.chat_servers import KINDS, Lab, awaited, chat_server
from servers.http_server import Response
from servers.ollama_server import FakeModel, OllamaServer
from servers.ollama_server import refusal as ollama_refusal
from servers.openai_server import OpenAIServer
from servers.openai_server import refusal as openai_refusal

from gleanery.errors import (
    ContextWindowError,
    EndpointError,
    ModelNotFoundError,
    OverloadedError,
    ReplyError,
    StalledError,
    UnsupportedError,
)
from gleanery.models.embedding import BATCH, EmbeddingDoor, SyncEmbedder, on_loop
from gleanery.models.limiter import Limiter
from gleanery.models.opening import Models
from gleanery.models.portal import Portal
from gleanery.models.prefixes import prefixed
from gleanery.models.presence import Presence
from gleanery.models.wire import recording

TOO_LONG = {
    "ollama": (400, "the input length exceeds the context length"),
    "vllm": (400, "This model's maximum context length is 8 tokens. However, you requested 20 tokens in the input."),
    "llama-server": (500, "input (20 tokens) is too large to process. increase the physical batch size"),
    "openai": (400, "This model's maximum context length is 8 tokens, however you requested 20 tokens."),
}


@pytest.fixture(params=KINDS)
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    with chat_server(request.param) as lab:
        yield lab


@asynccontextmanager
async def embedder(lab: Lab, **options: Any) -> Any:
    async with Models({"lab": lab.endpoint(**options)}) as models:
        yield await models.open_embedder(lab.address)


def asked(lab: Lab) -> list[Any]:
    """The bodies of the embedding requests."""
    return [r.json() for r in lab.server.requests if r.path in ("/api/embed", "/v1/embeddings")]


def said(lab: Lab, status: int, message: str) -> Response:
    return (ollama_refusal if lab.kind == "ollama" else openai_refusal)(status, message)


@awaited
async def test_vectors_come_in_the_order_of_the_texts(lab: Lab) -> None:
    async with embedder(lab) as model:
        assert await model.embed(["a", "bcd", "ab"]) == [[1.0, 1.0], [3.0, 1.0], [2.0, 1.0]]
        assert await model.embed([]) == []
        assert model.model == lab.address
    own = {"truncate": False} if lab.kind == "ollama" else {"encoding_format": "float"}
    assert asked(lab) == [{"model": "tiny", "input": ["a", "bcd", "ab"], **own}]


@awaited
async def test_every_request_is_on_the_wire_record(lab: Lab) -> None:
    async with embedder(lab) as model:
        with recording() as exchanges:
            await model.embed(["one text"])
    (exchange,) = exchanges
    assert (exchange.model, exchange.purpose, exchange.attempt) == (lab.address, "embed", 1)
    assert "one text" in exchange.request and "8.0" in exchange.reply and exchange.error is None


@awaited
async def test_many_texts_go_in_batches_no_more_at_once_than_allowed(lab: Lab) -> None:
    async with embedder(lab, in_flight=2) as model:
        vectors = await model.embed(["x" * (n % 7 + 1) for n in range(5 * BATCH + 1)])
    assert [vector[0] for vector in vectors] == [n % 7 + 1 for n in range(5 * BATCH + 1)]
    assert [len(body["input"]) for body in asked(lab)].count(BATCH) == 5
    assert len(asked(lab)) == 6 and lab.server.busiest <= 2


@awaited
async def test_what_is_too_long_is_halved_and_never_cut(lab: Lab) -> None:
    def embedding(text: str) -> list[float] | Response:
        return said(lab, *TOO_LONG[lab.kind]) if len(text) > 30 else [1.0, float("left" in text)]

    lab.server.embedding = embedding
    long = "left " * 5 + "right " * 5
    async with embedder(lab) as model:
        short, halved, last = await model.embed(["short one", long, "another"])
    assert short == last == [1.0, 0.0]
    assert 0.0 < halved[1] < halved[0], "between left and right"
    assert long in {"".join(body["input"]) for body in asked(lab) if len(body["input"]) == 2}, "nothing is left out"


@awaited
async def test_a_server_without_room_for_anything_is_an_error(lab: Lab) -> None:
    lab.server.embedding = lambda _: said(lab, *TOO_LONG[lab.kind])
    async with embedder(lab) as model:
        with pytest.raises(ContextWindowError):
            await model.embed(["a text of some words"])


@awaited
async def test_a_busy_server_is_asked_again(lab: Lab) -> None:
    busy = [lab.busy(429), lab.busy(503)]
    lab.server.embedding = lambda text: busy.pop() if busy else [1.0]
    async with embedder(lab) as model:
        with recording() as exchanges:
            assert await model.embed(["a"]) == [[1.0]]
    assert [(e.status, e.attempt, e.error is None) for e in exchanges] == [
        (503, 1, False),
        (429, 2, False),
        (200, 3, True),
    ]


@awaited
async def test_a_server_that_stays_busy_or_away_is_an_error(lab: Lab) -> None:
    lab.server.embedding = lambda _: lab.busy()
    async with embedder(lab, patience=0.3) as model:
        with pytest.raises(OverloadedError):
            await model.embed(["a"])
        await asyncio.to_thread(lab.server.stop_listening)
        with pytest.raises(EndpointError, match="no server"):
            await model.embed(["a"])


@awaited
async def test_a_server_that_takes_too_long_is_left(lab: Lab) -> None:
    lab.server.embedding = lambda _: Response(delay=5.0)
    async with embedder(lab, timeout=0.2) as model:
        with pytest.raises((StalledError, EndpointError)):
            await model.embed(["a"])


@pytest.mark.parametrize(
    "vectors",
    [[[1.0]], [[1.0], []], [[1.0], [float("nan")]], [[1.0], [1.0, 2.0]], []],
    ids=["one missing", "empty", "not a number", "of two sizes", "none"],
)
@awaited
async def test_what_is_no_vector_for_each_text_is_refused(vectors: list[list[float]]) -> None:
    class Odd:
        model = "odd/one"

        async def embed(self, texts: Any) -> list[list[float]]:
            return vectors

    async def alive() -> bool:
        return True

    door = EmbeddingDoor(Odd(), limiter=Limiter(1), presence=Presence(alive, 0.1))  # type: ignore[arg-type]
    with pytest.raises(ReplyError, match=r"vector"):
        await door.embed(["a", "b"])


@awaited
async def test_a_model_that_makes_none_says_so() -> None:
    refused = ollama_refusal(400, '"qwen3:4b" does not support embeddings')
    with OllamaServer(embedding=lambda _: refused) as server:
        async with Models({}) as models:
            model = await models.open_embedder(f"ollama/qwen3:4b@{server.url}")
            with pytest.raises(UnsupportedError, match="embedding model"):
                await model.embed(["a"])
            with pytest.raises(ModelNotFoundError, match="pull"):
                await models.open_embedder(f"ollama/none@{server.url}")
            with pytest.raises(UnsupportedError, match="--embeddings"):
                await models.open_embedder("gguf/model.gguf")


@awaited
async def test_an_embedder_is_opened_once_shares_its_servers_limit_and_has_its_digest() -> None:
    models_there = [FakeModel("chat"), FakeModel("nomic-embed-text")]
    with OllamaServer(models=models_there) as server:
        async with Models({}) as models:
            address = f"ollama/nomic-embed-text@{server.url}"
            one = await models.open_embedder(address)
            assert one is await models.open_embedder(address)
            chat = await models.open(f"ollama/chat@{server.url}")
            assert one._limiter is chat._limiter  # type: ignore[attr-defined]
            assert await one.digest() == models_there[1].digest
            assert await one.embed(["a"]) == [[18.0, 1.0]], "`search_document: ` stands before it"
            assert await one.embed(["a"], "query") == [[15.0, 1.0]]


@pytest.mark.parametrize(
    ("model", "query", "document"),
    [
        ("ollama/nomic-embed-text:v1.5", "search_query: x", "search_document: x"),
        ("ollama/embeddinggemma", "task: search result | query: x", "title: none | text: x"),
        ("openai/intfloat/multilingual-e5-large@http://host/v1", "query: x", "passage: x"),
        ("ollama/snowflake-arctic-embed2", "query: x", "x"),
        ("ollama/all-minilm", "x", "x"),
        ("ollama/bge-m3", "x", "x"),
    ],
)
def test_texts_are_put_as_the_model_card_says(model: str, query: str, document: str) -> None:
    assert (prefixed("x", model, "query"), prefixed("x", model, "document")) == (query, document)


def test_code_that_waits_has_them_too_and_they_are_recorded() -> None:
    with OpenAIServer() as server, Portal() as portal:
        models = Models({"lab": server.endpoint})
        model = SyncEmbedder(portal.run(models.open_embedder("openai/tiny@lab")), portal.run)
        with recording() as exchanges:
            assert model.embed(["abc"]) == [[3.0, 1.0]]
        assert [exchange.purpose for exchange in exchanges] == ["embed"]
        assert (model.model, model.digest()) == ("openai/tiny@lab", None)
        portal.run(models.aclose())


@awaited
async def test_a_thread_beside_the_loop_has_them_too(lab: Lab) -> None:
    async with embedder(lab) as model:
        waiting = SyncEmbedder(model, on_loop(asyncio.get_running_loop()))
        with recording() as exchanges:
            assert await asyncio.to_thread(waiting.embed, ["abc"]) == [[3.0, 1.0]]
    assert [exchange.purpose for exchange in exchanges] == ["embed"]
