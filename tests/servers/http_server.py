"""A small HTTP/1.1 server on loopback, in a thread of its own, that tests script byte by byte.

    class Echo(HttpServer):
        def handle(self, request: HttpRequest) -> Response:
            return Response.json({"you": "sent", "bytes": len(request.body)})

    with Echo() as server:
        httpx.post(server.url + "/any/path", json={})
        assert server.requests[0].path == "/any/path"

Or without a class: `HttpServer(lambda request: Response.json({}))`.

Import it as `from servers.http_server import HttpServer, Response` (tests/ is on the path through tests/conftest.py).

A reply in several parts is sent chunked, each part at once; what stands between them says what happens on the way:

    Response(parts=[b"data: 1\\n\\n", Wait(0.1), b"data: 2\\n\\n", ABORT])     # dies in the midst of the reply
    Response(parts=[b"data: 1\\n\\n", STALL])                               # says nothing more until the client leaves

Keep-alive, HEAD, request bodies of known length and chunked ones are understood; there is no TLS and no compression.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import traceback
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http.client import responses
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True)
class HttpRequest:
    """A request as received. `number` counts from 0, header names are lower-case, `path` is without the query."""

    number: int
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)


class Wait(NamedTuple):
    """Between two parts: nothing is sent for some seconds."""

    seconds: float


class Mishap(Enum):
    """Between two parts: something that should not happen."""

    ABORT = "the connection is closed at once, the reply unfinished"
    STALL = "nothing more is sent, until the client closes the connection"


ABORT, STALL = Mishap.ABORT, Mishap.STALL
Part = bytes | Wait | Mishap


@dataclass(frozen=True)
class Response:
    """A reply: a whole `body`, or `parts` sent one by one. `delay` seconds pass before anything of it is sent.

    With `parts[0]` ABORT and `head` False the connection is closed without even a status.
    """

    status: int = 200
    body: bytes = b""
    parts: Iterable[Part] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    delay: float = 0.0
    head: bool = True

    @classmethod
    def json(cls, value: Any, status: int = 200, **options: Any) -> Response:
        """A whole JSON body."""
        return cls(status, json.dumps(value, ensure_ascii=False).encode(), **options)

    @classmethod
    def hangs_up(cls) -> Response:
        """The connection is closed without a reply."""
        return cls(parts=[ABORT], head=False)


class HttpServer:
    """Serves `handle` on 127.0.0.1, on a port of its own, from `start` to `stop` (or in a `with` block).

    `requests`: what was received, in order. `aborted`: those whose client closed the connection before the reply was
    whole. `connections`: how many are open now, `accepted`: how many there were in all. `busy`: requests being answered
    now, `busiest`: the most there were at once.
    """

    def __init__(self, handler: Callable[[HttpRequest], Response] | None = None) -> None:
        self.requests: list[HttpRequest] = []
        self.aborted: list[HttpRequest] = []
        self.connections = self.accepted = self.busy = self.busiest = 0
        self.port = 0
        self._handler = handler
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="http-server", daemon=True)
        self._listening: asyncio.Server | None = None
        self._reserved: socket.socket | None = None
        self._serving: set[asyncio.Task[None]] = set()

    def handle(self, request: HttpRequest) -> Response:
        """The reply to one request. Runs on the server's loop, so it must not block: `delay` and `Wait` do not."""
        assert self._handler is not None, "give HttpServer a handler, or override `handle`"
        return self._handler(request)

    @property
    def url(self) -> str:
        """http://127.0.0.1:port."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        """Listen."""
        self._thread.start()
        self.listen_again()
        return self

    def stop(self) -> None:
        """Close every connection and end the thread."""
        self.stop_listening()
        if self._reserved is not None:
            self._reserved.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def stop_listening(self, *, drop: bool = True) -> None:
        """Refuse connections from now on; with `drop`, those that are open are cut, like those of a killed server."""
        self._run(self._close(drop))
        if self.port and self._reserved is None:
            self._reserved = _bound(self.port)

    def listen_again(self) -> None:
        """Listen on the same port as before."""
        if self._reserved is not None:
            self._reserved.close()
            self._reserved = None
        self._run(self._listen())

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self, work: Coroutine[Any, Any, _T]) -> _T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        listener = _bound(self.port)
        self.port = listener.getsockname()[1]
        self._listening = await self._loop.create_server(self._protocol, sock=listener, backlog=512)

    def _protocol(self) -> _Connection:
        return _Connection(asyncio.StreamReader(2**20, self._loop), self._connected, self._loop)

    async def _close(self, drop: bool) -> None:
        if self._listening is not None:
            self._listening.close()
            self._listening = None
        if drop and self._serving:
            for task in self._serving:
                task.cancel()
            await asyncio.wait(self._serving)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._serving.add(task)
        self.connections += 1
        self.accepted += 1
        try:
            while (request := await _read(reader, len(self.requests))) is not None:
                self.requests.append(request)
                if not await self._answered(request, writer):
                    return
        except (OSError, EOFError, asyncio.CancelledError):
            pass  # the client, or this server, went away
        finally:
            self.connections -= 1
            self._serving.discard(task)
            writer.transport.abort()

    async def _answered(self, request: HttpRequest, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection lives on."""
        connection = writer.transport.get_protocol()
        assert isinstance(connection, _Connection)
        self.busy += 1
        self.busiest = max(self.busy, self.busiest)
        connection.answering = asyncio.create_task(_send(self._response(request), request, writer))
        if connection.gone:
            connection.answering.cancel()
        try:
            await asyncio.wait([connection.answering])
        except asyncio.CancelledError:
            connection.answering.cancel()
            await asyncio.wait([connection.answering])
            raise
        finally:
            self.busy -= 1
        if connection.answering.cancelled():
            self.aborted.append(request)
            return False
        return connection.answering.result()

    def _response(self, request: HttpRequest) -> Response:
        try:
            return self.handle(request)
        except Exception:
            return Response(500, traceback.format_exc().encode(), content_type="text/plain")


