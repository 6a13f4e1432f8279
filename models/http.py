"""What the providers that speak HTTP share: the transport, and an error's sentence."""

from __future__ import annotations

import ssl
from base64 import b64encode
from urllib.parse import unquote, urlsplit

import httpx

from gleanery.errors import EndpointError, ModelError, OverloadedError, ReplyError
from gleanery.models.wire import RecordingTransport, redact

CONNECT_SECONDS = 10.0
TIMEOUT = httpx.Timeout(None, connect=CONNECT_SECONDS)
"""Only connecting has its own limit: how long a reply may take is watched by the door, chunk by chunk."""

_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=256, keepalive_expiry=30.0)


def transport_to(url: str, api_key: str | None = None) -> RecordingTransport:
    """The recorded way to a server: no proxies, no redirects, nothing of the environment."""
    secure = urlsplit(url).scheme == "https"
    # A TLS context takes 16 ms to make, and plain HTTP needs none.
    context: ssl.SSLContext | bool = ssl.create_default_context() if secure else False
    inner = httpx.AsyncHTTPTransport(verify=context, limits=_LIMITS, trust_env=False)
    return RecordingTransport(inner, secrets_of(url, api_key))


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
