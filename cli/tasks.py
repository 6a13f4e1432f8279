"""`gleanery tasks` and `gleanery show`: what there is to run, and what a task, an agent, a job or a result is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gleanery.cli.agents import PREFIX, known_agents, show_agent
from gleanery.cli.job_argument import completing
from gleanery.cli.printing import print_json, print_table
from gleanery.errors import DeclarationError, UsageError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

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


def _complete(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Jobs, tasks and agents; an agent of a task's name with `agent:` before it."""
    from click.shell_completion import CompletionItem

    from gleanery.tasks.declarations import task_names

    there = task_names()
    prefixed = incomplete.startswith(PREFIX)
    agents = [f"{PREFIX}{name}" if prefixed or name in there else name for name in known_agents()]
    items = [CompletionItem(name, help="task") for name in there]
    items += [CompletionItem(name, help="agent") for name in agents]
    jobs = completing()(context, parameter, incomplete)
    return [*jobs, *(item for item in items if item.value.startswith(incomplete))]


@click.command()
@click.argument("what", shell_complete=_complete)
@click.option("--wire", is_flag=True, help="With a result: also every exchange with a model, as it crossed.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of text.")
def show(what: str, wire: bool, as_json: bool) -> None:
    """Show WHAT a task declares (a name, a folder or a YAML file), or an agent, how a job goes, or one result.

    \b
    gleanery show bibliography
    gleanery show librarian                  an agent; agent:NAME where a task has the same name
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
    elif what.startswith(PREFIX):
        show_agent(what.removeprefix(PREFIX), as_json=as_json)
    else:
        _show_declared(what, as_json)


def _show_declared(what: str, as_json: bool) -> None:
    """A task, or an agent where there is no such task."""
    from gleanery.tasks.declarations import task_names
    from gleanery.tasks.nearest import did_you_mean

    agents, there = known_agents(), task_names()
    if what in agents and what not in there:
        show_agent(what, as_json=as_json)
        return
    try:
        _show_task(what, as_json)
    except UsageError as error:
        near = did_you_mean(what, agents).replace("mean `", "mean the agent `")
        if not near or did_you_mean(what, there):
            raise
        raise UsageError(f"{error}{near}") from None
    if what in agents:
        click.echo(f"\nThere is an agent `{what}` too: gleanery show {PREFIX}{what}", err=True)


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
    import orjson

    return {
        "name": task.name,
        "summary": task.summary,
        "kind": task.kind,
        "agent": task.agent,
        "output": task.output,
        "schema": schema.json_schema,
        "grounding": task.grounding,
        "models": task.models,
        "accept": task.accept,
        "prompt": task.prompt,
        **{name: orjson.loads(orjson.dumps(getattr(task, name), default=str)) for name in ("generation", "guards")},
        "examples": len(examples),
        "file": str(task.file),
        "digest": task.digest,
    }


def _print_task(task: Task, schema: Schema, examples: Sequence[Example]) -> None:
    fields = schema.fields()
    click.echo(f"{click.style(task.name, bold=True)}: {task.summary}\n")
    facts = {
        "kind": task.kind,
        **({"agent": task.agent} if task.agent else {}),
        "output": task.output.replace("\n", ", "),
        "grounding": task.grounding,
        "models": ", ".join(task.models),
        "accept": f"{task.accept:g}",
        "examples": str(len(examples)),
        **_written(task),
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
    prompts = task.generation.prompts if task.generation else (task.prompt,) if task.prompt else ()
    for number, prompt in enumerate(prompts, 1):
        title = f"Prompt {number}" if len(prompts) > 1 else "Prompt"
        click.echo(f"\n{click.style(title, bold=True)}\n\n{prompt.rstrip()}")


def _written(task: Task) -> dict[str, str]:
    """What a generating task says besides, and whether there are guards."""
    facts: dict[str, str] = {}
    if said := task.generation:
        facts["seeds"] = ", ".join(map(str, said.seeds)) if said.seeds else "that of the settings"
        facts["samples"] = str(said.samples)
        facts["checks"] = str(len(said.checks) + (said.duplicates is not None))
    if guards := task.guards:
        facts["guards"] = f"{len(guards.input)} of the input, {len(guards.output)} of the output"
    return facts


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
