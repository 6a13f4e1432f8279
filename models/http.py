"""What the providers that speak HTTP share: the transport, and an error's sentence."""

from __future__ import annotations

import ssl
from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from urllib.parse import unquote, urlsplit

import httpx

from gleanery.errors import EndpointError, ModelError, OverloadedError, ReplyError
from gleanery.models.redaction import redact
from gleanery.models.wire import RecordingTransport

CONNECT_SECONDS = 10.0
TIMEOUT = httpx.Timeout(None, connect=CONNECT_SECONDS)
"""Only connecting has its own limit: how long a reply may take is watched by the door, chunk by chunk."""

HEADERS = {"accept-encoding": "identity"}
"""A compressed reply could be read by nobody in the wire record."""

_ONE = httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=30.0)


def transport_to(url: str, api_key: str | None = None) -> RecordingTransport:
    """The recorded way to a server: no proxies, no redirects, nothing of the environment."""
    secure = urlsplit(url).scheme == "https"
    # A TLS context takes 16 ms to make, and plain HTTP needs none.
    context: ssl.SSLContext | bool = ssl.create_default_context() if secure else False
    connections = _Connections(lambda: httpx.AsyncHTTPTransport(verify=context, limits=_ONE, trust_env=False))
    return RecordingTransport(connections, secrets_of(url, api_key))


class _Connections(httpx.AsyncBaseTransport):
    """As many connections to a server as there are requests at once, each in a pool of its own.

    For every request httpcore looks through all connections of a pool, each with a system call: with 64 at once that
    costs as much again as all the rest of a request.
    """

    def __init__(self, connect: Callable[[], httpx.AsyncBaseTransport]) -> None:
        self._connect = connect
        self._all: list[httpx.AsyncBaseTransport] = []
        self._free: list[httpx.AsyncBaseTransport] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request on the connection that was free last: it is the least likely to have been closed since."""
        connection = self._free.pop() if self._free else self._new()
        try:
            response = await connection.handle_async_request(request)
        except BaseException:
            self._free.append(connection)
            raise
        assert isinstance(response.stream, httpx.AsyncByteStream)
        response.stream = _Held(response.stream, lambda: self._free.append(connection))
        return response

    async def aclose(self) -> None:
        """Close them all."""
        for connection in self._all:
            await connection.aclose()

    def _new(self) -> httpx.AsyncBaseTransport:
        self._all.append(self._connect())
        return self._all[-1]


class _Held(httpx.AsyncByteStream):
    """A reply's body, which holds its connection until it is closed."""

    def __init__(self, body: httpx.AsyncByteStream, release: Callable[[], None]) -> None:
        self._body, self._release = body, release
        self._closed = False

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._body.__aiter__()

    async def aclose(self) -> None:
        """Give the connection back, closed or kept alive."""
        if self._closed:
            return
        self._closed = True
        try:
            await self._body.aclose()
        finally:
            self._release()


def error_of(error: Exception, *, where: str, model: str, start: str = "") -> ModelError:
    """What a failure of the transport means for whoever asked. `where` is the server's URL, `start` how to start it."""
    place = redact(where)
    reason = redact(str(error)) or type(error).__name__
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return EndpointError(f"There is no server at {place} for `{model}` ({reason}). {start or 'Is it running?'}")
    if isinstance(error, httpx.TransportError):
        return EndpointError(f"The connection to {place} broke while `{model}` was answering: {reason}.")
    return ReplyError(f"The answer of `{model}` from {place} makes no sense: {reason}.")


def error_of_status(
    status: int, body: str, headers: httpx.Headers, *, where: str, model: str, secrets: tuple[str, ...] = ()
) -> ModelError:
    """What an HTTP status that is no success means, in the server's own words where it has some."""
    said = redact(" ".join(body.split()), secrets)[:500] or "it gave no reason"
    place = redact(where, secrets)
    if status in (429, 503):
        message = f"{place} takes no more requests for `{model}` ({status}: {said}). Lower `in_flight` for it."
        return OverloadedError(message, after=_seconds(headers.get("retry-after")))
    if status in (401, 403):
        return ModelError(f"{place} refuses `{model}` ({status}: {said}). Check its `api_key_env` in gleanery.toml.")
    if status in (502, 504):
        return EndpointError(f"The server behind {place} is gone ({status}: {said}).")
    return ReplyError(f"{place} answered `{model}` with status {status}: {said}")


def _seconds(value: str | None) -> float | None:
    try:
        return max(0.0, float(value)) if value else None
    except ValueError:
        return None


def secrets_of(url: str, api_key: str | None) -> tuple[str, ...]:
    """What must not be seen in a message or a record: the key, a URL's password, and it as a header would say it."""
    parts = urlsplit(url)
    password = unquote(parts.password or "")
    basic = b64encode(f"{unquote(parts.username or '')}:{password}".encode()).decode() if password else ""
    return tuple(secret for secret in (api_key, basic, password, parts.password) if secret)
