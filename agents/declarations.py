"""Agents as they are declared on disk, and where they are found."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gleanery.errors import UsageError
from gleanery.tasks.entries import Entries, read_entries
from gleanery.tasks.nearest import did_you_mean
from gleanery.tools.tool import Tool, find_tools

if TYPE_CHECKING:
    from gleanery.tasks.declarations import Task

LIBRARY = Path(__file__).parent / "library"
_REQUIRED = ("name", "role", "goal", "backstory")
_KEYS = (*_REQUIRED, "tools", "steps")
DEFAULT_STEPS = 10


@dataclass(frozen=True, slots=True)
class AgentDeclaration:
    """Who performs a task with tools. `steps` is how often it may ask its model before it must answer."""

    name: str
    role: str
    goal: str
    backstory: str
    tools: tuple[Tool, ...]
    steps: int
    file: Path


def load_agent(name: str, *, project: Path | None = None) -> AgentDeclaration:
    """The agent of that name: of `project`/agents (default: the current folder), else of the built-in library.

    UsageError where there is none, DeclarationError where it is declared wrongly.
    """
    shelves = ((project or Path()).absolute() / "agents", LIBRARY)
    files = {file.stem: file for shelf in reversed(shelves) for file in shelf.glob("*.yaml")}
    if name in files:
        return _read(files[name])
    known = sorted(files)
    raise UsageError(f"There is no agent `{name}`.{did_you_mean(name, known)} There are: {', '.join(known)}.")


def agent_of(task: Task) -> AgentDeclaration:
    """The agent that a task of kind `agent` names: of the project that the task is in, else as `load_agent` says."""
    assert task.agent is not None
    return load_agent(task.agent, project=task.folder.parents[1] if task.folder.parent.name == "tasks" else None)


def _read(file: Path) -> AgentDeclaration:
    entries = read_entries(file, file.read_bytes())
    entries.only(_KEYS, required=_REQUIRED, later={})
    if entries.text("name") != file.stem:
        raise entries.error(
            "name", f"is `{entries.text('name')}`, but its file is {file.name}. Give both the same name."
        )
    return AgentDeclaration(
        name=file.stem,
        role=_line(entries, "role"),
        goal=_line(entries, "goal"),
        backstory=_line(entries, "backstory"),
        tools=tuple(_tool(entries, name) for name in entries.texts("tools")) if "tools" in entries else (),
        steps=_steps(entries),
        file=file,
    )


def _line(entries: Entries, key: str) -> str:
    return " ".join(entries.text(key).split())


def _tool(entries: Entries, name: str) -> Tool:
    tools = find_tools()
    if name not in tools:
        raise entries.error("tools", f"there is no tool `{name}`.{did_you_mean(name, tools)}")
    return tools[name]


def _steps(entries: Entries) -> int:
    if "steps" not in entries:
        return DEFAULT_STEPS
    steps = entries.number("steps")
    if steps != int(steps) or not 1 <= steps <= 100:
        raise entries.error("steps", f"must be a whole number from 1 to 100, and is {steps:g}.")
    return int(steps)
