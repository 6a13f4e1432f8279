"""Tools of MCP servers: programs that the settings name, each a process of its own for one job."""

from __future__ import annotations

import asyncio
import logging
import os
import shlex
import sys
import tempfile
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from pydantic import BaseModel

from gleanery.errors import SettingsError, UsageError
from gleanery.tasks.nearest import did_you_mean
from gleanery.tools.options import McpServer
from gleanery.tools.tool import NAME, SECONDS, Tool, as_text

if TYPE_CHECKING:
    from mcp import ClientSession
    from mcp.types import CallToolResult
    from mcp.types import Tool as OfServer

_TIED = Path(__file__).with_name("tied.py")
_START = 60.0
"""Seconds that a server may take until it has said what tools it has: it may have to be downloaded first."""
_TOLD = 4096
"""Bytes at the end of what a server writes on standard error that are looked at."""


class _Arguments(BaseModel):
    """Any: what a server takes is said by its schema."""


@dataclass(frozen=True, slots=True)
class McpTool(Tool):
    """A tool of an MCP server, which says itself what it takes."""

    input_schema: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its arguments, as the server gives it."""
        return dict(self.input_schema)

    def accept(self, arguments: Any) -> dict[str, Any]:
        """The arguments, as one; UsageError says what is wrong with which. Nothing is fetched."""
        from jsonschema import Draft202012Validator
        from referencing import Registry

        registry: Registry[Any] = Registry()
        wrong = "; ".join(
            f"{'.'.join(map(str, error.path)) or 'arguments'}: {error.message}"
            for error in Draft202012Validator(self.input_schema, registry=registry).iter_errors(arguments)
        )
        if wrong:
            raise UsageError(f"{wrong}. Call {self.name} again with arguments that fit its schema.")
        return {"arguments": arguments}


def server_of(tool: str, servers: Collection[str]) -> str | None:
    """The server, of these, whose tool has this name: what stands before the first `_`."""
    name = tool.partition("_")[0]
    return name if "_" in tool and name in servers else None


class McpServers:
    """The servers of a job, each started when a tool of it is first wanted. Belongs to one event loop."""

    def __init__(self, servers: Mapping[str, McpServer]) -> None:
        self._servers = servers
        self._going: dict[str, _Connection] = {}

    async def tools(self, names: Iterable[str]) -> dict[str, Tool]:
        """The tools of these names, which are the servers'; other names are left out.

        SettingsError where a server does not start, UsageError where it has no such tool.
        """
        found: dict[str, Tool] = {}
        for name in names:
            server = server_of(name, self._servers)
            if server is None:
                continue
            if server not in self._going:
                connection = _Connection(server, self._servers[server])
                await connection.start()
                self._going[server] = connection
            there = self._going[server].tools
            if name not in there:
                known = f" It has: {', '.join(sorted(there))}." if there else " It has none."
                near = did_you_mean(name, there)
                raise UsageError(f"The MCP server `{server}` has no tool for `{name}`.{near}{known}")
            found[name] = there[name]
        return found

    async def aclose(self) -> None:
        """End the servers."""
        going, self._going = self._going, {}
        await asyncio.gather(*(connection.aclose() for connection in going.values()))


class _Connection:
    """A server's process and the conversation with it, in a task of their own."""

    def __init__(self, name: str, server: McpServer) -> None:
        self._name, self._server = name, server
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._enough = asyncio.Event()
        self._session: ClientSession | None = None
        self._life: asyncio.Task[None] | None = None
        self._said = ""
        self.tools: dict[str, Tool] = {}

    async def start(self) -> None:
        """Start it, and find out what tools it has; SettingsError where that does not come about."""
        self._life = asyncio.create_task(self._live())
        waiting = {self._ready, self._life}
        try:
            await asyncio.wait(waiting, timeout=_START, return_when=asyncio.FIRST_COMPLETED)
        finally:
            late = not self._life.done()
            if not self._ready.done():
                await self.aclose()
        if not self._ready.done():
            raise self._error(f"did not say within {_START:g} seconds what it has." if late else "does not start.")

    async def aclose(self) -> None:
        """End the process: it is asked to, and then made to."""
        self._enough.set()
        if self._life is not None:
            if not self._ready.done():
                self._life.cancel()
            await asyncio.wait({self._life})

    def call(self, tool: str, seconds: float, arguments: dict[str, Any]) -> str:
        """What the server answers, as text; UsageError where it says that the call failed, or has ended.

        To be called on another thread than the event loop's.
        """
        calling = self._call(tool, seconds, arguments)
        try:
            return asyncio.run_coroutine_threadsafe(calling, self._loop).result()
        except RuntimeError:  # the loop is closed: the job is over
            calling.close()
            raise UsageError(self._ended()) from None

    async def _call(self, tool: str, seconds: float, arguments: dict[str, Any]) -> str:
        assert self._session is not None and self._life is not None
        if self._life.done():
            raise UsageError(self._ended())
        limit = timedelta(seconds=seconds + 1)  # the toolbox has given it up by then
        asking = asyncio.create_task(self._session.call_tool(tool, arguments, limit))
        try:
            await asyncio.wait({asking, self._life}, return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise UsageError(self._ended())
            return _text(asking.result())
        except UsageError:
            raise
        except Exception as error:
            await asyncio.wait({self._life}, timeout=0.1)
            raise UsageError(self._ended() if self._life.done() else f"{self._name}_{tool} failed: {error}") from None
        finally:
            asking.cancel()

    async def _live(self) -> None:
        """Keep the process and the conversation until it is enough, or the process ends."""
        from mcp import ClientSession, StdioServerParameters
        from mcp.client.stdio import stdio_client

        _hush()
        tied = ["-I", "-S", str(_TIED), str(os.getpid())]
        how = StdioServerParameters(
            command=sys.executable, args=[*tied, *self._server.command], cwd=self._server.folder
        )
        with tempfile.TemporaryFile() as errors:
            try:
                async with stdio_client(how, errlog=errors) as (reading, writing):  # type: ignore[arg-type]
                    until_its_end: Any = _Watched(reading, self._enough)
                    async with ClientSession(until_its_end, writing) as session:
                        await session.initialize()
                        self._session = session
                        self.tools = {tool.name: tool for tool in await self._offered(session)}
                        self._ready.set_result(None)
                        await self._enough.wait()
            except Exception:
                pass  # whoever waits for it is told by what the process said
            finally:
                self._said = _last_line(errors)

    async def _offered(self, session: ClientSession) -> list[Tool]:
        tools: list[Tool] = []
        cursor: str | None = None
        while True:
            page = await session.list_tools(cursor)
            tools += [self._tool(tool) for tool in page.tools if NAME.fullmatch(f"{self._name}_{tool.name}")]
            if not (cursor := page.nextCursor):
                return tools

    def _tool(self, tool: OfServer) -> Tool:
        called = tool.name
        return McpTool(
            name=f"{self._name}_{called}",
            description=" ".join((tool.description or called).split()),
            arguments=_Arguments,
            function=lambda arguments: self.call(called, SECONDS, arguments),
            permission=self._server.permission,
            input_schema=tool.inputSchema,
        )

    def _error(self, what: str) -> SettingsError:
        command = shlex.join(self._server.command)
        message = f"the MCP server {what}{self._last_words} Try its command by itself: {command}"
        return SettingsError(message, file=self._server.file or "settings", key=f"tools.mcp.{self._name}.command")

    def _ended(self) -> str:
        gone = f"The MCP server `{self._name}` has ended.{self._last_words}"
        return f"{gone} Its tools cannot be had any more. Go on without them."

    @property
    def _last_words(self) -> str:
        return f" It last said: {self._said.rstrip('.')}." if self._said else ""


class _Watched:
    """The stream of what a server says, with an event that is set at its end."""

    def __init__(self, stream: Any, over: asyncio.Event) -> None:
        self._stream, self._over = stream, over

    async def __aenter__(self) -> _Watched:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stream.__aexit__(kind, error, trace)

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            async for message in self._stream:
                yield message
        finally:
            self._over.set()


def _hush() -> None:
    """Keep what the library logs, which holds what servers say, off the terminal: where nobody has set up logging,
    Python prints it, and logging by the module sets that up."""
    from mcp.shared import session

    logger = logging.getLogger("mcp")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    vars(session)["logging"] = logger


def _text(answer: CallToolResult) -> str:
    """An answer as a model is shown it; UsageError where it says that the call failed."""
    parts = [part.text if part.type == "text" else f"[{part.type}, which cannot be shown]" for part in answer.content]
    text = "\n".join(parts)
    if not parts and answer.structuredContent is not None:
        text = as_text(answer.structuredContent)
    if answer.isError:
        raise UsageError(text or "The tool failed, and does not say why.")
    return text


def _last_line(errors: IO[bytes]) -> str:
    errors.seek(max(0, errors.seek(0, os.SEEK_END) - _TOLD))
    lines = errors.read().decode("utf-8", "replace").strip().splitlines()
    return "".join(c if c.isprintable() else " " for c in lines[-1]).strip() if lines else ""
