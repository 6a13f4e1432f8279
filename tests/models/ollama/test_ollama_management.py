from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
from servers.http_server import HttpServer, Response
from servers.ollama_server import FakeModel, refusal
from servers.ollama_server import OllamaServer as FakeServer

from gleanery.errors import EndpointError, ModelNotFoundError, ReplyError, UsageError
from gleanery.models.catalogue import LoadedModel, ModelDetails, ModelInfo, Progress
from gleanery.models.endpoint import Endpoint
from gleanery.models.ollama import management
from gleanery.models.ollama.management import OllamaServer
from gleanery.models.ollama.modelfile import Modelfile
from gleanery.models.wire import recording

T = TypeVar("T")
THEN = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)


def using(server: HttpServer, act: Callable[[OllamaServer], Awaitable[T]]) -> T:
    async def main() -> T:
        async with OllamaServer(Endpoint("test", "ollama", server.url)) as ollama:
            return await act(ollama)

    return asyncio.run(main())


def reports(server: HttpServer, act: Callable[[OllamaServer], AsyncGenerator[Progress, None]]) -> list[Progress]:
    async def all_of(ollama: OllamaServer) -> list[Progress]:
        return [progress async for progress in act(ollama)]

    return using(server, all_of)


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(management, "PULL_DELAYS", (0.01, 0.01))


def test_list_show_and_ps() -> None:
    model = FakeModel("qwen3:4b", 40960, ("completion", "tools"), size=123, parameters="stop <|im_end|>")
    with FakeServer(models=[model]) as server:
        server.loaded["qwen3:4b"] = 8192
        assert using(server, lambda ollama: ollama.list()) == [
            ModelInfo("qwen3:4b", 123, model.digest, THEN, "4.0B", "Q4_K_M", "qwen3")
        ]
        assert using(server, lambda ollama: ollama.show("qwen3:4b")) == ModelDetails(
            "qwen3:4b",
            40960,
            ("completion", "tools"),
            "{{ .Prompt }}",
            "stop <|im_end|>",
            "Apache License 2.0",
            "FROM qwen3:4b\n",
        )
        assert using(server, lambda ollama: ollama.ps()) == [LoadedModel("qwen3:4b", 123, 0, THEN, 8192)]
        assert using(server, lambda ollama: ollama.version()) == "0.32.5"


def test_copy_delete_and_unload() -> None:
    async def all_of(ollama: OllamaServer) -> Any:
        await ollama.copy("qwen3:4b", "mine")
        await ollama.delete("qwen3:4b")
        await ollama.unload("mine")

    with FakeServer() as server:
        server.loaded["mine:latest"] = 4096
        using(server, all_of)
        assert (list(server.models), server.loaded) == (["mine:latest"], {})
        assert server.requests[2].json() == {"model": "mine", "stream": False, "keep_alive": 0}


@pytest.mark.parametrize(
    "act",
    [
        lambda ollama: ollama.show("none"),
        lambda ollama: ollama.copy("none", "mine"),
        lambda ollama: ollama.delete("none"),
        lambda ollama: ollama.unload("none"),
    ],
)
def test_missing_model(act: Callable[[OllamaServer], Awaitable[Any]]) -> None:
    with FakeServer() as server, pytest.raises(ModelNotFoundError, match=r"`ollama/none@.*`ollama pull none`"):
        using(server, act)


def test_pull_reports_how_far_it_is() -> None:
    with FakeServer() as server:
        got = reports(server, lambda ollama: ollama.pull("new"))
        assert "new:latest" in server.models
    assert got[0] == Progress("pulling manifest") and got[-1] == Progress("success")
    assert [progress.completed for progress in got[1:-2]] == [250, 500, 750, 1000]


def test_broken_pull_goes_on_where_it_was() -> None:
    with FakeServer(pull_breaks=2) as server:
        got = reports(server, lambda ollama: ollama.pull("new"))
        assert len(server.requests) == 3
    assert [progress.completed for progress in got if progress.total] == [250, 500, 750, 1000]


def test_pull_gives_up_in_the_end() -> None:
    with FakeServer(pull_breaks=9) as server, pytest.raises(EndpointError):
        reports(server, lambda ollama: ollama.pull("new"))
    assert len(server.requests) == 3


