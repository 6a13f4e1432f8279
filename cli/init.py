"""`gleanery init`: a new task, ready to be shown, filled in and run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from gleanery.errors import UsageError

_TASK = """\
name: {name}
summary: Say in one sentence what this task does.
kind: extract                 # extract | generate | agent
output: {output}
grounding: require            # none | warn | require: must every value stand in the input?
models: [default]             # the models to try, in order; `default` is the one in the settings
accept: 0.9                   # the confidence, 0 to 1, from which an answer is taken
prompt: |
  Read the text below and return the fields that it states. Leave out what it does not say.

  {{{{ source }}}}
examples: examples.jsonl
"""

_SCHEMA = '''\
"""What `{name}` returns."""

from pydantic import BaseModel, Field


class {cls}(BaseModel):
    """One record."""

    title: str = Field(description="The title, as printed")
    year: int | None = Field(default=None, description="The year, in four digits")
'''

_SAMPLES: dict[str, Any] = {"string": "text", "integer": 7, "number": 2.5, "boolean": True, "date": "2024-01-31"}


@click.command()
@click.argument("name")
@click.option(
    "--output", metavar="FIELDS", help='The fields in one line, like "title, year int", instead of a schema.py.'
)
def init(name: str, output: str | None) -> None:
    """Make a new task in ./tasks/NAME."""
    _check_name(name)
    files = _one_line_files(name, output) if output is not None else _class_files(name)
    folder = Path("tasks") / name
    try:
        folder.mkdir(parents=True)
        for file, text in files.items():
            (folder / file).write_text(text, encoding="utf-8")
    except FileExistsError:
        raise UsageError(f"{folder} is already there. Choose another name, or edit what it holds.") from None
    except OSError as error:
        raise UsageError(f"{folder} cannot be made: {error.strerror}. Is this folder yours to write in?") from None
    for file in files:
        click.echo(folder / file)
    click.echo(f"Fill them in, then look at the task: gleanery show {name}", err=True)


def _check_name(name: str) -> None:
    from gleanery.tasks.declarations import NAME

    if not NAME.fullmatch(name):
        raise UsageError(f"`{name}` is no task name: use lower-case letters, digits and `-`, and start with a letter.")


def _class_files(name: str) -> dict[str, str]:
    cls = "".join(word.capitalize() for word in name.split("-"))
    example = {"input": "On the Origin of Species, 1859", "output": {"title": "On the Origin of Species", "year": 1859}}
    return {
        "task.yaml": _TASK.format(name=name, output=f"schema:{cls}"),
        "schema.py": _SCHEMA.format(name=name, cls=cls),
        "examples.jsonl": _line(example),
    }


def _one_line_files(name: str, output: str) -> dict[str, str]:
    from gleanery.tasks.one_line import parse_one_line

    properties = parse_one_line(output)["properties"]
    values = {field: _sample(schema) for field, schema in properties.items()}
    text = "; ".join(f"{field}: {json.dumps(value, ensure_ascii=False)}" for field, value in values.items())
    # A JSON string is a YAML string, whatever the text holds.
    quoted = json.dumps(output, ensure_ascii=False)
    return {
        "task.yaml": _TASK.format(name=name, output=quoted),
        "examples.jsonl": _line({"input": text, "output": values}),
    }


def _sample(schema: dict[str, Any]) -> Any:
    types = schema["type"]
    kind = types[0] if isinstance(types, list) else types
    return [_sample(schema["items"])] if kind == "array" else _SAMPLES[schema.get("format") or kind]


def _line(example: dict[str, Any]) -> str:
    return json.dumps(example, ensure_ascii=False) + "\n"
