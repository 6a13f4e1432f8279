"""Agents as they are declared on disk, and where they are found."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from gleanery.errors import DeclarationError, UsageError
from gleanery.tasks.conversation import fill
from gleanery.tasks.declarations import read_models
from gleanery.tasks.entries import Entries, read_entries
from gleanery.tasks.nearest import did_you_mean
from gleanery.tools.permissions import PERMISSIONS, Permission
from gleanery.tools.tool import Tool

if TYPE_CHECKING:
    from gleanery.tasks.declarations import Task
    from gleanery.tasks.records import Record
    from gleanery.tools.mcp import McpServers

AtLimit = Literal["answer", "fail"]

LIBRARY = Path(__file__).parent / "library"
CREWAI = "agents.yaml"
"""The file of several agents in the form of CrewAI: see `gleanery.agents.crew_files`."""
DEFAULT_STEPS = 10
_REQUIRED = ("name", "role", "goal", "backstory")
_LIMITS = ("steps", "seconds", "tokens", "tool_calls")
_KEYS = (*_REQUIRED, "models", "tools", "required_tools", "steps", "limits", "at_limit")
_MOST_STEPS = 100


@dataclass(frozen=True, slots=True)
class AgentDeclaration:
    """Who performs a task with tools.

    `permissions` has the names of all its tools, with what the declaration says of each (None: nothing). `models` are
    addresses; none: those of the task. For one record it may ask its model so many times (`steps`), take so many
    `seconds`, use so many `tokens` (of prompts and answers) and call tools so many times (`tool_calls`); None: no
    limit. `at_limit`: what is done where one is met: it must answer with what it has, or the record fails.
    `required_tools` must have been called. `ignored` are the keys of CrewAI's form (`crewai`) that say nothing here.
    """

    name: str
    role: str
    goal: str
    backstory: str
    tools: tuple[Tool, ...]
    steps: int
    file: Path
    permissions: Mapping[str, Permission | None] = field(default_factory=dict, hash=False)
    models: tuple[str, ...] = ()
    seconds: float | None = None
    tokens: int | None = None
    tool_calls: int | None = None
    at_limit: AtLimit = "answer"
    required_tools: tuple[str, ...] = ()
    crewai: bool = False
    ignored: tuple[str, ...] = ()

    def at(self, task: Task, record: Record) -> AgentDeclaration:
        """The agent at work on a record: in CrewAI's form its texts have places for the record's columns.

        UsageError where the record lacks one of them.
        """
        if not self.crewai:
            return self
        texts = (self.role, self.goal, self.backstory)
        role, goal, backstory = (fill(text, record, task, beside=(*texts, task.prompt or "")) for text in texts)
        return replace(self, role=role, goal=goal, backstory=backstory)


_Declared = tuple[Entries, AgentDeclaration]


def load_agent(name: str, *, project: Path | None = None, servers: Collection[str] = ()) -> AgentDeclaration:
    """The agent of that name: of `project`/agents (default: the current folder), else of the built-in library. The
    tools that it names of MCP `servers` are not among its `tools`: those have to be started first.

    A project's own tools are run, if it names any. UsageError where there is no such agent, DeclarationError where it
    is declared wrongly.
    """
    project = (project or Path()).absolute()
    entries, agent = _found(name, project)
    return replace(agent, tools=_tools(entries, agent.permissions, project, servers))


def find_agent(name: str, *, project: Path | None = None) -> AgentDeclaration:
    """The agent as `load_agent` finds it, to be shown: its `tools` are left empty, and nothing of a project is run."""
    return _found(name, (project or Path()).absolute())[1]


def find_agents(project: Path | None = None) -> list[AgentDeclaration | DeclarationError]:
    """Every agent of the project (default: the current folder) and the library as `find_agent` gives it, by name; a
    wrong one as its error."""
    own = _own((project or Path()).absolute())
    found: list[AgentDeclaration | DeclarationError] = []
    crew: Entries | None = None
    try:
        crew = _crew_entries(own)
    except DeclarationError as error:
        found.append(error)
    for _, read in sorted(_readers(own, crew).items()):
        try:
            found.append(read()[1])
        except DeclarationError as error:
            found.append(error)
    return found


def agent_names(project: Path | None = None) -> list[str]:
    """The names of all agents there are; DeclarationError where CrewAI's file is no YAML."""
    own = _own((project or Path()).absolute())
    return sorted(_readers(own, _crew_entries(own)))


def agent_of(task: Task, *, servers: Collection[str] = ()) -> AgentDeclaration:
    """The agent that a task of kind `agent` names: of the project that the task is in, else as `load_agent` says."""
    assert task.agent is not None
    return load_agent(task.agent, project=_project_of(task), servers=servers)


async def with_tools_of(servers: McpServers, agent: AgentDeclaration) -> AgentDeclaration:
    """The agent with the tools that it names of MCP servers, in its own order, beside those that it has.

    SettingsError where a server does not start, UsageError where it has no such tool.
    """
    there = {tool.name: tool for tool in agent.tools}
    there |= await servers.tools(name for name in agent.permissions if name not in there)
    return replace(agent, tools=tuple(there[name] for name in agent.permissions))


def tool_files(agent: AgentDeclaration) -> dict[str, Path]:
    """The files in which a project's own tools are, by their paths in it; none where the agent names no such tool."""
    from gleanery.tools.finding import find_tools, project_files

    known = find_tools()
    if all(name in known for name in agent.permissions):
        return {}
    project = agent.file.parents[1]
    return {file.relative_to(project).as_posix(): file for file in project_files(project)}


