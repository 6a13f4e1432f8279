"""What the tools of the web may reach: named hosts, public addresses, in their time and size, and nothing else."""

import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from servers.web_server import said, serving

from gleanery.errors import UsageError
from gleanery.tools.network import Network, is_public
from gleanery.tools.tool import tool_of
from gleanery.tools.toolbox import Toolbox
from gleanery.tools.web import http_get
from gleanery.version import __version__


def local(*hosts: str, seconds: float = 5.0, most: int = 2_000_000, **addresses: Sequence[str]) -> Network:
    """The network of a test: every name is this machine, which counts as public unless `addresses` say otherwise."""
    named = {name.replace("_", "."): found for name, found in addresses.items()}
    return Network(
        hosts,
        seconds=seconds,
        most=most,
        resolve=lambda host, _: named.get(host, ["127.0.0.1"]),
        reachable=lambda address: address == "127.0.0.1",
    )


def test_a_page_is_got_with_nothing_about_the_user(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".netrc").write_text("machine example.org login me password secret\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with serving(said()) as site:
        answer = local(f"example.org:{site.port}").get(f"http://Example.org:{site.port}/a?b=c#d")
    assert (answer.status, answer.text, answer.cut) == (200, "hello", False)
    [(path, headers)] = site.asked
    assert path == "/a?b=c"
    assert headers == {
        "Host": f"example.org:{site.port}",
        "User-Agent": f"gleanery/{__version__}",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        "Connection": "close",
    }


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("https://other.org/", "other.org is no host that may be asked. Allowed are: "),
        ("https://example.org.evil.net/", "no host that may be asked"),
        ("https://evil-example.org/", "no host that may be asked"),
        ("https://example.org:8443/", "no host that may be asked"),
        ("https://wild.org/", "no host that may be asked"),
        ("https://notwild.org/", "no host that may be asked"),
        ("https://127.0.0.1/", "no host that may be asked"),
        ("https://2130706433/", "no host that may be asked"),
        ("https://0x7f.1/", "no host that may be asked"),
        ("https://[::1]/", "no host that may be asked"),
        ("https://[::ffff:127.0.0.1]/", "no host that may be asked"),
        ("https://localhost/", "no host that may be asked"),
        ("https://example.org@evil.net/", "no user name"),
        ("https://me:secret@example.org/", "no user name"),
        ("https://@example.org/", "no user name"),
        ("file:///etc/passwd", "begins with https://"),
        ("ftp://example.org/", "begins with https://"),
        ("gopher://example.org/", "begins with https://"),
        ("javascript:alert(1)", "begins with https://"),
        ("//example.org/", "begins with https://"),
        ("example.org", "begins with https://"),
        ("https://", "begins with https://"),
        ("https:///etc/passwd", "begins with https://"),
        ("https://example.org\\@evil.net/", "all of ASCII"),
        ("https://example.org/ HTTP/1.1\r\nHost: evil.net", "all of ASCII"),
        ("https://example.org/\n", "all of ASCII"),
        ("https://éxample.org/", "all of ASCII"),
        ("https://example.org/" + "a" * 2000, "at most 2,000"),
        ("https://example.org:99999/", "not a URL"),
        ("https://[::1/", "not a URL"),
        ("", "all of ASCII"),
    ],
)
def test_what_is_not_named_is_not_asked(url: str, says: str) -> None:
    def nobody(*_: object) -> Sequence[str]:
        pytest.fail("looked up")

    network = Network(["example.org", "*.wild.org"], resolve=nobody)
    with pytest.raises(UsageError) as told:
        network.get(url)
    assert says in str(told.value)


@pytest.mark.parametrize("host", ["example.org", "example.org.", "EXAMPLE.ORG", "a.wild.org", "a.b.wild.org"])
def test_what_is_named_is_asked(host: str) -> None:
    looked: list[str] = []

    def resolve(name: str, _: int) -> Sequence[str]:
        looked.append(name)
        return ()

    with pytest.raises(UsageError, match="has no address"):
        Network(["Example.org", "*.wild.org"], resolve=resolve).get(f"https://{host}/")
    assert looked == [host.lower().rstrip(".")]


PRIVATE = """
    127.0.0.1 127.8.8.8 0.0.0.0 10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1
    100.127.0.1 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
    192.0.0.8 :: ::1 fe80::1 fe80::1%eth0 fec0::1 fc00::1 fd12:3456::1 ff02::1 2001:db8::1 ::ffff:127.0.0.1
    ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 64:ff9b::a00:1 64:ff9b:1::1 2002:7f00:1::1
    2002:808:808::1 2001::1 ::127.0.0.1 ::8.8.8.8 100::1 localhost 127.1 0x7f000001 2130706433 192.88.99.1 3fff::1
    2001:20::1
""".split()  # noqa: SIM905


@pytest.mark.parametrize("address", [*PRIVATE, ""])
def test_private_addresses_are_none_of_the_internet(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "193.0.6.139", "2606:4700::1111", "2a00:1450:4001::1", "64:ff9b::808:808"]
)
def test_public_addresses_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["::1"], ["169.254.169.254"]])
def test_a_named_host_with_a_private_address_is_not_connected_to(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "create_connection", lambda *_: pytest.fail("connected"))
    with pytest.raises(UsageError, match="not of the public internet"):
        Network(["example.org"], resolve=lambda *_: addresses).get("http://example.org/")


def test_the_machine_itself_is_refused_by_its_real_name_service() -> None:
    with serving(said()) as site:
        with pytest.raises(UsageError, match="not of the public internet"):
            Network([f"localhost:{site.port}"]).get(f"http://localhost:{site.port}/")
        assert site.asked == []


