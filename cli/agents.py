"""`gleanery agents`, and what `gleanery show` says of one: who there is to perform tasks, and what each may do.

Runs nothing of a project: its own tools are known here by their names alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gleanery.cli.printing import print_json, print_table
from gleanery.errors import DeclarationError

if TYPE_CHECKING:
    from gleanery.agents.declarations import AgentDeclaration
    from gleanery.tools.options import ToolOptions
    from gleanery.tools.permissions import Permission
    from gleanery.tools.tool import Tool

PREFIX = "agent:"
"""Before a name, so that no task of that name is meant."""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array instead of a table.")
def agents(as_json: bool) -> None:
    """List the agents of this folder and the built-in ones, with what their tools may do under your settings."""
    from gleanery.agents.declarations import find_agents

    found = find_agents()
    errors = [agent for agent in found if isinstance(agent, DeclarationError)]
    good = [agent for agent in found if not isinstance(agent, DeclarationError)]
    known, granted = _library(), _granted()
    if as_json:
        print_json(
            [
                {
                    "name": agent.name,
                    "role": agent.role,
                    "tools": {name: _permission(agent, name, known, granted) for name in agent.permissions},
                    "where": where(agent.file),
                }
                for agent in good
            ]
        )
    elif good:
        rows = [(agent.name, agent.role, _tools_of(agent, known, granted), where(agent.file)) for agent in good]
        print_table(("name", "role", "tools", "where"), rows)
    for error in errors:
        click.echo(f"Error: {error}", err=True)
    if errors and not good:
        raise SystemExit(DeclarationError.exit_code)


def show_agent(name: str, *, as_json: bool) -> None:
    """Print what an agent declares, with its tools; UsageError where there is none of that name."""
    from gleanery.agents.declarations import find_agent

    agent = find_agent(name)
    known, granted = _library(), _granted()
    tools = [
        {"name": tool, "permission": _permission(agent, tool, known, granted), "description": _description(tool, known)}
        for tool in agent.permissions
    ]
    if as_json:
        print_json(_as_json(agent, tools))
        return
    click.echo(f"{click.style(agent.name, bold=True)}: {agent.role}\n")
    for key, value in _facts(agent).items():
        click.echo(f"{key:<10} {value}")
    for title, text in (("Goal", agent.goal), ("Backstory", agent.backstory)):
        click.echo(f"\n{click.style(title, bold=True)}\n\n{text}")
    if tools:
        click.echo(f"\n{click.style('Tools', bold=True)}\n")
        print_table(
            ("name", "permission", "description"),
            [(str(tool["name"]), tool["permission"] or "its own", tool["description"] or "") for tool in tools],
        )


def known_agents() -> list[str]:
    """The names of the agents there are; none where CrewAI's file is broken, which `gleanery agents` tells."""
    from gleanery.agents.declarations import agent_names

    try:
        return agent_names()
    except DeclarationError:
        return []


def where(file: Path) -> str:
    """Where a declaration is from, in a word."""
    from gleanery.agents.declarations import LIBRARY

    if file.is_relative_to(LIBRARY):
        return "built-in"
    return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)


def _as_json(agent: AgentDeclaration, tools: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": agent.name,
        "role": agent.role,
        "goal": agent.goal,
        "backstory": agent.backstory,
        "tools": tools,
        "required_tools": agent.required_tools,
        "models": agent.models,
        "limits": _limits(agent),
        "at_limit": agent.at_limit,
        "ignored": agent.ignored,
        "file": str(agent.file),
    }


def _limits(agent: AgentDeclaration) -> dict[str, float | None]:
    limits = {"seconds": agent.seconds, "tokens": agent.tokens, "tool_calls": agent.tool_calls}
    return {"steps": agent.steps, **limits}


def _facts(agent: AgentDeclaration) -> dict[str, str]:
    limits = (f"{name.replace('_', ' ')} {most:g}" for name, most in _limits(agent).items() if most is not None)
    facts = {
        "models": ", ".join(agent.models) or "those of its task",
        "limits": ", ".join(limits),
        "at limit": {"answer": "it must answer with what it has", "fail": "the record fails"}[agent.at_limit],
    }
    if agent.required_tools:
        facts["must call"] = ", ".join(agent.required_tools)
    if agent.ignored:
        facts["ignored"] = ", ".join(agent.ignored)
    return {**facts, "file": where(agent.file)}


def _tools_of(agent: AgentDeclaration, known: Mapping[str, Tool], granted: ToolOptions) -> str:
    """Its tools, each with its permission unless it is simply allowed."""
    held = {name: _permission(agent, name, known, granted) for name in agent.permissions}
    return ", ".join(name if held in ("allow", None) else f"{name} ({held})" for name, held in held.items())


def _permission(
    agent: AgentDeclaration, name: str, known: Mapping[str, Tool], granted: ToolOptions
) -> Permission | None:
    """What holds for its tool; None where only the tool itself says it, which is the project's and is not run."""
    from gleanery.tools.mcp import server_of
    from gleanery.tools.permissions import permission_of, stricter

    said, given = agent.permissions[name], granted.permissions.get(name)
    if name in known:
        return permission_of(known[name], said, given)
    if given is None and (server := server_of(name, granted.mcp)):
        given = granted.mcp[server].permission
    if given is None or given == "allow":
        return given or said
    return stricter(given, said or given)


def _description(name: str, known: Mapping[str, Tool]) -> str | None:
    return " ".join(known[name].description.split()) if name in known else None


def _library() -> Mapping[str, Tool]:
    from gleanery.tools.finding import library_tools

    return library_tools()


def _granted() -> ToolOptions:
    """What the user's settings say of tools."""
    from gleanery.settings import load_settings

    return load_settings().tools