def models_of(task: Task) -> tuple[str, ...]:
    """The models that its agent names, else the task's own. Runs nothing of a project."""
    if task.agent is None:
        return task.models
    return find_agent(task.agent, project=_project_of(task)).models or task.models


def _project_of(task: Task) -> Path | None:
    shelf = task.folder if task.crewai else task.folder.parent
    return shelf.parent if shelf.name == "tasks" else None


def _own(project: Path) -> Path:
    return project / "agents"


def _files(shelf: Path) -> dict[str, Path]:
    return {file.stem: file for file in shelf.glob("*.yaml") if file.name != CREWAI}


def _crew_entries(own: Path) -> Entries | None:
    file = own / CREWAI
    return read_entries(file, file.read_bytes()) if file.is_file() else None


def _readers(own: Path, crew: Entries | None) -> dict[str, Callable[[], _Declared]]:
    """What reads each agent, by its name: a file of its own goes before CrewAI's, and a project before the library."""
    from gleanery.agents.crew_files import read_agent

    readers = {name: partial(_read, file) for name, file in _files(LIBRARY).items()}
    if crew is not None:
        readers |= {name: partial(read_agent, crew, name, own / CREWAI) for name in crew.keys}
    return {**readers, **{name: partial(_read, file) for name, file in _files(own).items()}}


def _found(name: str, project: Path) -> _Declared:
    own = _own(project)
    readers = _readers(own, _crew_entries(own))
    if name not in readers:
        near = did_you_mean(name, readers)
        raise UsageError(f"There is no agent `{name}`.{near} There are: {', '.join(sorted(readers))}.")
    return readers[name]()


def _read(file: Path) -> _Declared:
    entries = read_entries(file, file.read_bytes())
    entries.only(_KEYS, required=_REQUIRED, later={})
    if entries.text("name") != file.stem:
        raise entries.error(
            "name", f"is `{entries.text('name')}`, but its file is {file.name}. Give both the same name."
        )
    permissions = read_tools(entries)
    limits = _limits(entries)
    return entries, AgentDeclaration(
        name=file.stem,
        role=line(entries, "role"),
        goal=line(entries, "goal"),
        backstory=line(entries, "backstory"),
        tools=(),
        steps=_steps(entries, limits),
        file=file,
        permissions=permissions,
        models=read_models(entries) if "models" in entries else (),
        seconds=_seconds(limits),
        tokens=_whole(limits, "tokens"),
        tool_calls=_whole(limits, "tool_calls"),
        at_limit=cast(AtLimit, entries.choice("at_limit", get_args(AtLimit))) if "at_limit" in entries else "answer",
        required_tools=_required_tools(entries, permissions),
    )


def line(entries: Entries, key: str) -> str:
    """The text at `key` in one line."""
    return " ".join(entries.text(key).split())


def read_tools(entries: Entries) -> dict[str, Permission | None]:
    """The names at the key `tools`, with the permission that stands beside each; none where there is no such key."""
    said = entries.marked("tools", PERMISSIONS) if "tools" in entries else ()
    return cast("dict[str, Permission | None]", dict(said))


def steps_at(entries: Entries, key: str) -> int:
    """How often an agent may ask its model, at `key`."""
    steps = entries.number(key)
    if steps != int(steps) or not 1 <= steps <= _MOST_STEPS:
        raise entries.error(key, f"must be a whole number from 1 to {_MOST_STEPS}, and is {steps:g}.")
    return int(steps)


def _tools(entries: Entries, names: Iterable[str], project: Path, servers: Collection[str]) -> tuple[Tool, ...]:
    """The tools of these names but for those of MCP servers; those of the project are run only where the others have
    not all of them."""
    from gleanery.tools.finding import find_tools
    from gleanery.tools.mcp import server_of

    known = find_tools()
    names = [name for name in names if name in known or server_of(name, servers) is None]
    if any(name not in known for name in names):
        known = find_tools(project)
    for name in names:
        if name not in known:
            raise entries.error("tools", f"there is no tool `{name}`.{did_you_mean(name, known)}")
    return tuple(known[name] for name in names)


def _required_tools(entries: Entries, permissions: Mapping[str, Permission | None]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(entries.texts("required_tools"))) if "required_tools" in entries else ()
    for name in names:
        if name not in permissions:
            near = did_you_mean(name, permissions)
            raise entries.error("required_tools", f"`{name}` is not among its `tools`.{near or ' Add it there.'}")
        if permissions[name] == "deny":
            raise entries.error("required_tools", f"`{name}` is required, and its `tools` deny it. Choose one.")
    return names


def _limits(entries: Entries) -> Entries | None:
    if "limits" not in entries:
        return None
    limits = entries.below("limits")
    limits.only(_LIMITS, required=(), later={})
    return limits


def _steps(entries: Entries, limits: Entries | None) -> int:
    """Its steps: `steps: 8` alone is short for `limits: {steps: 8}`."""
    if limits is None or "steps" not in limits:
        return steps_at(entries, "steps") if "steps" in entries else DEFAULT_STEPS
    if "steps" in entries:
        raise entries.error("steps", "stands in `limits` too. Keep one of them.")
    return steps_at(limits, "steps")


def _seconds(limits: Entries | None) -> float | None:
    if limits is None or "seconds" not in limits:
        return None
    seconds = limits.number("seconds")
    if not 0 < seconds <= 86_400:
        raise limits.error("seconds", f"must be more than 0 and at most 86400 (a day), and is {seconds:g}.")
    return seconds


def _whole(limits: Entries | None, key: str) -> int | None:
    return None if limits is None or key not in limits else limits.whole(key, 1)
