"""What the environment and the command line say of the settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from gleanery.errors import SettingsError
from gleanery.settings.keys import GGUF, TOOLS, TOP, Key
from gleanery.settings.values import Given, Layer, Where
from gleanery.tasks.nearest import did_you_mean

_PREFIX = "GLEANERY_"
_SINGLE: Mapping[Where, Key] = {
    **{(name,): key for name, key in TOP.items()},
    **{("gguf", name): key for name, key in GGUF.parts.items() if isinstance(key, Key)},
    **{("tools", name): key for name, key in TOOLS.parts.items() if isinstance(key, Key)},
}
"""The keys that stand once: what is said of an endpoint needs a file."""
_KEYS = {"_".join(way).upper(): way for way in _SINGLE}
_OLLAMA_PORT = 11434


def environment_layer(environ: Mapping[str, str]) -> Layer:
    """What the variables GLEANERY_<KEY> give; SettingsError where one is wrong, or nearly named like one."""
    layer: dict[Where, Given] = {}
    for variable, text in environ.items():
        if not variable.startswith(_PREFIX) or not text:
            continue
        key = variable.removeprefix(_PREFIX)
        if key in _KEYS:
            layer[_KEYS[key]] = _given(_KEYS[key], text, file=variable)
        elif near := did_you_mean(key, _KEYS):
            raise SettingsError(f"there is no such setting.{near.replace('`', f'`{_PREFIX}', 1)}", file=variable)
    return layer


def overrides_layer(overrides: Mapping[str, Any]) -> Layer:
    """What the command line gives: values by key ("retries", "gguf.context"), None where an option was not used."""
    layer: dict[Where, Given] = {}
    for key, value in overrides.items():
        if value is not None:
            layer[tuple(key.split("."))] = _given(tuple(key.split(".")), value, file="command line", key=key)
    return layer


def ollama_layer(environ: Mapping[str, str]) -> Layer:
    """The endpoint that OLLAMA_HOST names, if it is set."""
    text = environ.get("OLLAMA_HOST", "").strip().strip("\"'")
    if not text:
        return {}
    way = ("endpoints", "ollama")
    url, origin = ollama_url(text), "OLLAMA_HOST"
    return {(*way, "kind"): Given("ollama", origin), (*way, "url"): Given(url, origin)}


def ollama_url(text: str) -> str:
    """The URL that OLLAMA_HOST means, read like Ollama does: a host, a port or both will do.

    An address to listen on (0.0.0.0) is one to call on this machine.
    """
    scheme, separator, rest = text.rpartition("://")
    if rest.count(":") > 1 and not {"[", "@"} & {*rest}:
        rest = f"[{rest}]"  # a bare IPv6 address
    try:
        parts = urlsplit(f"{scheme or 'http'}://{rest}")
        port = parts.port or (None if separator else _OLLAMA_PORT)
        host = parts.hostname or "127.0.0.1"
    except ValueError:
        parts, host, port = urlsplit(""), "", None
    if parts.scheme not in ("http", "https") or not host.isprintable() or " " in host:
        raise SettingsError("is no address of a server: write it like 127.0.0.1:11434.", file="OLLAMA_HOST")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    user, at, _ = parts.netloc.rpartition("@")
    place = f"{user}{at}{f'[{host}]' if ':' in host else host}" + (f":{port}" if port else "")
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}"


def _given(way: Where, value: Any, *, file: str, key: str | None = None) -> Given:
    kind = _SINGLE[way].kind
    written = kind.from_text(value.strip()) if isinstance(value, str) else value
    try:
        return Given(kind.read(written), file, key=key)
    except ValueError as error:
        raise SettingsError(str(error), file=file, key=key) from None
