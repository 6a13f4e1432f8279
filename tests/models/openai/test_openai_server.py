from __future__ import annotations

import asyncio

import pytest
from servers.http_server import HttpRequest, Response
from servers.openai_server import OpenAIServer

from gleanery.errors import EndpointError, ReplyError
from gleanery.models.openai.server import ServedModel, embed, list_models
from gleanery.models.wire import recording


def test_the_models_of_a_server() -> None:
    with OpenAIServer("vllm", models=("qwen", "gemma"), window=8192) as server, recording() as exchanges:
        models = asyncio.run(list_models(server.endpoint))
    assert models == [ServedModel("qwen", "vllm", 8192), ServedModel("gemma", "vllm", 8192)]
    assert [(exchange.purpose, exchange.model) for exchange in exchanges] == [("models", "lab")]


@pytest.mark.parametrize(
    ("listed", "name", "is_it"),
    [
        (ServedModel("qwen"), "qwen", True),
        (ServedModel("qwen"), "Qwen", False),
        (ServedModel("x.gguf", aliases=("qwen",)), "qwen", True),
        (ServedModel("qwen/*"), "qwen/4b", True),
        (ServedModel("q[12]"), "q1", False),
    ],
)
def test_names(listed: ServedModel, name: str, is_it: bool) -> None:
    assert listed.answers_to(name) is is_it


def test_embeddings_come_in_the_order_of_the_texts() -> None:
    with OpenAIServer() as server:
        assert asyncio.run(embed(server.endpoint, "tiny", ["a", "bcd"])) == [[1.0, 1.0], [3.0, 1.0]]
        assert server.requests[0].json() == {"model": "tiny", "input": ["a", "bcd"], "encoding_format": "float"}


def test_embeddings_that_are_none() -> None:
    class Odd(OpenAIServer):
        def handle(self, request: HttpRequest) -> Response:
            return Response.json({"data": [{"index": 0, "embedding": [1.0]}]})

    with Odd() as server, pytest.raises(ReplyError, match="embedding model"):
        asyncio.run(embed(server.endpoint, "tiny", ["a", "b"]))


def test_no_server() -> None:
    with OpenAIServer() as server:
        server.stop_listening()
        with pytest.raises(EndpointError):
            asyncio.run(list_models(server.endpoint))
