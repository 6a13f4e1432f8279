"""A web server of this machine, for the tools of the web."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """A server of this machine: its port, and what it was asked for."""

    port: int
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)


Reply = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def serving(reply: Reply, encrypt: ssl.SSLContext | None = None) -> Iterator[Site]:
    """A server of what `reply` writes, while the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.asked.append((self.path, dict(self.headers)))
            reply(self)

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        if encrypt:
            server.socket = encrypt.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        site = Site(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


def said(status: int = 200, body: bytes = b"hello", kind: str = "text/plain", **headers: str) -> Reply:
    """What writes this answer."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return reply