class _Connection(asyncio.StreamReaderProtocol):
    """A connection that stops answering as soon as the client has closed it."""

    answering: asyncio.Task[bool] | None = None
    gone = False

    def eof_received(self) -> bool:
        self._left()
        super().eof_received()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self._left()
        super().connection_lost(exc)

    def _left(self) -> None:
        self.gone = True
        if self.answering is not None:
            self.answering.cancel()


def _bound(port: int) -> socket.socket:
    """A socket that has the port (0: any), so that nobody else gets it; not yet listening, it refuses connections."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound


async def _read(reader: asyncio.StreamReader, number: int) -> HttpRequest | None:
    """The next request; None where the client has closed the connection instead."""
    if not (line := await reader.readline()):
        return None
    method, target, _ = line.decode("latin-1").split()
    headers: dict[str, str] = {}
    while (line := await reader.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _chunked(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    path, _, query = target.partition("?")
    return HttpRequest(number, method, path, query, headers, body)


async def _chunked(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += (await reader.readexactly(size + 2))[:-2]
    while (await reader.readline()).strip():
        pass
    return bytes(body)


async def _send(response: Response, request: HttpRequest, writer: asyncio.StreamWriter) -> bool:
    """Send the reply; whether the connection lives on."""
    if response.delay:
        await asyncio.sleep(response.delay)
    if response.parts is None:
        body = b"" if request.method == "HEAD" else response.body
        writer.write(_head(response, f"content-length: {len(response.body)}") + body)
    else:
        if response.head:
            writer.write(_head(response, "transfer-encoding: chunked"))
        for part in response.parts:
            if isinstance(part, Wait):
                await asyncio.sleep(part.seconds)
            elif part is STALL:
                await asyncio.Event().wait()
            elif part is ABORT:
                await writer.drain()
                return False
            elif part:
                writer.write(b"%x\r\n%b\r\n" % (len(part), part))
                await writer.drain()
        writer.write(b"0\r\n\r\n")
    await writer.drain()
    return request.headers.get("connection", "").lower() != "close"


def _head(response: Response, length: str) -> bytes:
    fields = {"content-type": response.content_type, **response.headers}
    lines = [f"HTTP/1.1 {response.status} {responses.get(response.status, 'Odd')}", length]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
