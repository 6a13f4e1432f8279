"""`gleanery prompt`: exactly what a model would be told, before anything is sent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gleanery.errors import UsageError

if TYPE_CHECKING:
    from gleanery.tasks.records import Record


@click.command()
@click.argument("task")
@click.argument("input")
@click.option("--field", help="The CSV column or JSONL key that holds the text, if INPUT is a file.")
@click.option("--shots", type=click.IntRange(min=0), help="Examples to show; default: that of the settings.")
@click.option("--json", "as_json", is_flag=True, help="Print the messages and the schema as JSON.")
def prompt(task: str, input: str, field: str | None, shots: int | None, as_json: bool) -> None:
    """Show the messages that ask a chat model for TASK's answer to INPUT. Nothing is sent.

    INPUT is a text, a file of records (its first one is taken), or - for standard input.

    \b
    gleanery prompt bibliography "Darwin, C. (1859). On the origin of species. London: Murray."
    gleanery prompt bibliography refs.txt
    """
    from gleanery.settings import load_settings
    from gleanery.tasks.conversation import Conversation
    from gleanery.tasks.declarations import load_task
    from gleanery.tasks.schemas import load_schema

    declared = load_task(task)
    if declared.kind == "agent":
        raise UsageError(
            f"Task `{task}` is an agent's: its messages come about in conversation. After a run, see "
            "`gleanery show FILE.jsonl:ID --wire`."
        )
    schema = load_schema(declared)
    settings = load_settings(overrides={"shots": shots})
    turns = Conversation(declared, schema, shots=settings.shots).turns(_record(input, field))
    if as_json:
        messages = [{"role": turn.role, "content": turn.text} for turn in turns]
        click.echo(json.dumps({"messages": messages, "schema": schema.json_schema}, ensure_ascii=False, indent=2))
        return
    for number, turn in enumerate(turns):
        click.echo(("\n" if number else "") + click.style(f"--- {turn.role}", bold=True) + f"\n\n{turn.text}")


def _record(text: str, field: str | None) -> Record:
    """The record that the argument means."""
    from gleanery.tasks.records import Record
    from gleanery.tasks.sources import read_source

    if text != "-" and not _is_file(text):
        return Record("r-1", 1, text)
    record = next(iter(read_source(text, field=field)), None)
    if record is None:
        raise UsageError(f"{text} has no record.")
    return record


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # a text too long for a name, or with a null character
        return False
