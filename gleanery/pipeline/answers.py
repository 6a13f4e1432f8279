"""What the tools of a pipeline said: kept in a file, so that no call is made twice."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from gleanery.errors import UsageError
from gleanery.pipeline.steps import ToolStep
from gleanery.tasks.exports.jsonl import json_bytes
from gleanery.tools.finding import find_tools
from gleanery.tools.network import Network
from gleanery.tools.permissions import permission_of
from gleanery.tools.tool import Tool
from gleanery.tools.toolbox import Toolbox

if TYPE_CHECKING:
    from gleanery.settings import Settings

FILE = "answers.jsonl"


class Answers:
    """The tools of a run of a pipeline and their answers, in `folder`. Used by several threads.

    Nobody is asked for leave: a tool is called where the user's settings or its author allow it.
    """

    def __init__(self, folder: Path, settings: Settings) -> None:
        said = settings.tools
        self._tools = find_tools(Path.cwd())
        leave = {name: permission_of(tool, None, said.permissions.get(name)) for name, tool in self._tools.items()}
        self._toolbox = Toolbox(
            self._tools.values(),
            workspace=said.workspace,
            permissions=leave,
            network=Network(said.hosts, said.crossref),
        )
        self._lock = threading.Lock()
        self._places: dict[bytes, tuple[int, int]] = {}
        self._descriptor = os.open(folder / FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._end = self._read()

    def __call__(self, step: ToolStep, arguments: Mapping[str, Any]) -> Any:
        """What a tool returns for these arguments; UsageError with what it told where it failed."""
        given = json_bytes(dict(sorted(arguments.items())))
        key = hashlib.sha256(step.tool.encode() + b"\0" + given).digest()
        with self._lock:
            if key not in self._places:
                self._keep(key, self._toolbox.call(step.tool, given.decode()))
            start, length = self._places[key]
            said: str = orjson.loads(os.pread(self._descriptor, length, start))["said"]
        if said.startswith("Error: "):
            raise UsageError(said.removeprefix("Error: "))
        return _value(said, self._tools[step.tool])

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def _keep(self, key: bytes, said: str) -> None:
        line = orjson.dumps({"key": key.hex(), "said": said}) + b"\n"
        os.pwrite(self._descriptor, line, self._end)
        self._places[key] = (self._end, len(line))
        self._end += len(line)

    def _read(self) -> int:
        """Find what is kept already: where the last whole line ends."""
        end = 0
        with os.fdopen(os.dup(self._descriptor), "rb") as stream:
            for line in stream:
                if not line.endswith(b"\n"):
                    break
                self._places[bytes.fromhex(orjson.loads(line)["key"])] = (end, len(line))
                end += len(line)
        return end


def _value(said: str, tool: Tool) -> Any:
    """What was said as plain JSON: a tool whose function returns a text said that, any other one JSON."""
    if tool.function.__annotations__.get("return") in (str, "str"):
        return said
    try:
        return orjson.loads(said)
    except ValueError:  # it was cut at the tool's limit
        return said
