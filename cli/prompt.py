"""`gleanery prompt`: exactly what a model would be told, before anything is sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gleanery.cli.printing import print_json
from gleanery.errors import UsageError

if TYPE_CHECKING:
    from gleanery.agents.declarations import AgentDeclaration
    from gleanery.tasks.declarations import Task
    from gleanery.tasks.records import Record
    from gleanery.tasks.schemas import Schema
    from gleanery.tools.options import ToolOptions


@click.command()
@click.argument("task")
@click.argument("input")
@click.option("--field", help="The CSV column or JSONL key that holds the text, if INPUT is a file.")
@click.option("--shots", type=click.IntRange(min=0), help="Examples to show; default: that of the settings.")
@click.option("--json", "as_json", is_flag=True, help="Print the messages and the schema as JSON.")
def prompt(task: str, input: str, field: str | None, shots: int | None, as_json: bool) -> None:
    """Show the messages that ask a chat model for TASK's answer to INPUT. Nothing is sent.

    INPUT is a text, a file of records (its first one is taken), or - for standard input. A model that is asked after
    another is also told what that one answered and was unsure of: see `gleanery show FILE.jsonl:ID --wire`. Of an
    agent's conversation the first request is shown, for a model that calls tools.

    \b
    gleanery prompt bibliography "Darwin, C. (1859). On the origin of species. London: Murray."
    gleanery prompt bibliography refs.txt
    """
    from gleanery.settings import load_settings
    from gleanery.tasks.conversation import Conversation
    from gleanery.tasks.declarations import load_task
    from gleanery.tasks.schemas import load_schema

    declared = load_task(task)
    schema = load_schema(declared)
    if declared.kind == "agent":
        _show_first_request(declared, schema, _record(input, field), as_json)
        return
    settings = load_settings(overrides={"shots": shots})
    turns = Conversation(declared, schema, shots=settings.shots).turns(_record(input, field))
    if as_json:
        messages = [{"role": turn.role, "content": turn.text} for turn in turns]
        print_json({"messages": messages, "schema": schema.json_schema})
        return
    _show_parts((turn.role, turn.text) for turn in turns)


def _show_first_request(task: Task, schema: Schema, record: Record, as_json: bool) -> None:
    """Print what an agent asks its model first, with all that CrewAI adds; the rest comes about in conversation."""
    from gleanery.agents.crew import first_request
    from gleanery.agents.toolboxes import toolboxes
    from gleanery.settings import load_settings
    from gleanery.tools.log import ToolLog

    options = load_settings().tools
    agent = asyncio.run(_agent_of(task, options))
    offered = toolboxes(agent, options)(ToolLog()).offered
    request = first_request(task, schema, agent, record, offered)
    tools = [asdict(tool) for tool in request.tools]
    if as_json:
        print_json({"messages": [message.as_json() for message in request.messages], "tools": tools})
        return
    parts: list[tuple[str, str]] = [(message.role, message.content) for message in request.messages]
    parts += [(f"tool {tool['name']}", json.dumps(tool, ensure_ascii=False, indent=2)) for tool in tools]
    _show_parts(parts)


async def _agent_of(task: Task, options: ToolOptions) -> AgentDeclaration:
    """The task's agent; MCP servers are started to know what tools it has of them."""
    from gleanery.agents.declarations import agent_of, with_tools_of
    from gleanery.tools.mcp import McpServers

    servers = McpServers(options.mcp)
    try:
        return await with_tools_of(servers, agent_of(task, servers=options.mcp))
    finally:
        await servers.aclose()


def _show_parts(parts: Iterable[tuple[str, str]]) -> None:
    for number, (name, text) in enumerate(parts):
        click.echo(("\n" if number else "") + click.style(f"--- {name}", bold=True) + f"\n\n{text}")


def _record(text: str, field: str | None) -> Record:
    """The record that the argument means."""
    from gleanery.tasks.records import Record
    from gleanery.tasks.sources import read_source

    if text != "-" and not _is_file(text):
        return Record("r-1", 1, text)
    record = next(iter(read_source(text, field=field)), None)
    if record is None:
        raise UsageError(f"{text} has no record.")
    for issue in record.issues:
        click.echo(f"Note: {issue.message}", err=True)
    return record


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # a text too long for a name, or with a null character
        return False
