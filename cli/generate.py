"""`gleanery generate`: what a task's prompts ask for, written by several models, with several seeds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from gleanery.errors import UsageError

if TYPE_CHECKING:
    from gleanery.tasks.declarations import Task

_OF_RUN = {"accept": None, "blocks": False, "model": None, "processes": 1, "date": None}
"""Options of `run` that this command has not."""


@click.command(
    epilog="Exit codes: 0 nothing failed (records in review are reported), 1 the output cannot be written, "
    "2 wrong usage, 3 no model, 4 some records failed (with --fail-on review: or are in review), 130 interrupted."
)
@click.argument("task")
@click.argument("source", type=click.Path(), required=False)
@click.option("-n", "--samples", type=click.IntRange(min=1), help="Samples for each prompt, model and seed.  "
              "[default: those of the task]")  # fmt: skip
@click.option("--models", metavar="PROVIDER/NAME,...", help="Use these models instead of the task's, each for all.")
@click.option("--seeds", metavar="NUMBER,...", help="Use these seeds instead of the task's.")
@click.option("--duplicates", type=click.FloatRange(0, 1, min_open=True), metavar="LIKENESS",
              help="Mark answers that are so much like an earlier one, 0 to 1; 0.9 is almost the same.  "
              "[default: that of the task]")  # fmt: skip
@click.option("-o", "--output", type=click.Path(), help="Write here: .jsonl, .csv or .tsv.")
@click.option("--format", "format_name", help="The output's format, when its extension does not say.")
@click.option("--input-format", type=click.Choice(["auto", "text", "blocks", "jsonl", "csv"]), default="auto",
              show_default=True, help="How to read SOURCE; auto goes by its extension.")  # fmt: skip
@click.option("--field", help="The CSV column or JSONL key that holds the text; the others are carried along.")
@click.option("--limit", type=click.IntRange(min=1), help="Take so many records of SOURCE.")
@click.option("--full", is_flag=True, help="JSONL with attempts, usage in tokens, timing and cached.")
@click.option("--json", "as_json", is_flag=True, help="JSONL on standard output even on a terminal; with -o, the "
              "summary as JSON.")  # fmt: skip
@click.option("--wire", type=click.Choice(["full", "failures", "off"]), help="Which exchanges with models to keep "
              "in FILE.wire.jsonl beside the output.  [default: that of the settings, full]")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--fail-on", type=click.Choice(["failed", "review"]), default="failed", show_default=True,
              help="What makes the exit code 4.")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary.")
def generate(task: str, source: str | None, **options: Any) -> None:
    """Write what TASK's prompts ask for, each for every model and seed, so many samples each.

    With SOURCE, a file of records or -, all of that for each record. What is written says its prompt, model, seed and
    sample; the same ones ask the same again. What is interrupted goes on with: gleanery run --resume

    \b
    gleanery generate haiku -n 20 -o haiku.jsonl
    gleanery generate haiku --models ollama/qwen3:4b,ollama/gemma3:4b --seeds 1,2,3 -o haiku.csv
    gleanery generate summarize reports.jsonl -o summaries.jsonl
    """
    from gleanery.cli.run import perform
    from gleanery.tasks.declarations import load_task

    declared = _as_asked(load_task(task), options)
    perform(declared, source, {**_OF_RUN, **options})


def _as_asked(task: Task, options: dict[str, Any]) -> Task:
    """The task with the samples, models and seeds that the options say."""
    if task.generation is None:
        raise UsageError(f"Task `{task.name}` is of kind `{task.kind}`, and does not generate. Use `gleanery run`.")
    generation = task.generation
    if options["samples"]:
        generation = replace(generation, samples=options["samples"])
    if options["seeds"]:
        generation = replace(generation, seeds=tuple(dict.fromkeys(map(_seed, _listed("seeds", options)))))
    models = tuple(dict.fromkeys(_listed("models", options))) if options["models"] else task.models
    return replace(task, generation=generation, models=models)


def _listed(name: str, options: dict[str, Any]) -> list[str]:
    listed = [item.strip() for item in options[name].split(",") if item.strip()]
    if not listed:
        raise UsageError(f"--{name} is empty: separate several by commas.")
    return listed


def _seed(text: str) -> int:
    if text.isdecimal():
        return int(text)
    raise UsageError(f"`{text}` is no seed: give whole numbers, 0 or more, separated by commas.")
