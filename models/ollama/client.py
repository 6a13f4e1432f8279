"""Ollama's own client, bound to one endpoint: whole bodies go out, lines of JSON come back, errors are Gleanery's."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import nullcontext
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx
import ollama
import orjson

from gleanery.errors import ModelError, ReplyError, UsageError
from gleanery.models.endpoint import OLLAMA, Endpoint
from gleanery.models.http import HEADERS, TIMEOUT, error_of, error_of_status, secrets_of, transport_to
from gleanery.models.ollama.errors import meaning, said_in
from gleanery.models.redaction import redact
from gleanery.models.wire import Call, acting_for

START = "Start it with `ollama serve`, or say in gleanery.toml where it runs: [endpoints.ollama]."


class OllamaClient(ollama.AsyncClient):
    """Asks one Ollama server; its URL and key are the endpoint's, whatever the environment says.

    `purpose` is what its requests are recorded for, except the lines of a chat: those are whoever's asked for them.
    The inherited verbs (`list`, `ps`, `show`, ...) raise ModelErrors too. The client's own `chat` drops parts of tool
    schemas, so chats go through `lines`.
    """

    _client: httpx.AsyncClient

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        purpose: str,
        address: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._endpoint, self._purpose, self._address = endpoint, purpose, address
        try:
            self._secrets = secrets_of(endpoint.url, endpoint.api_key)
            super().__init__(
                endpoint.url,
                headers=HEADERS | ({"authorization": f"Bearer {endpoint.api_key}"} if endpoint.api_key else {}),
                auth=None if endpoint.api_key else _credentials(endpoint.url),
                follow_redirects=False,
                trust_env=False,
                timeout=TIMEOUT,
                transport=transport or transport_to(endpoint.url, endpoint.api_key),
            )
        except (ValueError, httpx.InvalidURL) as error:
            raise UsageError(f"`{redact(endpoint.url)}` is no URL of a server: {error}. Write {OLLAMA}.") from None
        if not endpoint.api_key:  # the inherited client takes one from the environment
            self._client.headers.pop("authorization", None)

    def address(self, name: str) -> str:
        """What a model is called: as it was asked for, else with the URL where that is not Ollama's default."""
        if self._address is not None:
            return self._address
        url = self._endpoint.url.rstrip("/")
        return f"ollama/{name}" if url == OLLAMA else f"ollama/{name}@{redact(url)}"

    async def version(self) -> str:
        """The server's version."""
        reply = await self._request(dict, "GET", "/api/version")
        return str(reply.get("version", ""))

    async def reachable(self, timeout: float) -> bool:
        """Whether the server answers within so many seconds, whatever it says."""
        try:
            with acting_for(self._call("")):
                response = await self._client.get("/api/version", timeout=timeout)
        except httpx.HTTPError:
            return False
        return response.status_code < 500

    async def has_blob(self, digest: str) -> bool:
        """Whether the server has the file with this SHA-256 already."""
        try:
            with acting_for(self._call("")):
                response = await self._client.head(f"/api/blobs/{digest}")
        except httpx.HTTPError as error:
            raise self._broken(error, "") from error
        return response.is_success

    async def send_blob(self, digest: str, parts: AsyncIterator[bytes]) -> None:
        """Upload the file with this SHA-256 as it is read."""
        await self._request_raw("POST", f"/api/blobs/{digest}", content=parts)

    async def lines(
        self, path: str, body: Mapping[str, Any], *, chat: bool = False
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The objects of a reply, one a line. Closing the generator closes the connection.

        What a `chat` is for has been said by whoever asks for it.
        """
        name = str(body.get("model", ""))
        try:
            request = self._client.build_request("POST", path, content=_dumped(body))
            with nullcontext() if chat else acting_for(self._call(name)):
                response = await self._client.send(request, stream=True)
            try:
                if not response.is_success:
                    await response.aread()
                    raise self._refusal(response, name)
                held = b""
                async for part in response.aiter_bytes():
                    *lines, held = (held + part).split(b"\n")
                    for line in lines:
                        if line.strip():
                            yield self._read(line, name)
                if held.strip():
                    yield self._read(held, name)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            raise self._broken(error, name) from error

    async def vectors(self, name: str, texts: Sequence[str], keep_alive: str | None = None) -> list[list[float]]:
        """What the model makes of each text; ContextWindowError where one is too long, rather than cut.

        As for the lines of a chat, what this is for has been said by whoever asks.
        """
        body = {"model": name, "input": [*texts], "truncate": False}
        body |= {} if keep_alive is None else {"keep_alive": keep_alive}
        try:
            response = await self._client.post("/api/embed", content=_dumped(body))
        except httpx.HTTPError as error:
            raise self._broken(error, name) from error
        if not response.is_success:
            raise self._refusal(response, name)
        vectors = self._read(response.content, name).get("embeddings")
        return vectors if isinstance(vectors, list) else []

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _request(self, cls: Any, *args: Any, **kwargs: Any) -> Any:
        """The reply as an object of `cls`, never a stream."""
        kwargs.pop("stream", None)
        response = await self._request_raw(*args, **kwargs)
        try:
            return cls(**response.json())
        except (ValueError, TypeError) as error:
            where, why = (redact(" ".join(str(said).split()), self._secrets) for said in (response.url, error))
            raise ReplyError(f"{where} answered what Ollama does not: {why[:200]}. Is it Ollama?") from None

    async def _request_raw(self, *args: Any, **kwargs: Any) -> httpx.Response:
        """One request and its whole reply."""
        body = kwargs.get("json") or {}
        name = str(body.get("model") or body.get("source") or "")
        try:
            with acting_for(self._call(name)):
                response = await self._client.request(*args, **kwargs)
        except httpx.HTTPError as error:
            raise self._broken(error, name) from error
        if not response.is_success:
            raise self._refusal(response, name)
        return response

    def _read(self, line: bytes, name: str) -> dict[str, Any]:
        """A line as an object; ReplyError where it is none, the fitting error where it says one."""
        try:
            read = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise ReplyError(
                f"The answer of `{self.address(name)}` is torn: a line of it is no JSON ({error}): "
                f"{redact(line[:80].decode('utf-8', 'replace'), self._secrets)}"
            ) from None
        if not isinstance(read, dict):
            raise ReplyError(f"The answer of `{self.address(name)}` makes no sense: {line[:80]!r} is no object.")
        if "error" in read:
            said = redact(said_in(line), self._secrets)
            known = meaning(said, self.address(name), name)
            raise known or ReplyError(f"`{self.address(name)}` gave an error instead of an answer: {said}")
        return read

    def _refusal(self, response: httpx.Response, name: str) -> ModelError:
        """What a status that is no success means."""
        said = redact(said_in(response.content), self._secrets)
        overloaded = response.status_code in (429, 503)  # these say more in their headers
        known = None if overloaded else meaning(said, self.address(name), name)
        if known is not None:
            return known
        if response.status_code == 404 or response.is_redirect:
            return ModelError(
                f"{self._where} is no Ollama server ({response.status_code}: {said[:200] or 'no reason'}). Its URL is "
                f"like {OLLAMA}, without /v1; a server that speaks OpenAI's protocol is addressed as openai/NAME@URL."
            )
        return error_of_status(
            response.status_code,
            said,
            response.headers,
            where=self._where,
            model=self.address(name),
            secrets=self._secrets,
        )

    def _broken(self, error: httpx.HTTPError, name: str) -> ModelError:
        return error_of(error, where=self._where, model=self.address(name) if name else "Ollama", start=START)

    @property
    def _where(self) -> str:
        return redact(self._endpoint.url.rstrip("/"))

    def _call(self, name: str) -> Call:
        return Call(self.address(name) if name else "", self._purpose)


def _credentials(url: str) -> tuple[str, str] | None:
    """The user's name and password in a URL, which the inherited client would drop."""
    split = urlsplit(url)
    return (unquote(split.username), unquote(split.password or "")) if split.username else None


def _dumped(body: Mapping[str, Any]) -> bytes:
    """The body as JSON; a lone surrogate, which UTF-8 cannot say, is escaped."""
    try:
        return orjson.dumps(body, default=dict)
    except TypeError:
        return json.dumps(body, default=dict).encode()
