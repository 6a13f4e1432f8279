"""The way to an OpenAI-compatible server: the openai client, deaf to its environment, and failures in our words."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import openai
import orjson

from gleanery.errors import ModelError, ReplyError
from gleanery.models.endpoint import Endpoint
from gleanery.models.http import HEADERS, TIMEOUT, error_of, secrets_of, transport_to
from gleanery.models.openai.failures import Place, Refusal, ServerSaidError, failure_of

if TYPE_CHECKING:
    from openai._response import AsyncAPIResponse

ASKING_SECONDS = 30.0
"""How long a server may take for what needs no generating."""

_HEADERS: dict[str, str | openai.Omit] = {
    "Accept": "application/json",
    "Content-Type": "application/json",
    "User-Agent": "gleanery",
}


class _Client(openai.AsyncOpenAI):
    """The openai client without the headers that it takes from the environment or that describe this machine."""

    @property
    def default_headers(self) -> dict[str, str | openai.Omit]:
        return _HEADERS


class Connection:
    """Requests to one server on behalf of one model. `url` is the API's (.../v1), `root` the server's own."""

    def __init__(self, endpoint: Endpoint, model: str, transport: httpx.AsyncBaseTransport | None = None) -> None:
        key = (endpoint.api_key or "").strip()
        if not (key.isascii() and key.isprintable()):
            raise ModelError(f"The API key for `{model}` holds what no header can. Check its `api_key_env`.")
        url = httpx.URL(endpoint.url.rstrip("/"))
        # A URL's user and password would go before the key: one header holds only one of them.
        self.url = str(url.copy_with(userinfo=b"") if key else url)
        self.root = self.url.removesuffix("/v1")
        self.place = Place(self.url, model, secrets_of(endpoint.url, key))
        self._client = _Client(
            base_url=self.url,
            api_key=key or "none",
            http_client=httpx.AsyncClient(
                transport=transport or transport_to(endpoint.url, key),
                headers=HEADERS,
                trust_env=False,
                follow_redirects=False,
                timeout=TIMEOUT,
            ),
            timeout=TIMEOUT,
            max_retries=0,
        )

    async def get(self, url: str, *, seconds: float = ASKING_SECONDS) -> Any:
        """The JSON at that URL."""
        try:
            response = await self._client.get(url, cast_to=httpx.Response, options={"timeout": seconds})
        except openai.OpenAIError as error:
            raise self._failure(error, {}) from None
        return self._parsed(response.content)

    async def post(self, url: str, body: Mapping[str, Any], *, seconds: float = ASKING_SECONDS) -> Any:
        """What the server answers to a JSON body."""
        try:
            response = await self._client.post(url, cast_to=httpx.Response, body=body, options={"timeout": seconds})
        except openai.OpenAIError as error:
            raise self._failure(error, body) from None
        return self._parsed(response.content)

    @asynccontextmanager
    async def chat(self, body: Mapping[str, Any], *, last: bool = False) -> AsyncGenerator[AsyncAPIResponse[Any], None]:
        """The reply to a chat request as it comes; leaving the block closes what is left of it.

        `last`: nothing else shall be sent over its connection. The whole body goes as `extra_body`: the client's own
        checks of it cost more than all the rest.
        """
        create = self._client.chat.completions.with_streaming_response.create
        try:
            headers = {"Connection": "close"} if last else None
            async with create(model=body["model"], messages=[], extra_body=body, extra_headers=headers) as response:
                yield response
        except ServerSaidError as said:
            raise failure_of(Refusal.streamed(said.text), httpx.Headers(), self.place, body) from None
        except (openai.OpenAIError, httpx.HTTPError, httpx.StreamError) as error:
            raise self._failure(error, body) from None

    def _parsed(self, content: bytes) -> Any:
        """A body that should be JSON; ReplyError where it is none."""
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise ReplyError(f"{self.place} answered `{self.place.model}` with torn JSON ({error}).") from None

    async def aclose(self) -> None:
        """Close what is open."""
        await self._client.close()

    def _failure(self, error: Exception, body: Mapping[str, Any]) -> ModelError:
        if isinstance(error, openai.APIStatusError):
            refusal = Refusal.read(error.status_code, error.response.text)
            return failure_of(refusal, error.response.headers, self.place, body)
        inner = error.__cause__ if isinstance(error, openai.APIConnectionError) else None
        return error_of(inner if isinstance(inner, Exception) else error, where=str(self.place), model=self.place.model)
