"""What a user's settings say of tools: by whose leave, where they may reach, in which folders they work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gleanery.tools.permissions import Permission


@dataclass(frozen=True, slots=True)
class McpServer:
    """An MCP server: its command, which is run in the folder of the `file` that says it (None: the current folder)."""

    command: tuple[str, ...]
    permission: Permission = "ask"
    file: Path | None = None

    @property
    def folder(self) -> Path | None:
        """Where its command is run."""
        return None if self.file is None else self.file.absolute().parent


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """See docs/settings.md, `[tools]`. `hosts` are those that tools may reach, `permissions` go by a tool's name,
    `mcp` by that of a server."""

    workspace: Path | None = None
    documents: Path | None = None
    embedder: str | None = None
    hosts: tuple[str, ...] = ()
    crossref: str = "https://api.crossref.org"
    permissions: Mapping[str, Permission] = field(default_factory=dict)
    mcp: Mapping[str, McpServer] = field(default_factory=dict)
