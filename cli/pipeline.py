"""`gleanery pipeline`: tasks one after another over a source, to a file, a pipe or the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from gleanery.cli.destination import Destination
from gleanery.cli.options import date_option
from gleanery.cli.printing import print_json
from gleanery.cli.summary import Summary

if TYPE_CHECKING:
    from gleanery.pipeline.pipeline import Pipeline
    from gleanery.tasks.records import Result


@click.group()
def pipeline() -> None:
    """Run pipelines: tasks one after another, with tools, filters, splits and joins between them."""


@pipeline.command(
    epilog="Exit codes: 0 nothing failed (records in review are reported), 1 the output cannot be written, "
    "2 wrong usage, 3 no model, 4 some records failed (with --fail-on review: or are in review), 130 interrupted."
)
@click.argument("file", type=click.Path())
@click.argument("source", type=click.Path(), required=False)
@click.option("-o", "--output", type=click.Path(), help="Write here: .jsonl, .json (CSL), .bib, .ris, .csv or .tsv.")
@click.option("--format", "format_name", help="The output's format, when its extension does not say.")
@click.option("--input-format", type=click.Choice(["auto", "text", "blocks", "jsonl", "csv"]), default="auto",
              show_default=True, help="How to read SOURCE; auto goes by its extension.")  # fmt: skip
@click.option("--field", help="The CSV column or JSONL key that holds the text; the others are carried along.")
@click.option("--limit", type=click.IntRange(min=1), help="Take so many records.")
@date_option
@click.option("--anew", is_flag=True, help="Do everything again, also what an earlier run has done.")
@click.option("--full", is_flag=True, help="JSONL with attempts, usage in tokens and timing of each last task.")
@click.option("--json", "as_json", is_flag=True, help="JSONL on standard output even on a terminal; with -o, the "
              "summary as JSON.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Show the steps, and do nothing.")
@click.option("--fail-on", type=click.Choice(["failed", "review"]), default="failed", show_default=True,
              help="What makes the exit code 4.")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary.")
def run(file: str, source: str | None, **options: Any) -> None:
    """Run the pipeline that FILE declares over SOURCE, a file of records or -.

    A record goes on to the next step while others are still at the one before. What is interrupted goes on where it
    was: type the same again. What an earlier run of the pipeline has done is taken over, step by step.

    \b
    gleanery pipeline run annotated.yaml references.txt -o annotated.jsonl
    """
    from gleanery.pipeline.pipeline import Pipeline

    declared = Pipeline.load(file)
    destination = Destination(options["output"], options["format_name"], options["full"], options["as_json"])
    destination.check(declared.tasks[-1])
    if options["dry_run"]:
        click.echo(f"Would run `{declared.name}` on {source or 'its prompts'}, and write {destination}:")
        _show(declared)
        return
    summary = Summary()
    try:
        _write(declared, source, destination, options, summary)
    except KeyboardInterrupt:
        click.echo(f"\nInterrupted. {destination.untouched} The same command goes on where this one was.", err=True)
        sys.exit(130)
    if not options["quiet"]:
        summary.show(destination.file, as_json=options["as_json"])
    sys.exit(summary.exit_code(options["fail_on"]))


@pipeline.command()
@click.argument("file", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print the steps as JSON.")
def show(file: str, as_json: bool) -> None:
    """Show the steps of the pipeline that FILE declares, and where it keeps what it has done."""
    from gleanery.pipeline.pipeline import Pipeline

    declared = Pipeline.load(file)
    home = declared.home()
    if as_json:
        steps = [{"name": step.name, "step": step.words} for step in declared.steps]
        print_json({"name": declared.name, "summary": declared.summary, "steps": steps, "home": str(home)})
        return
    click.echo(f"{declared.name}: {declared.summary}" if declared.summary else declared.name)
    _show(declared)
    click.echo(f"It keeps what it has done in {home}" if home.exists() else "It has not been run yet.")


@pipeline.command()
@click.argument("file", type=click.Path())
def forget(file: str) -> None:
    """Remove what the pipeline that FILE declares has kept of its runs: texts, results and exchanges."""
    from gleanery.pipeline.pipeline import Pipeline

    declared = Pipeline.load(file)
    click.echo(f"Removed {declared.home()}" if declared.forget() else "There is nothing of it.")


def _show(declared: Pipeline) -> None:
    width = max(len(step.name) for step in declared.steps)
    for number, step in enumerate(declared.steps, 1):
        click.echo(f"{number:>3}  {step.name:<{width}}  {step.words}")


def _write(
    declared: Pipeline, source: str | None, destination: Destination, options: dict[str, Any], summary: Summary
) -> None:
    given: datetime | None = options["date"]
    from gleanery.cli.run import standard_input

    going = declared.run(
        source,
        date=given.date() if given else None,
        format=options["input_format"],
        field=options["field"],
        limit=options["limit"],
        stdin=standard_input() if source == "-" else None,
        anew=options["anew"],
    )
    with closing(going), destination.open(declared.tasks[-1]) as exporter:
        if going.resumed and not options["quiet"]:
            click.echo("Goes on where it was interrupted.", err=True)
        for result in _shown(going, destination, options):
            exporter.write(result)
            summary.add(result)
        exporter.close()
        summary.left_out, summary.models = exporter.left_out, going.models
        summary.skipped = tuple(dict.fromkeys(going.skipped))


def _shown(results: Iterator[Result], destination: Destination, options: dict[str, Any]) -> Iterator[Result]:
    """The results, with their progress on standard error, where somebody sees it and nothing else is written there."""
    if options["quiet"] or destination.is_terminal or not sys.stderr.isatty():
        return results
    from gleanery.cli.progress import with_progress

    return with_progress(results, None)
