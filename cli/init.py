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
models: {models}
accept: 0.9                   # the confidence, 0 to 1, from which an answer is taken
prompt: |
  {prompt}

  {{{{ source }}}}
examples: examples.jsonl
"""

_REFERENCE = {
    "output": "schema:Reference      # the class in schema.py",
    "models": "[embedded/references, default]   # in order; `default` is the chat model of the settings",
    "prompt": "Take the reference string below apart into its fields. Leave out what it does not say.",
}
_ONE_LINE = {
    "models": "[default]             # in order; `default` is that of the settings, or the only one of Ollama",
    "prompt": "Read the text below and return the fields that it states. Leave out what it does not say.",
}

_GENERATE = """\
name: {name}
summary: Say in one sentence what this task writes.
kind: generate                # extract | generate | agent
output: text                  # or fields in one line, schema:Class, a JSON Schema file
models: [default]             # each of them writes; `default` is that of the settings, or the only one of Ollama
temperature: 0.8              # at 0 every sample of a prompt is the same
seeds: [1]                    # each prompt is written with each; the same seed asks the same again
samples: 1                    # so many for each prompt, model and seed
prompts:                      # with {{{{ source }}}} or {{{{ column }}}} in one, it wants a source
  - Write two sentences about the sea in winter.
  - Write two sentences about a harbour at night.
checks:
  - length: {{min_words: 8, max_words: 60}}
  - checks.py:two_sentences   # or a pattern: '^[A-Z]'
  - duplicates: 0.9           # almost the same as an earlier answer of the batch
"""

_CHECKS = '''\
"""What an answer of `{name}` must be."""


def two_sentences(output):
    """None where it is right, else a sentence, which the model is told."""
    count = sum(output.count(end) for end in ".!?")
    return None if count == 2 else f"There are {{count}} sentences, and must be 2."
'''

_SCHEMA = '''\
"""What `{name}` returns: a reference in CSL terms, which the embedded specialist answers with."""

from gleanery.tasks.references.reference import Reference

__all__ = ["Reference"]
'''

_SAMPLES: dict[str, Any] = {"string": "text", "integer": 7, "number": 2.5, "boolean": True, "date": "2024-01-31"}


@click.command()
@click.argument("name")
@click.option("--output", metavar="FIELDS", help='Its fields in one line, like "title, year int", for a chat model.')
@click.option("--kind", type=click.Choice(["extract", "generate"]), default="extract", show_default=True,
              help="Whether it reads what is there, or writes what is not.")  # fmt: skip
def init(name: str, output: str | None, kind: str) -> None:
    """Make a new task in ./tasks/NAME: one that parses references, with --output one of your own fields, or one that
    writes."""
    _check_name(name)
    if kind == "generate":
        if output is not None:
            raise UsageError("--output is for tasks that extract. Make the task, and edit its `output`.")
        files = {"task.yaml": _GENERATE.format(name=name), "checks.py": _CHECKS.format(name=name)}
    else:
        files = _reference_files(name) if output is None else _one_line_files(name, output)
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
    if kind == "generate":
        click.echo(f"It runs as it is: gleanery generate {name} -o {name}.jsonl", err=True)
    elif output is None:
        click.echo(f"It runs as it is: gleanery run {name} FILE", err=True)
    else:
        click.echo(
            f"Next: put an example of your own into {folder / 'examples.jsonl'}, since models are shown it; "
            f"see what a model is told: gleanery prompt {name} TEXT; and run it: gleanery run {name} FILE",
            err=True,
        )


def _check_name(name: str) -> None:
    from gleanery.tasks.declarations import NAME

    if not NAME.fullmatch(name):
        raise UsageError(f"`{name}` is no task name: use lower-case letters, digits and `-`, and start with a letter.")


def _reference_files(name: str) -> dict[str, str]:
    example = {
        "input": "Darwin, C. (1859). On the Origin of Species. London: Murray.",
        "output": {
            "type": "book",
            "author": [{"family": "Darwin", "given": "C."}],
            "issued": {"date-parts": [[1859]]},
            "title": "On the Origin of Species",
            "publisher-place": "London",
            "publisher": "Murray",
        },
    }
    return {
        "task.yaml": _TASK.format(name=name, **_REFERENCE),
        "schema.py": _SCHEMA.format(name=name),
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
        "task.yaml": _TASK.format(name=name, output=quoted, **_ONE_LINE),
        "examples.jsonl": _line({"input": text, "output": values}),
    }


def _sample(schema: dict[str, Any]) -> Any:
    types = schema["type"]
    kind = types[0] if isinstance(types, list) else types
    return [_sample(schema["items"])] if kind == "array" else _SAMPLES[schema.get("format") or kind]


def _line(example: dict[str, Any]) -> str:
    return json.dumps(example, ensure_ascii=False) + "\n"
