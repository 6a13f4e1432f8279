"""The wire record: what crossed, byte for byte, whatever became of it, and no secret in it."""

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from servers.http_server import ABORT, HttpRequest, HttpServer, Response, Wait

from gleanery.models.http import TIMEOUT, transport_to
from gleanery.models.redaction import REDACTED, redact
from gleanery.models.wire import Call, Exchange, on_behalf_of, recording

KEY = "sk-very-secret-0123456789"


def exchanges_of(
    url: str, talk: Callable[[httpx.AsyncClient], Awaitable[object]], key: str | None = None
) -> list[Exchange]:
    async def run() -> list[Exchange]:
        transport = transport_to(url, key)
        async with httpx.AsyncClient(transport=transport, base_url=url, trust_env=False, timeout=TIMEOUT) as client:
            with recording() as exchanges:
                await talk(client)
            return exchanges

    return asyncio.run(run())


def test_it_is_what_the_server_received_and_sent() -> None:
    with HttpServer(lambda _: Response(body='{"ü": 1}'.encode())) as server:

        async def talk(client: httpx.AsyncClient) -> None:
            on_behalf_of(Call("ollama/x", "chat", 3))
            await client.post("/api/chat?a=b", json={"content": "Ünïcode \n 日本"})

        (exchange,) = exchanges_of(server.url, talk)
        received = server.requests[0]
    assert exchange.request.encode() == received.body
    assert (exchange.method, exchange.url) == ("POST", f"{server.url}/api/chat?a=b")
    assert {name: value for name, value in received.headers.items() if name != "host"} == {
        name: value for name, value in exchange.headers.items() if name != "host"
    }
    assert (exchange.status, exchange.reply) == (200, '{"ü": 1}')
    assert (exchange.model, exchange.purpose, exchange.attempt) == ("ollama/x", "chat", 3)
    assert exchange.seconds is not None
    assert exchange.first is not None
    assert 0 < exchange.first <= exchange.seconds
    assert exchange.error is None


def test_a_stream_that_breaks_keeps_what_came() -> None:
    with HttpServer(lambda _: Response(parts=[b"one\n", Wait(0.01), b"two\n", ABORT])) as server:

        async def talk(client: httpx.AsyncClient) -> None:
            with pytest.raises(httpx.TransportError):
                async with client.stream("GET", "/") as response:
                    async for _ in response.aiter_lines():
                        pass

        (exchange,) = exchanges_of(server.url, talk)
    assert exchange.reply == "one\ntwo\n"
    assert exchange.error is not None
    assert "RemoteProtocolError" in exchange.error


def test_a_stream_that_is_left_keeps_what_was_read() -> None:
    with HttpServer(lambda _: Response(parts=[b"one\n", Wait(5), b"two\n"])) as server:

        async def talk(client: httpx.AsyncClient) -> None:
            async with client.stream("GET", "/") as response:
                await anext(response.aiter_lines())

        (exchange,) = exchanges_of(server.url, talk)
    assert (exchange.reply, exchange.error) == ("one\n", "It was closed before its end.")
    assert exchange.seconds is not None
    assert exchange.seconds < 1


def test_a_server_that_is_not_there() -> None:
    with HttpServer(lambda _: Response()) as server:
        server.stop_listening()

        async def talk(client: httpx.AsyncClient) -> None:
            with pytest.raises(httpx.ConnectError):
                await client.get("/")

        (exchange,) = exchanges_of(server.url, talk)
    assert exchange.status is None
    assert exchange.error is not None
    assert "ConnectError" in exchange.error


def test_no_secret_stays_in_it() -> None:
    def refuse(request: HttpRequest) -> Response:
        return Response(401, f"wrong key {KEY}, and you sent {request.headers['authorization']}".encode())

    with HttpServer(refuse) as server:
        url = server.url.replace("http://", "http://ada:hunter2@") + "/v1"

        async def talk(client: httpx.AsyncClient) -> None:
            headers = {"Authorization": f"Bearer {KEY}", "X-Api-Key": KEY, "Cookie": "session=1", "X-Note": KEY}
            await client.post(f"/chat?api_key={KEY}&token=abc&q=1", headers=headers, json={"text": f"my key is {KEY}"})

        (exchange,) = exchanges_of(url, talk, KEY)
        assert server.requests[0].headers["authorization"].startswith("Basic ")  # those of the URL go first
    written = repr(exchange.as_json())
    assert KEY not in written
    assert "hunter2" not in written
    assert b64encode(b"ada:hunter2").decode() not in written
    assert "token=abc" not in written
    assert "session=1" not in written
    assert exchange.headers["authorization"] == REDACTED
    assert "q=1" in exchange.url


def test_tasks_record_apart() -> None:
    with HttpServer(lambda request: Response(body=request.body)) as server:

        async def one(client: httpx.AsyncClient, text: str) -> list[Exchange]:
            with recording() as exchanges:
                for part in "ab":
                    await client.post("/", content=text + part)
            return exchanges

        async def talk(client: httpx.AsyncClient) -> None:
            apart = await asyncio.gather(*(one(client, str(n)) for n in range(20)))
            assert [[e.request for e in exchanges] for exchanges in apart] == [[f"{n}a", f"{n}b"] for n in range(20)]

        assert len(exchanges_of(server.url, talk)) == 40  # handed on to the recording around them


def test_uploads_are_not_kept() -> None:
    with HttpServer(lambda _: Response()) as server:

        async def talk(client: httpx.AsyncClient) -> None:
            await client.post("/api/blobs/sha256:00", content=b"x" * 100_000)

        (exchange,) = exchanges_of(server.url, talk)
        assert len(server.requests[0].body) == 100_000
    assert exchange.request == ""


@given(st.text(), st.text(alphabet="abc123", min_size=1))
def test_redacting_leaves_other_text_alone(text: str, password: str) -> None:
    if "://" not in text and "=" not in text:
        assert redact(text) == text
    assert f":{password}@" not in redact(f"see http://me:{password}@host/path")
