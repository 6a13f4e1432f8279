"""`gleanery batch`: a task's requests as a file that `vllm run-batch` runs, and what came of it read back."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from gleanery.cli.options import accept_option, date_option, declared_task, model_option

if TYPE_CHECKING:
    from gleanery.tasks.records import Record

_format = click.option(
    "--input-format", type=click.Choice(["auto", "text", "blocks", "jsonl", "csv"]), default="auto", show_default=True,
    help="How to read SOURCE; auto goes by its extension, else one record a line.",
)  # fmt: skip
_field = click.option("--field", help="The CSV column or JSONL key that holds the text.")
_limit = click.option("--limit", type=click.IntRange(min=1), help="Stop after so many records.")


@click.group()
def batch() -> None:
    """Have a task's requests run elsewhere, as a batch: by `vllm run-batch`, or by a service with OpenAI's batches.

    \b
    gleanery batch write bibliography refs.txt --model openai/Qwen/Qwen3-4B -o requests.jsonl
    vllm run-batch -i requests.jsonl -o results.jsonl --model Qwen/Qwen3-4B
    gleanery batch read bibliography refs.txt results.jsonl --model openai/Qwen/Qwen3-4B -o refs.jsonl
    """


@batch.command(epilog="Exit codes: 0 written, 1 the output cannot be written, 2 wrong usage.")
@click.argument("task")
@click.argument("source", type=click.Path())
@click.option("-o", "--output", required=True, type=click.Path(), help="Write the requests here, as JSONL.")
@model_option
@click.option("--server", type=click.Choice(["vllm", "llama-server", "openai"]), default="vllm", show_default=True,
              help="Who will run it: requests are in its words.")  # fmt: skip
@_format
@_field
@_limit
@click.option("-q", "--quiet", is_flag=True, help="No summary.")
def write(task: str, source: str, output: str, **options: Any) -> None:
    """Write a request for each record of SOURCE. Nothing is sent to a server."""
    from gleanery.batching import batch_model, write_batch
    from gleanery.settings import load_settings
    from gleanery.tasks.exports.whole import whole_file

    declared, settings = declared_task(task, None), load_settings()
    model = batch_model(declared, options["model"], settings)
    with whole_file(output) as stream:
        written = write_batch(
            declared, _records(source, options), stream, model=model, settings=settings, server=options["server"]
        )
    if not options["quiet"]:
        left_out = f", without {written.left_out:,} that lack a column of the prompt" if written.left_out else ""
        click.echo(f"{written.requests:,} requests to {model} in {output}{left_out}.", err=True)
        click.echo(f"Next: run them, then: gleanery batch read {task} {source} RESULTS.jsonl --model {model}", err=True)


@batch.command(epilog="Exit codes: 0 nothing failed, 1 the output cannot be written, 2 wrong usage, 4 some records "
               "failed (with --fail-on review: or are in review).")  # fmt: skip
@click.argument("task")
@click.argument("source", type=click.Path())
@click.argument("results", type=click.Path(exists=True, dir_okay=False))
@click.option("-o", "--output", type=click.Path(), help="Write here: .jsonl, .json (CSL), .bib, .ris, .csv or .tsv.")
@click.option("--format", "format_name", help="The output's format, when its extension does not say.")
@model_option
@accept_option
@_format
@_field
@_limit
@date_option
@click.option("--full", is_flag=True, help="JSONL with attempts and usage in tokens.")
@click.option("--json", "as_json", is_flag=True, help="JSONL on standard output even on a terminal; with -o, the "
              "summary as JSON.")  # fmt: skip
@click.option("--fail-on", type=click.Choice(["failed", "review"]), default="failed", show_default=True,
              help="What makes the exit code 4.")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="No summary.")
def read(task: str, source: str, results: str, **options: Any) -> None:
    """Read what became of SOURCE's requests from RESULTS, and check each answer as `gleanery run` does.

    SOURCE and the options that say how it is read are those of `batch write`. A record whose answer is missing, cut off
    or an error is a failed result that says so.
    """
    from gleanery.batching import BatchResults, batch_model
    from gleanery.cli.destination import Destination
    from gleanery.cli.summary import Summary
    from gleanery.settings import load_settings

    declared, settings = declared_task(task, options["accept"]), load_settings()
    destination = Destination(options["output"], options["format_name"], options["full"], options["as_json"])
    destination.check(declared)
    model = batch_model(declared, options["model"], settings)
    given: datetime | None = options["date"]
    summary = Summary()
    with (
        Path(results).open("rb") as stream,
        destination.open(declared) as exporter,
        closing(
            BatchResults(
                declared,
                _records(source, options),
                stream,
                model=model,
                settings=settings,
                date=given.date() if given else None,
                name=results,
            )
        ) as going,
    ):
        for result in going:
            exporter.write(result)
            summary.add(result)
        exporter.close()
    summary.left_out, summary.models = exporter.left_out, (model,)
    if not options["quiet"]:
        summary.show(destination.file, as_json=options["as_json"])
    _say_what_is_left(results, going.unknown, going.torn)
    sys.exit(summary.exit_code(options["fail_on"]))


def _say_what_is_left(results: str, unknown: int, torn: int) -> None:
    """Say what of the file came to nothing: it may be of other records, or cut."""
    if unknown:
        click.echo(
            f"Note: {unknown:,} replies in {results} are of no record of the source. Are these the results of another "
            "batch, or was it written with other options?",
            err=True,
        )
    if torn:
        click.echo(f"Note: {torn:,} lines of {results} are no JSON, and were passed over.", err=True)


def _records(source: str, options: dict[str, Any]) -> Iterable[Record]:
    from gleanery.tasks.sources import read_source

    return islice(read_source(source, format=options["input_format"], field=options["field"]), options["limit"])
