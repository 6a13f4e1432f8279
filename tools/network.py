"""The way of tools to web servers: named hosts only, public addresses only, within a time and a size.

A name is resolved once, and what is connected to is the address that was looked at: a name server that gives a harmless
address first and a private one afterwards (DNS rebinding) gains nothing. Every redirect is looked at like the first.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from time import monotonic
from typing import NamedTuple
from urllib.parse import SplitResult, urljoin, urlsplit

from gleanery.errors import UsageError
from gleanery.tools.given import Given
from gleanery.version import __version__

CROSSREF = "https://api.crossref.org"
_PORTS = {"http": 80, "https": 443}
_REDIRECTS = (301, 302, 303, 307, 308)
_MOST_REDIRECTS = 5
_URL = re.compile(r"[!-\[\]-~]+")  # printable ASCII, without spaces and backslashes
_CHUNK = 65_536
_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL = IPv6Network("2000::/3")
# What older Pythons take for public: of the registries of special addresses, and tunnels to who knows where.
_SPECIAL4 = (IPv4Network("192.0.0.0/24"), IPv4Network("192.88.99.0/24"))
_SPECIAL6 = (IPv6Network("2001::/23"), IPv6Network("2002::/16"), IPv6Network("3fff::/20"))


class Answer(NamedTuple):
    """What a server answered: `type` is its Content-Type; `cut`: it had more than was read."""

    url: str
    status: int
    type: str
    body: bytes
    cut: bool

    @property
    def text(self) -> str:
        """The body as text, by the charset that its type names, else UTF-8."""
        named = re.search(r"charset=[\"']?([\w.:-]+)", self.type, re.IGNORECASE)
        try:
            return self.body.decode(named[1] if named else "utf-8", "replace")
        except LookupError:
            return self.body.decode("utf-8", "replace")


def addresses_of(host: str, port: int) -> Sequence[str]:
    """The addresses that this machine's name service gives for a host."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet, also by what a tunnelling address has in it."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        if ip.ipv4_mapped or ip in _NAT64:
            return _is_public(IPv4Address(int(ip) & 0xFFFFFFFF))
        return ip in _GLOBAL and not any(ip in special for special in _SPECIAL6) and _is_public(ip)
    return _is_public(ip)


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    if isinstance(ip, IPv4Address) and any(ip in special for special in _SPECIAL4):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_loopback or ip.is_link_local)