def test_a_name_is_resolved_once_so_that_rebinding_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    connected: list[object] = []
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])

    def connect(address: object, *_: object) -> socket.socket:
        connected.append(address)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", connect)
    network = Network(["example.org"], resolve=lambda *_: next(answers))
    with pytest.raises(UsageError, match="does not take a connection"):
        network.get("http://example.org/")
    assert connected == [("93.184.216.34", 80)]
    with pytest.raises(UsageError, match="not of the public internet"):
        network.get("http://example.org/")


def test_every_redirect_is_looked_at() -> None:
    with serving(said()) as inner, serving(said(302, Location=f"http://b.org:{inner.port}/x")) as outer:
        network = local(f"a.org:{outer.port}", f"b.org:{inner.port}")
        answer = network.get(f"http://a.org:{outer.port}/")
        assert (answer.url, answer.text) == (f"http://b.org:{inner.port}/x", "hello")
        asked = len(inner.asked)
        with pytest.raises(UsageError, match=r"b\.org is no host that may be asked"):
            local(f"a.org:{outer.port}").get(f"http://a.org:{outer.port}/")
        with pytest.raises(UsageError, match="not of the public internet"):
            local(f"a.org:{outer.port}", f"b.org:{inner.port}", b_org=["10.0.0.1"]).get(f"http://a.org:{outer.port}/")
        assert len(inner.asked) == asked


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("file:///etc/passwd", "begins with https://"),
        ("http://me:secret@a.org/", "no user name"),
        ("//evil.net/", "no host that may be asked"),
        ("http://[::1", "is no URL"),
        ("/again", "more than 5 redirects"),
        ("/\xe9", "ASCII"),
    ],
)
def test_a_redirect_may_lead_nowhere_else(location: str, says: str) -> None:
    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(f"HTTP/1.1 301 Moved\r\nLocation: {location}\r\n\r\n".encode("latin-1"))

    with serving(reply) as site, pytest.raises(UsageError) as told:
        local(f"a.org:{site.port}").get(f"http://a.org:{site.port}/")
    assert says in str(told.value)


def test_no_more_is_read_than_allowed() -> None:
    def endless(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(200):
            handler.wfile.write(b"x" * 10_000)

    with serving(endless) as site:
        answer = local(f"a.org:{site.port}", most=5_000).get(f"http://a.org:{site.port}/")
    assert (len(answer.body), answer.cut) == (5_000, True)


@pytest.mark.parametrize("slow", ["silent", "head", "body"])
def test_a_slow_server_is_left_in_time(slow: str) -> None:
    ended = threading.Event()

    def trickle(handler: BaseHTTPRequestHandler) -> None:
        start = {"silent": b"", "head": b"HTTP/1.1 200 OK\r\nX-A: ", "body": b"HTTP/1.1 200 OK\r\n\r\n"}[slow]
        while not ended.wait(0.02):
            handler.wfile.write(start or b"")
            start = start and b"x"

    began = time.monotonic()
    with serving(trickle) as site:
        with pytest.raises(UsageError, match=r"did not answer within 0\.3 seconds"):
            local(f"a.org:{site.port}", seconds=0.3).get(f"http://a.org:{site.port}/")
        ended.set()
    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "line", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", b"\0" * 99]
)
def test_what_is_no_answer_is_told(line: bytes) -> None:
    with serving(lambda handler: handler.wfile.write(line) and None) as site:
        network = local(f"a.org:{site.port}")
        try:
            assert network.get(f"http://a.org:{site.port}/").body == b""
        except UsageError as told:
            assert "cannot be read" in str(told)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for a.org, signed by nobody but itself, with its key."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl")
    file = tmp_path / "a.pem"
    made = [
        openssl,
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        str(file),
        "-out",
        str(tmp_path / "c.pem"),
    ]
    subprocess.run(
        [*made, "-days", "2", "-subj", "/CN=a.org", "-addext", "subjectAltName=DNS:a.org"],
        check=True,
        capture_output=True,
    )
    with file.open("a") as stream:
        stream.write((tmp_path / "c.pem").read_text())
    return file


def test_encryption_is_checked(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with serving(said(), encrypt=context) as site:
        network = local(f"a.org:{site.port}", f"b.org:{site.port}")
        with pytest.raises(UsageError, match="CERTIFICATE_VERIFY_FAILED"):
            network.get(f"https://a.org:{site.port}/")
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert network.get(f"https://a.org:{site.port}/").text == "hello"
        with pytest.raises(UsageError, match="CERTIFICATE_VERIFY_FAILED"):
            network.get(f"https://b.org:{site.port}/")
    onward = said(302, Location="http://a.org/")
    with serving(onward, encrypt=context) as site, pytest.raises(UsageError, match="not encrypted"):
        local(f"a.org:{site.port}", "a.org").get(f"https://a.org:{site.port}/")


def test_http_get_tells_the_status_and_the_text() -> None:
    found = tool_of(http_get)
    assert found
    assert list(found.schema["properties"]) == ["url"]
    with serving(said(404, "né".encode("latin-1"), "text/html; charset=ISO-8859-1")) as site:
        box = Toolbox([found], permissions={"http_get": "allow"}, network=local(f"a.org:{site.port}"))
        assert box.call("http_get", f'{{"url": "http://a.org:{site.port}/"}}') == "404 text/html\nné"
        assert "network: Extra inputs" in box.call(
            "http_get", '{"url": "http://a.org/", "network": {"hosts": ["a.org"]}}'
        )
    with serving(said(kind="image/png")) as site, pytest.raises(UsageError, match="is no text but image/png"):
        http_get(f"http://a.org:{site.port}/", local(f"a.org:{site.port}"))
