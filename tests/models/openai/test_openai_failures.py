from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import httpx
import pytest
from servers.http_server import ABORT, Response
from servers.openai_server import OpenAIServer, Turn, event, refusal

from gleanery.errors import (
    ContextWindowError,
    EndpointError,
    GleaneryError,
    ModelError,
    ModelNotFoundError,
    OverloadedError,
    ReplyError,
    UnsupportedError,
)
from gleanery.models.chat import Request, Tool
from gleanery.models.openai.failures import Place, Refusal, failure_of
from gleanery.models.openai.provider import OpenAIProvider

ADD = Tool("add", "Adds.", {"type": "object", "properties": {"a": {"type": "integer"}}})


def failure(server: OpenAIServer, request: Request) -> tuple[str, GleaneryError]:
    """What came before the failure, and the failure."""

    async def run() -> tuple[str, GleaneryError]:
        provider, text = OpenAIProvider("tiny", server.endpoint), ""
        try:
            async with aclosing(provider.stream(request)) as coming:
                async for piece in coming:
                    text += piece.text
        except GleaneryError as error:
            return text, error
        finally:
            await provider.aclose()
        raise AssertionError(f"it answered {text!r}")

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("turn", "kind", "says", "text"),
    [
        (Response.hangs_up(), EndpointError, "broke while", ""),
        (Turn("Hi there.", ends=ABORT), EndpointError, "broke while", "Hi there."),
        (Turn("Hi.", ends=b""), EndpointError, "broke off", "Hi."),
        (Turn("Hi.", ends=b'data: {"choices": [{"del\n\n'), ReplyError, "no reply", "Hi."),
        (Turn("Hi.", ends=b"data: \xff\n\n"), ReplyError, "no reply", "Hi."),
        (Turn("Hi.", finish="content_filter"), ReplyError, "content filter", "Hi."),
        (Turn("Hi.", ends=event({"error": {"message": "boom", "code": 500}})), ReplyError, "boom", "Hi."),
        (Turn("Hi.", ends=event({"error": "boom"})), ReplyError, "boom", "Hi."),
        (Turn("Hi.", ends=event({"error": {"message": "busy", "code": "429"}})), OverloadedError, "busy", "Hi."),
        (
            Turn("Hi.", ends=event({"error": {"message": "Context size has been exceeded.", "code": 500}})),
            ContextWindowError,
            "exceeded",
            "Hi.",
        ),
        (refusal(503, "Loading model"), OverloadedError, "Loading model", ""),
        (refusal(502, "no backend"), EndpointError, "no backend", ""),
        (refusal(500, "boom"), ReplyError, "status 500: boom", ""),
        (refusal(403, "not for you"), ModelError, "api_key_env", ""),
        (Response(302, headers={"location": "http://elsewhere/"}), ReplyError, "302", ""),
        (Response(400, b"plain words", content_type="text/plain"), ReplyError, "plain words", ""),
        (Response(400, b'{"detail": [{"loc": 1}]}'), ReplyError, "loc", ""),
        (Response(200, b"<html>Hello</html>", content_type="text/html"), ReplyError, "web page", ""),
        (Response.json({"error": {"message": "boom"}}), ReplyError, "boom", ""),
    ],
)
def test_every_fault_has_its_error(turn: Any, kind: type[GleaneryError], says: str, text: str) -> None:
    with OpenAIServer() as server:
        server.then(turn)
        seen, error = failure(server, Request.ask("Hi."))
        assert (type(error), seen) == (kind, text)
        assert says in str(error)


@pytest.mark.parametrize(
    ("turn", "kind"),
    [
        (Turn("Hi.", ends=ABORT), EndpointError),
        (Turn("Hi.", ends=b""), ReplyError),
        (Turn("Hi.", finish="content_filter"), ReplyError),
        (refusal(429, "busy"), OverloadedError),
    ],
)
def test_faults_of_a_reply_in_one_piece(turn: Any, kind: type[GleaneryError]) -> None:
    with OpenAIServer() as server:
        server.then(turn)
        assert type(failure(server, Request.ask("Hi.", stream=False))[1]) is kind


