"""Nothing of the environment goes to a server, and no key anywhere but to its own server."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from servers.http_server import HttpRequest
from servers.openai_server import OpenAIServer, Turn, event

from gleanery.errors import ModelError
from gleanery.models.chat import Request
from gleanery.models.endpoint import Endpoint
from gleanery.models.openai.provider import OpenAIProvider
from gleanery.models.openai.server import list_models
from gleanery.models.wire import recording

KEY = "sk-very-secret-0123456789"
ENVIRONMENT = {
    "OPENAI_API_KEY": "sk-of-the-environment",
    "OPENAI_ADMIN_KEY": "sk-admin",
    "OPENAI_BASE_URL": "http://127.0.0.1:9/evil",
    "OPENAI_ORG_ID": "org-evil",
    "OPENAI_PROJECT_ID": "proj-evil",
    "OPENAI_CUSTOM_HEADERS": "X-Evil: yes\nAuthorization: Bearer evil",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "http_proxy": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
    "all_proxy": "http://127.0.0.1:9",
    "SSL_CERT_FILE": "/nowhere",
}


async def everything(endpoint: Endpoint) -> None:
    """Ask all that can be asked."""
    provider = OpenAIProvider("tiny", endpoint)
    try:
        await provider.facts()
        await provider.count(Request.ask("Hi."))
        await provider.alive()
        for stream in (True, False):
            async with aclosing(provider.stream(Request.ask("Hi.", stream=stream))) as pieces:
                async for _ in pieces:
                    pass
    finally:
        await provider.aclose()


def test_nothing_of_the_environment_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(key: str | None) -> list[tuple[str, str, dict[str, str], bytes]]:
        with OpenAIServer("llama-server", key=key) as server:
            asyncio.run(everything(server.endpoint))
            host = server.url.removeprefix("http://")
            return [(r.method, r.path, _but(r, host), r.body) for r in server.requests]

    plain = [asked(None), asked(KEY)]
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    assert [asked(None), asked(KEY)] == plain
    sent = {name for _, _, headers, _ in plain[1] for name in headers}
    assert sent == {
        "accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host",
        "user-agent", "x-stainless-raw-response", "x-stainless-read-timeout", "x-stainless-retry-count",
    }  # fmt: skip
    assert {headers["authorization"] for _, _, headers, _ in plain[1]} == {f"Bearer {KEY}"}
    assert {headers["user-agent"] for _, _, headers, _ in plain[1]} == {"gleanery"}


def _but(request: HttpRequest, host: str) -> dict[str, str]:
    return {name: value.replace(host, "HOST") for name, value in request.headers.items()}


def test_the_key_is_in_no_record() -> None:
    with OpenAIServer("vllm", key=KEY) as server, recording() as exchanges:
        server.then(Turn(f"Your key is {KEY}."), Turn("Hi."))
        asyncio.run(everything(server.endpoint))
    assert len(exchanges) == 6
    assert KEY not in str([exchange.as_json() for exchange in exchanges])
    assert {exchange.headers["authorization"] for exchange in exchanges} == {"[redacted]"}


def failures(endpoint: Endpoint) -> list[str]:
    async def run() -> list[str]:
        said = []
        provider = OpenAIProvider("tiny", endpoint)
        try:
            for work in (provider.facts(), anext(provider.stream(Request.ask("Hi.", stream=False)))):
                try:
                    await work
                except ModelError as error:
                    said.append(f"{error} {error.__cause__!r} {error.args}")
        finally:
            await provider.aclose()
        return said

    return asyncio.run(run())


def test_the_key_is_in_no_error() -> None:
    with OpenAIServer(key="another") as server:  # says which key it was given
        said = failures(replace(server.endpoint, api_key=KEY))
        assert len(said) == 2 and not [text for text in said if KEY in text]
        assert "Incorrect API key provided: [redacted]" in said[0]
    with OpenAIServer(key=KEY) as server:
        for mishap in (b'data: {"key": "%s\n\n' % KEY.encode(), event({"error": {"message": KEY, "code": 400}})):
            server.then(Turn("", ends=mishap))

            async def run(server: OpenAIServer = server) -> str:
                provider = OpenAIProvider("tiny", server.endpoint)
                try:
                    async with aclosing(provider.stream(Request.ask("Hi."))) as pieces:
                        return str([piece async for piece in pieces])
                except ModelError as error:
                    return str(error)
                finally:
                    await provider.aclose()

            said_then = asyncio.run(run())
            assert "[redacted]" in said_then and KEY not in said_then


def test_a_key_that_no_header_can_hold() -> None:
    for key in ("sk-\u20ac", "sk-1\nX-Evil: yes"):
        with pytest.raises(ModelError, match="api_key_env") as caught:
            OpenAIProvider("tiny", Endpoint("lab", "openai", "http://host/v1", key))
        assert "sk-" not in str(caught.value)


def test_the_line_end_of_a_key_does_not_matter() -> None:
    with OpenAIServer(key=KEY) as server:
        asyncio.run(everything(replace(server.endpoint, api_key=f"{KEY}\n")))


def test_a_password_in_the_url_is_sent_and_not_shown() -> None:
    with OpenAIServer() as server, recording() as exchanges:
        url = server.url.replace("http://", "http://me:pass-word-1@") + "/v1"
        asyncio.run(everything(Endpoint("lab", "openai", url)))
        assert {request.headers["authorization"] for request in server.requests} == {"Basic bWU6cGFzcy13b3JkLTE="}
        server.then(Turn("pass-word-1", finish="content_filter"))
        server.models = ("pass-word-1",)
        shown: Any = failures(Endpoint("lab", "openai", url))
    assert "pass-word-1" not in str([exchange.as_json() for exchange in exchanges]) + str(shown[1:])
    assert "me:" not in str(shown)


def test_list_models_without_a_key_sends_none_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with OpenAIServer() as server:
        asyncio.run(list_models(server.endpoint))
        assert [request.headers["authorization"] for request in server.requests] == ["Bearer none"]
