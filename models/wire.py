"""The wire record: every request to a model and its reply exactly as they crossed, without secrets.

Whoever does a piece of work says so, and gets the exchanges that it cost:

    with recording() as exchanges:
        await chat.send(request)

Recording happens in the transport below the client libraries, so nothing reaches a model past it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import Any

import httpx

from gleanery.models.redaction import REDACTED, redact, without

_SECRET_HEADERS = frozenset({
    "authorization", "proxy-authorization", "api-key", "x-api-key", "cookie", "set-cookie", "x-goog-api-key",
})  # fmt: skip


@dataclass(slots=True)
class Exchange:
    """One request and its reply. `request` and `reply` are the bodies as text; what is not UTF-8 in them is escaped.

    `purpose` says what for: "chat", "embed", "count", "facts", "probe", "models". `attempt` counts from 1. `seconds` is
    from sending to the last byte, `first` to the first byte of the body. A reply that broke off keeps what came, and
    says `error`.
    """

    model: str
    purpose: str
    attempt: int
    method: str
    url: str
    headers: dict[str, str]
    request: str
    began: str
    status: int | None = None
    reply_headers: dict[str, str] = field(default_factory=dict)
    reply: str = ""
    first: float | None = None
    seconds: float | None = None
    error: str | None = None
    usage: Mapping[str, Any] | None = None
    timing: Mapping[str, Any] | None = None

    def as_json(self) -> dict[str, Any]:
        """The exchange as a line of a wire record says it."""
        return {
            "model": self.model,
            "purpose": self.purpose,
            "attempt": self.attempt,
            "began": self.began,
            "request": {"method": self.method, "url": self.url, "headers": self.headers, "body": self.request},
            "reply": {"status": self.status, "headers": self.reply_headers, "body": self.reply},
            "first_byte_ms": None if self.first is None else round(1000 * self.first, 3),
            "total_ms": None if self.seconds is None else round(1000 * self.seconds, 3),
            "usage": self.usage,
            "timing": self.timing,
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class Call:
    """On whose behalf the next request is sent."""

    model: str
    purpose: str = "chat"
    attempt: int = 1


_recordings: ContextVar[tuple[list[Exchange], ...]] = ContextVar("recordings", default=())
_NOBODY = Call("", "models")
_latest: ContextVar[Exchange | None] = ContextVar("latest", default=None)
_call: ContextVar[Call] = ContextVar("call", default=_NOBODY)


@contextmanager
def recording() -> Iterator[list[Exchange]]:
    """The exchanges of this block and of the tasks it starts, in the order of their sending, each when it is sent.

    Those of a recording within another are the other's too.
    """
    exchanges: list[Exchange] = []
    token = _recordings.set((*_recordings.get(), exchanges))
    try:
        yield exchanges
    finally:
        _recordings.reset(token)


def on_behalf_of(call: Call) -> None:
    """Say what the requests that follow in this asyncio task are for."""
    _call.set(call)
    _latest.set(None)


@contextmanager
def acting_for(call: Call) -> Iterator[None]:
    """Say what the requests of this block are for; after it they are for what they were for before."""
    latest, token = _latest.get(), _call.set(call)
    try:
        yield
    finally:
        _call.reset(token)
        _latest.set(latest)


def last_exchange() -> Exchange | None:
    """The exchange that this asyncio task began last for what it is about now, to be completed with what is known only
    later."""
    return _latest.get()


def record(exchange: Exchange) -> None:
    """Keep an exchange in what is being recorded: called by whoever sends it, here or past the transport (a scripted
    model)."""
    for exchanges in _recordings.get():
        exchanges.append(exchange)
    _latest.set(exchange)


class RecordingTransport(httpx.AsyncBaseTransport):
    """The only way to a model: sends requests with `inner` and records them where somebody is recording."""

    def __init__(self, inner: httpx.AsyncBaseTransport, secrets: Iterable[str] = ()) -> None:
        self._inner = inner
        self._secrets = tuple(secret for secret in secrets if secret)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        if not _recordings.get():
            _latest.set(None)
            return await self._inner.handle_async_request(request)
        exchange = await self._begun(request)
        record(exchange)
        tee = _Tee(exchange, self._secrets)
        try:
            response = await self._inner.handle_async_request(request)
        except BaseException as error:
            tee.end(_reason(error))
            raise
        exchange.status = response.status_code
        exchange.reply_headers = _headers(response.headers, self._secrets)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        tee.source = response.stream
        response.stream = tee
        return response

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()

    async def _begun(self, request: httpx.Request) -> Exchange:
        call = _call.get()
        body = b"" if _is_upload(request) else await request.aread()
        return Exchange(
            model=redact(call.model, self._secrets),
            purpose=call.purpose,
            attempt=call.attempt,
            method=request.method,
            url=redact(str(request.url), self._secrets),
            headers=_headers(request.headers, self._secrets),
            request=without(body.decode("utf-8", "backslashreplace"), self._secrets),
            began=datetime.now(UTC).isoformat(timespec="milliseconds"),
        )


class _Tee(httpx.AsyncByteStream):
    """A reply's body on its way, kept as it passes."""

    def __init__(self, exchange: Exchange, secrets: tuple[str, ...]) -> None:
        self.source: httpx.AsyncByteStream | None = None
        self._exchange, self._secrets = exchange, secrets
        self._began = perf_counter()
        self._body = bytearray()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert self.source is not None
        try:
            async for part in self.source:
                if self._exchange.first is None:
                    self._exchange.first = perf_counter() - self._began
                self._body += part
                yield part
        except GeneratorExit:
            raise
        except BaseException as error:
            self.end(_reason(error))
            raise
        self.end()

    async def aclose(self) -> None:
        """Close the connection; what had come by then is kept."""
        if self.source is not None:
            await self.source.aclose()
        self.end("It was closed before its end.")

    def end(self, error: str | None = None) -> None:
        """Complete the exchange, once."""
        if self._exchange.seconds is not None:
            return
        self._exchange.seconds = perf_counter() - self._began
        self._exchange.reply = without(self._body.decode("utf-8", "backslashreplace"), self._secrets)
        if error is not None:
            self._exchange.error = redact(error, self._secrets)


def _reason(error: BaseException) -> str:
    return "It was cancelled." if isinstance(error, asyncio.CancelledError) else f"{type(error).__name__}: {error}"


def _is_upload(request: httpx.Request) -> bool:
    """Whether the body is a file on its way (a GGUF blob): gigabytes are not kept in memory."""
    return "/blobs/" in request.url.path


def _headers(headers: httpx.Headers, secrets: tuple[str, ...]) -> dict[str, str]:
    return {k: REDACTED if k in _SECRET_HEADERS else without(v, secrets) for k, v in headers.items()}