@dataclass(frozen=True, slots=True)
class Network(Given):
    """What the settings allow: `hosts` as `example.org`, `*.example.org` (those below it) or `example.org:8080`.

    `crossref` is where Crossref's interface is. A request may take so many `seconds` in all, and `most` bytes of its
    answer are read. `resolve` and `reachable` are for tests: no argument of any tool reaches them.
    """

    hosts: Collection[str] = ()
    crossref: str = CROSSREF
    seconds: float = 20.0
    most: int = 2_000_000
    resolve: Callable[[str, int], Sequence[str]] = addresses_of
    reachable: Callable[[str], bool] = is_public

    def get(self, url: str, *, accept: str = "*/*", hosts: Collection[str] | None = None) -> Answer:
        """What the server at `url` answers, redirects followed, without credentials, cookies or proxies.

        `hosts` are other hosts than the settings' for this request. UsageError says why there is no answer.
        """
        allowed = {host.lower() for host in (self.hosts if hosts is None else hosts)}
        until = monotonic() + self.seconds
        for _ in range(_MOST_REDIRECTS + 1):
            target = _target(url, allowed)
            answer, location = self._ask(target, accept, until)
            if location is None:
                return answer
            url = _following(target, location)
        raise UsageError(f"{url}: there are more than {_MOST_REDIRECTS} redirects.")

    def _ask(self, target: SplitResult, accept: str, until: float) -> tuple[Answer, str | None]:
        """The answer of one server, and where it leads on to."""
        url = target.geturl()
        line = self._connect(target, until)
        ended = threading.Event()

        def end() -> None:
            ended.set()
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)  # whatever waits for it stops waiting

        alarm = threading.Timer(max(0.0, until - monotonic()), end)
        alarm.daemon = True
        alarm.start()
        try:
            with line:
                answer, location = self._exchange(target, accept, line)
            if ended.is_set():
                raise TimeoutError
            return answer, location
        except (OSError, http.client.HTTPException, ValueError) as error:
            if ended.is_set():
                raise UsageError(f"{url} did not answer within {self.seconds:g} seconds.") from None
            raise UsageError(f"{url} cannot be read: {type(error).__name__}: {error}.") from None
        finally:
            alarm.cancel()

    def _connect(self, target: SplitResult, until: float) -> socket.socket:
        """A connection to an address that has been looked at."""
        host, port = target.hostname or "", target.port or _PORTS[target.scheme]
        try:
            addresses = self.resolve(host, port)
        except OSError:
            addresses = ()
        if not addresses:
            raise UsageError(f"{host} has no address: there is no such host, or no network.")
        if not all(map(self.reachable, addresses)):
            raise UsageError(f"{host} has an address that is not of the public internet. Nothing is sent there.")
        for address in addresses:
            with suppress(OSError):
                return socket.create_connection((address, port), max(0.01, until - monotonic()))
        raise UsageError(f"{host} does not take a connection.")

    def _exchange(self, target: SplitResult, accept: str, line: socket.socket) -> tuple[Answer, str | None]:
        host, port = target.hostname or "", target.port or _PORTS[target.scheme]
        connection = http.client.HTTPConnection(host, port)
        connection.auto_open = 0  # never by a name
        # A copy: `line` can end it from another thread, whoever has it wrapped.
        connection.sock = _encrypted(line.dup(), host) if target.scheme == "https" else line.dup()
        try:
            path = (target.path or "/") + (f"?{target.query}" if target.query else "")
            connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
            connection.putheader("Host", target.netloc)
            connection.putheader("User-Agent", f"gleanery/{__version__}")
            connection.putheader("Accept", accept)
            connection.putheader("Accept-Encoding", "identity")
            connection.putheader("Connection", "close")
            connection.endheaders()
            with connection.getresponse() as response:
                location = response.getheader("Location") if response.status in _REDIRECTS else None
                body = b"" if location else _body(response, self.most)
                kind = response.getheader("Content-Type") or ""
        finally:
            connection.close()
        cut = len(body) > self.most
        return Answer(target.geturl(), response.status, kind, body[: self.most], cut), location


def _body(response: http.client.HTTPResponse, most: int) -> bytes:
    """What of the body is read: one byte more than `most` where it has more."""
    body = bytearray()
    while len(body) <= most and (piece := response.read(min(_CHUNK, most + 1 - len(body)))):
        body += piece
    return bytes(body)


def _encrypted(line: socket.socket, host: str) -> ssl.SSLSocket:
    from httpx import create_ssl_context  # with the certificates that come with it

    return create_ssl_context().wrap_socket(line, server_hostname=host)


def _target(url: str, allowed: Collection[str]) -> SplitResult:
    """The URL's parts, if it may be asked for."""
    if len(url) > 2_000 or not _URL.fullmatch(url):
        raise UsageError("A URL has at most 2,000 characters, all of ASCII; others are written like %C3%A9.")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        raise UsageError(f"`{url}` is not a URL.") from None
    if parts.scheme not in _PORTS or not host:
        raise UsageError(f"`{url}` is not a URL that begins with https:// or http:// and a host.")
    if "@" in parts.netloc:
        raise UsageError("A URL may hold no user name and no password.")
    if not _is_allowed(host if port in (None, _PORTS[parts.scheme]) else f"{host}:{port}", allowed):
        there = f"Allowed are: {', '.join(sorted(allowed))}." if allowed else "The settings allow none."
        raise UsageError(f"{host} is no host that may be asked. {there}")
    name = f"[{host}]" if ":" in host else host
    return parts._replace(netloc=name if port is None else f"{name}:{port}", fragment="")


def _following(target: SplitResult, location: str) -> str:
    """Where a redirect leads: looked at by `_target` like any URL, but for what only a redirect can do."""
    try:
        following = urljoin(target.geturl(), location)
    except ValueError:
        raise UsageError(f"{target.geturl()} leads on to what is no URL.") from None
    if target.scheme == "https" and following.lower().startswith("http:"):
        raise UsageError(f"{target.geturl()} leads on to an address that is not encrypted. It is not followed.")
    return following


def _is_allowed(host: str, allowed: Collection[str]) -> bool:
    _, _, above = host.partition(".")
    parents = {above}
    while above:
        _, _, above = above.partition(".")
        parents.add(above)
    return host in allowed or any(f"*.{parent}" in allowed for parent in parents if parent)