def test_pull_without_server_fails_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def pull(ollama: OllamaServer) -> None:
        async with asyncio.timeout(5):
            await anext(ollama.pull("new"))

    monkeypatch.setattr(management, "PULL_DELAYS", (60.0,))
    with FakeServer() as server:
        server.stop_listening()
        with pytest.raises(EndpointError, match="`ollama serve`"):
            using(server, pull)


def test_pull_of_what_the_library_does_not_have() -> None:
    with FakeServer() as server, pytest.raises(ModelNotFoundError, match=r"no `nowhere` .*ollama\.com/library"):
        reports(server, lambda ollama: ollama.pull("nowhere"))


def test_create_says_what_the_modelfile_says(tmp_path: Path) -> None:
    text = """FROM qwen3:4b
PARAMETER temperature 0.3
PARAMETER stop <a>
PARAMETER stop <b>
SYSTEM Be brief.
TEMPLATE {{ .Prompt }}
MESSAGE user Hi
MESSAGE assistant Hello
LICENSE mine
"""
    modelfile = Modelfile.parse(text, tmp_path / "Modelfile")
    with FakeServer() as server:
        assert reports(server, lambda ollama: ollama.create("mine", modelfile))[-1] == Progress("success")
        assert server.requests[0].json() == {
            "model": "mine",
            "stream": True,
            "from": "qwen3:4b",
            "template": "{{ .Prompt }}",
            "system": "Be brief.",
            "license": ["mine"],
            "parameters": {"temperature": 0.3, "stop": ["<a>", "<b>"]},
            "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
        }


def test_create_uploads_files_once_and_keeps_them_out_of_the_record(tmp_path: Path) -> None:
    weights, adapter = b"GGUF" + bytes(range(256)) * 10_000, b"GGUF adapter"
    (tmp_path / "tiny.gguf").write_bytes(weights)
    (tmp_path / "lora.gguf").write_bytes(adapter)
    digests = [f"sha256:{hashlib.sha256(data).hexdigest()}" for data in (weights, adapter)]
    modelfile = Modelfile.parse("FROM tiny.gguf\nADAPTER ./lora.gguf\n", tmp_path / "Modelfile")
    with FakeServer() as server, recording() as exchanges:
        first = reports(server, lambda ollama: ollama.create("mine", modelfile))
        assert server.blobs == dict(zip(digests, (weights, adapter), strict=True))
        body = server.requests[-1].json()
        assert (body["files"], body["adapters"]) == ({"tiny.gguf": digests[0]}, {"lora.gguf": digests[1]})
        assert "from" not in body
        second = reports(server, lambda ollama: ollama.create("mine", modelfile))
        methods = [(request.method, request.path) for request in server.requests if "blobs" in request.path]
    sends = [f"/api/blobs/{digest}" for digest in digests]
    assert methods == [("HEAD", sends[0]), ("POST", sends[0]), ("HEAD", sends[1]), ("POST", sends[1])] + [
        ("HEAD", send) for send in sends
    ]
    assert Progress("sending tiny.gguf", 0, len(weights)) in first
    assert [progress.status for progress in second[:2]] == ["reading tiny.gguf", "sent tiny.gguf"]
    assert all(exchange.request == "" for exchange in exchanges if "blobs" in exchange.url)
    assert {exchange.purpose for exchange in exchanges} == {"models"}


def test_create_without_the_file_asks_nobody(tmp_path: Path) -> None:
    modelfile = Modelfile.parse("FROM ./none.gguf\n", tmp_path / "Modelfile")
    with FakeServer() as server:
        with pytest.raises(UsageError, match=r"Modelfile: FROM \./none\.gguf: there is no file"):
            reports(server, lambda ollama: ollama.create("mine", modelfile))
        assert not server.requests


def test_upload_that_is_refused() -> None:
    with (
        HttpServer(lambda request: refusal(400, "digest mismatch")) as server,
        pytest.raises(ReplyError, match="digest"),
    ):
        using(server, lambda ollama: ollama._client.send_blob("sha256:0", _parts()))


async def _parts() -> AsyncGenerator[bytes, None]:
    yield b"a"


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"models": 5}'])
def test_server_that_is_no_ollama(body: bytes) -> None:
    with HttpServer(lambda _: Response(body=body)) as server, pytest.raises(ReplyError, match="Is it Ollama"):
        using(server, lambda ollama: ollama.list())
