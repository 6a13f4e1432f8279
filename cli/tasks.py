"""`gleanery tasks` and `gleanery show`: what there is to run, and what one task declares, or a job or a result is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gleanery.cli.job_argument import completing
from gleanery.cli.printing import print_json, print_table
from gleanery.errors import DeclarationError, UsageError

if TYPE_CHECKING:
    from gleanery.tasks.declarations import Task
    from gleanery.tasks.examples import Example
    from gleanery.tasks.schemas import Schema


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array instead of a table.")
def tasks(as_json: bool) -> None:
    """List the tasks of this folder and the built-in ones."""
    from gleanery.tasks.declarations import find_tasks

    found = find_tasks()
    errors = [task for task in found if isinstance(task, DeclarationError)]
    good = [task for task in found if not isinstance(task, DeclarationError)]
    rows = [(task.name, task.kind, task.summary, _where(task.file)) for task in good]
    columns = ("name", "kind", "summary", "where")
    if as_json:
        print_json([dict(zip(columns, row, strict=True)) for row in rows])
    elif rows:
        print_table(columns, rows)
    for error in errors:
        click.echo(f"Error: {error}", err=True)
    if errors and not good:
        raise SystemExit(DeclarationError.exit_code)


@click.command()
@click.argument("what", shell_complete=completing())
@click.option("--wire", is_flag=True, help="With a result: also every exchange with a model, as it crossed.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of text.")
def show(what: str, wire: bool, as_json: bool) -> None:
    """Show WHAT a task declares (a name, a folder or a YAML file), how a job goes, or one result.

    \b
    gleanery show bibliography
    gleanery show j-abc123                   a job: what it is, how it goes, why records failed
    gleanery show j-abc123:r-17              that record's result
    gleanery show j-abc123:r-17 --wire       and what was said to models for it
    gleanery show refs.jsonl:r-17            a result in a file
    """
    from gleanery.cli.results import named_result, show_result
    from gleanery.cli.show_job import named_job, show_job

    if named := named_result(what):
        show_result(*named, wire=wire, as_json=as_json)
    elif job := named_job(what):
        show_job(*job, wire=wire, as_json=as_json)
    elif wire:
        raise UsageError(
            f"`{what}` is no result. Name one as JOB:ID or FILE.jsonl:ID, such as j-abc123:r-17 or refs.jsonl:r-17."
        )
    else:
        _show_task(what, as_json)


def _show_task(task: str, as_json: bool) -> None:
    from gleanery.tasks.declarations import load_task
    from gleanery.tasks.schemas import load_schema

    declared = load_task(task)
    schema = load_schema(declared)
    examples = declared.read_examples()
    if as_json:
        print_json(_as_json(declared, schema, examples))
    else:
        _print_task(declared, schema, examples)
    _check_examples(declared, schema, examples)


def _as_json(task: Task, schema: Schema, examples: Sequence[Example]) -> dict[str, Any]:
    return {
        "name": task.name,
        "summary": task.summary,
        "kind": task.kind,
        "output": task.output,
        "schema": schema.json_schema,
        "grounding": task.grounding,
        "models": task.models,
        "accept": task.accept,
        "prompt": task.prompt,
        "examples": len(examples),
        "file": str(task.file),
        "digest": task.digest,
    }


def _print_task(task: Task, schema: Schema, examples: Sequence[Example]) -> None:
    fields = schema.fields()
    click.echo(f"{click.style(task.name, bold=True)}: {task.summary}\n")
    facts = {
        "kind": task.kind,
        "output": task.output.replace("\n", ", "),
        "grounding": task.grounding,
        "models": ", ".join(task.models),
        "accept": f"{task.accept:g}",
        "examples": str(len(examples)),
        "file": _where(task.file),
        "digest": task.digest,
    }
    for key, value in facts.items():
        click.echo(f"{key:<10} {value}")
    if fields:
        click.echo(f"\n{click.style('Fields', bold=True)}\n")
        print_table(
            ("name", "type", "required", "description"),
            [(field.name, field.type, "yes" if field.required else "", field.description) for field in fields],
        )
    if task.prompt:
        click.echo(f"\n{click.style('Prompt', bold=True)}\n\n{task.prompt.rstrip()}")


def _check_examples(task: Task, schema: Schema, examples: Sequence[Example]) -> None:
    from gleanery.tasks.schemas import InvalidOutputError

    for example in examples:
        try:
            schema.validate(example.output)
        except InvalidOutputError as error:
            file = task.examples or task.file
            message = f"does not fit the schema: {error}. Correct the example or the schema."
            raise DeclarationError(message, file=file, line=example.line, key="output") from None


def _where(file: Path) -> str:
    from gleanery.tasks.declarations import LIBRARY

    if file.is_relative_to(LIBRARY):
        return "built-in"
    return str(file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file)
