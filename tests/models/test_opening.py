"""Models are opened by their addresses, and what was found out about them is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.chat_servers import Lab, awaited, chat_server

from gleanery.errors import EndpointError, ModelError, ModelNotFoundError, UsageError
from gleanery.models.chat import Capabilities, Request
from gleanery.models.endpoint import Endpoint, GgufOptions
from gleanery.models.opening import Models
from gleanery.models.wire import recording


@pytest.fixture
def ollama() -> Iterator[Lab]:
    with chat_server("ollama") as lab:
        yield lab


@pytest.fixture
def vllm() -> Iterator[Lab]:
    with chat_server("vllm") as lab:
        yield lab


async def probed(lab: Lab, cache: Path | None, address: str | None = None) -> tuple[Capabilities, int]:
    """What a model can do, and how many chats it took to find out."""
    before = len(lab.chats)
    async with Models({"lab": lab.endpoint()}, cache=cache) as models:
        door = await models.open(address or lab.address)
        with recording() as exchanges:
            capabilities = await door.capabilities()
            assert await door.capabilities() == capabilities
    asked = len(lab.chats) - before
    assert [exchange.purpose for exchange in exchanges].count("probe") == asked
    return capabilities, asked


@awaited
async def test_a_model_is_asked_once_for_each_digest(ollama: Lab, tmp_path: Path) -> None:
    found, asked = await probed(ollama, tmp_path)
    assert asked >= 2 and found.window == 32768 and found.thinking and found.tools
    assert await probed(ollama, tmp_path) == (found, 0)
    ollama.server.version = "0.99.0"
    assert (await probed(ollama, tmp_path))[1] == asked, "another server"
    assert (await probed(ollama, None))[1] == asked, "nothing is kept where there is no folder"
    (kept, *_) = (tmp_path / "models").iterdir()
    for path in (tmp_path / "models").iterdir():
        path.write_text("{torn")
    assert (await probed(ollama, tmp_path))[1] == asked
    assert kept.read_text() != "{torn"


@awaited
async def test_a_model_without_digest_is_asked_in_every_process(vllm: Lab, tmp_path: Path) -> None:
    found, asked = await probed(vllm, tmp_path)
    assert asked >= 2 and found.schema is not None
    assert await probed(vllm, tmp_path) == (found, asked)
    async with Models({"lab": vllm.endpoint()}, cache=tmp_path) as models:
        for address in (vllm.address, vllm.address):
            await (await models.open(address)).capabilities()
    assert len(vllm.chats) == 3 * asked, "but once in each"


@awaited
async def test_slots_and_window_are_those_of_now(tmp_path: Path, tiny_gguf: Path) -> None:
    for slots, context in ((1, 512), (3, 1024)):
        async with Models({}, GgufOptions(context=context, slots=slots, threads=1), cache=tmp_path) as models:
            door = await models.open(f"gguf/{tiny_gguf}")
            with recording() as exchanges:
                can = await door.capabilities()
            assert (can.slots, can.window) == (slots, context)
            assert [e.purpose for e in exchanges].count("probe") == (0 if slots == 3 else len(exchanges))


@awaited
async def test_an_address_is_opened_once(ollama: Lab) -> None:
    async with Models({"lab": ollama.endpoint()}) as models:
        assert await models.open(ollama.address) is await models.open(ollama.address)
        assert (await models.open(ollama.address)).model == ollama.address
    assert [request.path for request in ollama.server.requests].count("/api/show") == 1


@pytest.mark.parametrize(
    ("address", "kind", "said"),
    [
        ("qwen3:4b", UsageError, "Write provider/name"),
        ("openai/tiny", UsageError, "which endpoint"),
        ("embedded/citations", ModelNotFoundError, "embedded/references"),
        ("gguf/nowhere.gguf", ModelNotFoundError, "no file"),
        ("ollama/absent@lab", ModelNotFoundError, "pull"),
        ("ollama/tiny@http://127.0.0.1:1", EndpointError, "ollama serve"),
        ("openai/tiny@http://127.0.0.1:1/v1", EndpointError, "Is it running"),
        ("openai/tiny@http://[::1/v1", UsageError, "URL"),
        ("ollama/tiny@http://host:port", UsageError, "URL"),
        ("openai/tiny@ftp://host/v1", UsageError, "URL"),
        ("openai/tiny@://host/v1", UsageError, "URL"),
    ],
)
@awaited
async def test_what_cannot_be_opened_says_why(ollama: Lab, address: str, kind: type[Exception], said: str) -> None:
    async with Models({"lab": ollama.endpoint()}) as models:
        for _ in range(2):
            with pytest.raises(kind, match=said) as caught:
                await models.open(address)
            assert type(caught.value) is kind


@awaited
async def test_a_server_that_was_not_there_is_opened_later(ollama: Lab) -> None:
    from asyncio import to_thread

    async with Models({"lab": ollama.endpoint()}) as models:
        await to_thread(ollama.server.stop_listening)
        with pytest.raises(EndpointError):
            await models.open(ollama.address)
        await to_thread(ollama.server.listen_again)
        assert (await (await models.open(ollama.address)).send(Request.ask("hi"))).text == "Hello."


@awaited
async def test_what_is_closed_is_asked_no_more(ollama: Lab) -> None:
    async with Models({"lab": ollama.endpoint()}) as models:
        door = await models.open(ollama.address)
    with pytest.raises(EndpointError, match="closed"):
        await door.send(Request.ask("hi"))
    assert not ollama.chats


@awaited
async def test_a_key_that_no_header_holds_is_an_error() -> None:
    endpoint = Endpoint("lab", "openai", "http://127.0.0.1:1/v1", "sesame\n")
    async with Models({"lab": endpoint}) as models:
        with pytest.raises(ModelError) as caught:
            await models.open("openai/tiny@lab")
    assert "sesame" not in str(caught.value)
