"""The models of an Ollama server: list, show, pull, make, copy, delete, unload."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from gleanery.errors import EndpointError, OverloadedError, UsageError
from gleanery.models.catalogue import LoadedModel, ModelDetails, ModelInfo, Progress
from gleanery.models.endpoint import Endpoint
from gleanery.models.ollama.client import OllamaClient
from gleanery.models.ollama.modelfile import Modelfile
from gleanery.models.ollama.provider import window_of

PULL_DELAYS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Seconds before a download whose connection broke is taken up again; Ollama goes on where it was."""

_PART = 1 << 20


class OllamaServer:
    """One Ollama server. Methods raise ModelErrors.

    async with OllamaServer(endpoint) as server:
        async for progress in server.pull("qwen3:4b"): ...
    """

    def __init__(self, endpoint: Endpoint, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._client = OllamaClient(endpoint, purpose="models", transport=transport)

    async def __aenter__(self) -> OllamaServer:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def version(self) -> str:
        """The server's version."""
        return await self._client.version()

    async def list(self) -> Sequence[ModelInfo]:
        """The models that the server has."""
        return [
            ModelInfo(
                model.model or "",
                model.size,
                model.digest,
                model.modified_at,
                getattr(model.details, "parameter_size", None),
                getattr(model.details, "quantization_level", None),
                getattr(model.details, "family", None),
            )
            for model in (await self._client.list()).models
        ]

    async def show(self, name: str) -> ModelDetails:
        """All that the server tells of a model."""
        shown = await self._client.show(name)
        return ModelDetails(
            name,
            window_of(shown.modelinfo),
            tuple(shown.capabilities or ()),
            shown.template,
            shown.parameters,
            shown.license,
            shown.modelfile,
        )

    async def ps(self) -> Sequence[LoadedModel]:
        """The models in memory."""
        return [
            LoadedModel(
                model.name or model.model or "",
                model.size,
                model.size_vram,
                model.expires_at,
                model.context_length,
            )
            for model in (await self._client.ps()).models
        ]

    async def pull(self, name: str) -> AsyncGenerator[Progress, None]:
        """Download a model; a connection that breaks on the way is made again a few times."""
        delays = iter(PULL_DELAYS)
        begun = False
        while True:
            try:
                async with aclosing(self._progress("/api/pull", {"model": name, "stream": True})) as reports:
                    async for progress in reports:
                        begun = True
                        yield progress
                return
            except OverloadedError:
                raise
            except EndpointError:
                delay = next(delays, None) if begun else None
                if delay is None:
                    raise
                await asyncio.sleep(delay)

    async def create(self, name: str, modelfile: Modelfile) -> AsyncGenerator[Progress, None]:
        """Make a model as a Modelfile says; the files it names are uploaded where the server does not have them."""
        body = _create_body(name, modelfile)
        for key, file in (("files", modelfile.base_file), ("adapters", modelfile.adapter_file)):
            if file is None:
                continue
            size = file.stat().st_size
            yield Progress(f"reading {file.name}", 0, size)
            digest = await asyncio.to_thread(_digest, file)
            if not await self._client.has_blob(digest):
                yield Progress(f"sending {file.name}", 0, size)
                await self._client.send_blob(digest, _parts(file))
            yield Progress(f"sent {file.name}", size, size)
            body[key] = {file.name: digest}
        async with aclosing(self._progress("/api/create", body)) as reports:
            async for progress in reports:
                yield progress

    async def copy(self, source: str, destination: str) -> None:
        """Give a model a second name."""
        await self._client.copy(source, destination)

    async def delete(self, name: str) -> None:
        """Delete a model."""
        await self._client.delete(name)

    async def unload(self, name: str) -> None:
        """Take a model out of memory."""
        await self._client.generate(name, keep_alive=0)

    async def _progress(self, path: str, body: Mapping[str, Any]) -> AsyncGenerator[Progress, None]:
        """What the server reports until it says that all is done."""
        status = ""
        async with aclosing(self._client.lines(path, body)) as lines:
            async for line in lines:
                status = str(line.get("status", ""))
                yield Progress(status, line.get("completed"), line.get("total"))
        if status != "success":
            raise EndpointError(
                f"Ollama closed the connection before `{body['model']}` was done: it was at `{status}`."
            )


def _create_body(name: str, modelfile: Modelfile) -> dict[str, Any]:
    """The body of /api/create but for the files."""
    given = {
        "from": None if modelfile.base_file else modelfile.base,
        "template": modelfile.template,
        "system": modelfile.system,
        "renderer": modelfile.renderer,
        "parser": modelfile.parser,
        "requires": modelfile.requires,
        "license": modelfile.licenses or None,
        "parameters": dict(modelfile.parameters) or None,
        "messages": [{"role": role, "content": text} for role, text in modelfile.messages] or None,
    }
    return {"model": name, "stream": True, **{key: value for key, value in given.items() if value is not None}}


def _digest(file: Path) -> str:
    """The file's SHA-256 as Ollama writes it."""
    try:
        with file.open("rb") as stream:
            return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
    except OSError as error:
        raise UsageError(f"{file}: cannot be read: {error.strerror}.") from None


async def _parts(file: Path) -> AsyncIterator[bytes]:
    """The file in parts, read off the event loop: gigabytes are never in memory at once."""
    with file.open("rb") as stream:
        while part := await asyncio.to_thread(stream.read, _PART):
            yield part
