from __future__ import annotations

import asyncio

import pytest
from servers.openai_server import OpenAIServer

from gleanery.errors import EndpointError
from gleanery.models.openai.server import ServedModel, list_models
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


def test_no_server() -> None:
    with OpenAIServer() as server:
        server.stop_listening()
        with pytest.raises(EndpointError):
            asyncio.run(list_models(server.endpoint))
