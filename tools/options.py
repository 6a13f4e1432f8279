"""What a user's settings say of tools: by whose leave, where they may reach, in which folders they work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gleanery.tools.permissions import Permission


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """See docs/settings.md, `[tools]`. `hosts` are those that tools may reach, `permissions` go by a tool's name."""

    workspace: Path | None = None
    documents: Path | None = None
    embedder: str | None = None
    hosts: tuple[str, ...] = ()
    crossref: str = "https://api.crossref.org"
    permissions: Mapping[str, Permission] = field(default_factory=dict)