def test_how_long_an_overloaded_server_wants_to_be_left_alone() -> None:
    with OpenAIServer() as server:
        server.then(refusal(429, "busy", {"retry-after": "1.5"}), refusal(429, "busy"))
        errors = [failure(server, Request.ask("Hi."))[1] for _ in range(2)]
        assert [error.after for error in errors if isinstance(error, OverloadedError)] == [1.5, None]


@pytest.mark.parametrize(
    ("flavour", "remedy"),
    [("vllm", "--max-model-len"), ("llama-server", "--ctx-size"), ("openai", "a larger context")],
)
def test_a_prompt_that_is_too_long(flavour: Any, remedy: str) -> None:
    with OpenAIServer(flavour, window=50) as server:
        error = failure(server, Request.ask("word " * 100, max_tokens=10))[1]
        assert isinstance(error, ContextWindowError)
        assert (error.tokens, error.window) == (103, 50)
        assert remedy in str(error)


@pytest.mark.parametrize(
    ("said", "tokens", "window"),
    [
        (
            "This model's maximum context length is 16384 tokens. However, you requested 122946 tokens "
            "(112946 in the messages, 10000 in the completion).",
            112946,
            16384,
        ),
        (
            "This model's maximum context length is 4096 tokens. However, you requested 512 output tokens and your "
            "prompt contains at least 3585 input tokens, for a total of at least 4097 tokens.",
            3585,
            4096,
        ),
        (
            "'max_tokens' or 'max_completion_tokens' is too large: 5000. This model's maximum context length is 4096 "
            "tokens and your request has 100 input tokens (5000 > 4096 - 100).",
            100,
            4096,
        ),
        (
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens.",
            9001,
            8192,
        ),
        ("request (3038 tokens) exceeds the available context size (512 tokens), try increasing it", 3038, 512),
        (
            "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with "
            "context length of only 4096 tokens, which is not enough.",
            None,
            4096,
        ),
        ("litellm.ContextWindowExceededError: maximum context length is 100 tokens", None, 100),
    ],
)
def test_the_figures_of_a_prompt_that_is_too_long(said: str, tokens: int | None, window: int) -> None:
    place = Place("http://host/v1", "openai/tiny")
    error = failure_of(Refusal(400, said, said, {}), httpx.Headers(), place, {})
    assert isinstance(error, ContextWindowError)
    assert (error.tokens, error.window) == (tokens, window)


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (404, '{"error": {"message": "The model `x` does not exist.", "type": "NotFoundError"}}', ModelNotFoundError),
        (404, '{"object": "error", "message": "The model `x` does not exist.", "code": 404}', ModelNotFoundError),
        (404, '{"error": {"message": "no", "code": "model_not_found"}}', ModelNotFoundError),
        (400, '{"error": {"message": "Invalid model name passed in model=x", "code": "400"}}', ModelNotFoundError),
        (404, '{"detail": "Not Found"}', ModelError),
        (405, "", ModelError),
        (400, '{"error": {"message": "This model does not support pictures"}}', ReplyError),
    ],
)
def test_no_model_is_told_from_no_such_path(status: int, said: str, kind: type[GleaneryError]) -> None:
    error = failure_of(Refusal.read(status, said), httpx.Headers(), Place("http://host/v1", "openai/tiny"), {})
    assert type(error) is kind
    assert kind is not ModelError or "/v1" in str(error)


def test_tools_that_vllm_was_not_started_for() -> None:
    with OpenAIServer("vllm", tools=False) as server:
        error = failure(server, Request.ask("Hi.", tools=(ADD,)))[1]
        assert type(error) is UnsupportedError
        assert "--tool-call-parser" in str(error)


def test_a_schema_that_is_refused() -> None:
    with OpenAIServer("vllm", schema="refused") as server:
        assert type(failure(server, Request.ask("Hi.", schema={"type": "object"}))[1]) is UnsupportedError


@pytest.mark.parametrize(
    ("flavour", "said"),
    [
        ("llama-server", "Failed to initialize samplers: failed to parse grammar"),
        ("vllm", "Invalid grammar specification"),
    ],
)
def test_a_grammar_that_is_refused(flavour: Any, said: str) -> None:
    with OpenAIServer(flavour) as server:
        server.then(refusal(400, said))
        error = failure(server, Request.ask("Hi.", grammar="root ::= (("))[1]
        assert type(error) is UnsupportedError
        assert "GBNF" in str(error)
