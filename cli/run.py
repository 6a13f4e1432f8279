"""`gleanery run`: a task over a source, to a file, a pipe or the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import date as Date
from datetime import datetime
from io import BufferedReader, FileIO, UnsupportedOperation
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from gleanery.cli.options import accept_option, date_option, declared_task, model_option
from gleanery.cli.summary import Summary
from gleanery.errors import ModelError

if TYPE_CHECKING:
    from gleanery.jobs.wire_file import Wire, WireFile
    from gleanery.running import Run
    from gleanery.settings import Settings
    from gleanery.tasks.declarations import Task
    from gleanery.tasks.exports.exporter import Exporter
    from gleanery.tasks.records import Record, Result

_REFERENCE = "schema:Reference"
_TABLES = ("csv", "tsv")
_OF_REFERENCES = ("bibtex", "csl-json", "ris")


@click.command(
    epilog="Exit codes: 0 nothing failed (records in review are reported), 1 the output cannot be written, "
    "2 wrong usage, 3 no model, "
    "4 some records failed (with --fail-on review: or are in review), 130 interrupted."
)
@click.argument("task")
@click.argument("source", type=click.Path())
@click.option("-o", "--output", type=click.Path(), help="Write here: .jsonl, .json (CSL), .bib, .ris, .csv or .tsv.")
@click.option("--format", "format_name", help="The output's format, when its extension does not say: jsonl, csl-json, "
              "bibtex, ris, csv, tsv.")  # fmt: skip
@click.option("--input-format", type=click.Choice(["auto", "text", "blocks", "jsonl", "csv"]), default="auto",
              show_default=True,
              help="How to read SOURCE; auto goes by its extension, else one record a line.")  # fmt: skip
@click.option("--blocks", is_flag=True, help="Records are blocks of lines with blank lines between them.")
@click.option("--field", help="The CSV column or JSONL key that holds the text; the others are carried along.")
@model_option
@accept_option
@click.option("--limit", type=click.IntRange(min=1), help="Stop after so many records.")
@click.option("--threads", type=click.IntRange(1, 64), default=1, show_default=True,
              help="Threads of the specialist, where it works alone; results do not depend on it.")  # fmt: skip
@date_option
@click.option("--full", is_flag=True, help="JSONL with attempts, usage in tokens, timing and cached.")
@click.option("--json", "as_json", is_flag=True, help="JSONL on standard output even on a terminal; with -o, the "
              "summary as JSON.")  # fmt: skip
@click.option("--wire", type=click.Choice(["full", "failures", "off"]), help="Which exchanges with chat models to keep "
              "in FILE.wire.jsonl beside the output.  [default: that of the settings, full]")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--fail-on", type=click.Choice(["failed", "review"]), default="failed", show_default=True,
              help="What makes the exit code 4.")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary.")
def run(task: str, source: str, **options: Any) -> None:
    """Run TASK over SOURCE, a file of records or - for standard input.

    The models are those of the task, or --model; `default` is that of the settings, or the only one that Ollama has.

    \b
    gleanery run bibliography refs.txt                 a table on a terminal, JSONL in a pipe
    gleanery run bibliography refs.txt -o refs.bib     BibTeX; .json is CSL-JSON, .ris RIS, .csv a table
    gleanery run bibliography old.csv --field citation -o new.csv
    pdftotext paper.pdf - | gleanery run bibliography - --blocks
    gleanery run glosses texts.txt -o glosses.jsonl --model ollama/qwen3:4b
    """
    declared = declared_task(task, options["accept"])
    if options["blocks"]:
        options["input_format"] = "blocks"
    from gleanery.settings import load_settings

    destination = Destination(options["output"], options["format_name"], options["full"], options["as_json"])
    destination.check(declared)
    settings = load_settings()
    if options["dry_run"]:
        _say_what_would_be_done(declared, source, destination, settings, options)
        return
    _say_what_is_opened(declared, settings, options)
    summary = Summary()
    lost: ModelError | None = None
    try:
        with (
            destination.open(declared) as exporter,
            closing(_run(declared, source, settings, options)) as going,
            closing(destination.wire(options["wire"] or settings.wire)) as wire,
        ):
            wire.note(going.exchanges)
            try:
                for result in _shown(going, source, destination, options):
                    exporter.write(result)
                    wire.write(result)
                    summary.add(result)
            except ModelError as error:
                # What is done is worth keeping, though the model is gone.
                if not summary.records:
                    raise
                lost = error
            exporter.close()
            wire.settle()
            summary.left_out, summary.models, summary.skipped = exporter.left_out, going.models, going.skipped
    except KeyboardInterrupt:
        click.echo(f"\nInterrupted after {_records_of(summary.records)}. {destination.untouched}", err=True)
        sys.exit(130)
    if not options["quiet"]:
        summary.show(destination.file, as_json=options["as_json"])
    if lost:
        click.echo(f"Error: stopped after {_records_of(summary.records)}, which are written: {lost}", err=True)
        sys.exit(lost.exit_code)
    sys.exit(summary.exit_code(options["fail_on"]))


def _run(task: Task, source: str, settings: Settings, options: dict[str, Any]) -> Run:
    from gleanery.running import run as run_task

    given: datetime | None = options["date"]
    return run_task(
        task,
        _records(source, options),
        model=options["model"],
        date=given.date() if given else Date.today(),
        threads=options["threads"],
        settings=settings,
    )


def _records(source: str, options: dict[str, Any]) -> Iterable[Record]:
    from gleanery.tasks.sources import read_source

    stdin = _standard_input() if source == "-" else None
    records = read_source(source, format=options["input_format"], field=options["field"], stdin=stdin)
    return islice(records, options["limit"])


def _standard_input() -> BinaryIO | None:
    """Standard input through a buffer of its own: it is read on a thread, which may still wait for it when the command
    ends, and Python cannot end while a thread holds the lock of `sys.stdin`."""
    try:
        return BufferedReader(FileIO(sys.stdin.fileno(), closefd=False))
    except UnsupportedOperation:
        return None


def _shown(
    results: Iterator[Result], source: str, destination: Destination, options: dict[str, Any]
) -> Iterator[Result]:
    """The results, with their progress on standard error, where somebody sees it and nothing else is written there."""
    if options["quiet"] or destination.is_terminal or not sys.stderr.isatty():
        return results
    from gleanery.cli.progress import with_progress

    return with_progress(results, _total(source, options))


def _total(source: str, options: dict[str, Any]) -> int | None:
    """How many records there will be, where that can be known."""
    from gleanery.tasks.sources import count_records

    total = count_records(source, options["input_format"])
    return total if total is None or options["limit"] is None else min(total, options["limit"])


def _say_what_is_opened(task: Task, settings: Settings, options: dict[str, Any]) -> None:
    """Say on a terminal why nothing happens: a chat model may have to be loaded first."""
    from gleanery.staging import SPECIALIST

    models = _models_of(task, settings, options)
    if models != SPECIALIST and not options["quiet"] and sys.stderr.isatty():
        click.echo(f"Opening {models}; a model that is not in memory is loaded first.", err=True)


def _models_of(task: Task, settings: Settings, options: dict[str, Any]) -> str:
    """The models that will be asked, in words; UsageError where one cannot be meant."""
    from gleanery.choosing import DEFAULT, choose_without_asking
    from gleanery.models.endpoint import endpoint_of, parse_address

    choice = choose_without_asking(task, options["model"], settings)
    addresses = choice.addresses if choice else (options["model"],) if options["model"] else task.models
    for address in map(parse_address, (name for name in addresses if name != DEFAULT)):
        if address.provider in ("ollama", "openai"):
            endpoint_of(address, settings.endpoints)
    return " then ".join("the only model that Ollama has" if name == DEFAULT else name for name in addresses)


def _say_what_would_be_done(
    task: Task, source: str, destination: Destination, settings: Settings, options: dict[str, Any]
) -> None:
    models = _models_of(task, settings, options)
    total = _total(source, options)
    if total is None:
        count = "an unknown number of records"
    else:
        next(iter(_records(source, options)), None)  # says what is wrong with the source, a wrong --field for one
        count = _records_of(total)
    click.echo(f"Would run `{task.name}` on {count} of {source} with {models}, and write {destination}.")


def _records_of(count: int) -> str:
    return f"{count:,} record{'' if count == 1 else 's'}"


class Destination:
    """Where results go, and in which form: a file, a pipe, or a table on the terminal."""

    def __init__(self, path: str | None, format_name: str | None, full: bool, as_json: bool) -> None:
        from gleanery.errors import UsageError
        from gleanery.tasks.exports.formats import format_for
        from gleanery.tasks.exports.whole import is_stream

        self.path = path
        self.file = None if path is None or is_stream(path) else path
        self.is_terminal = path in (None, "-") and sys.stdout.isatty()
        self.is_table = self.is_terminal and path is None and not (format_name or full or as_json)
        self.format = format_for(path or "-", "jsonl" if full and format_name is None and path is None else format_name)
        self.full = full
        if full and self.format.name != "jsonl":
            raise UsageError(f"--full is a form of JSONL, and {path or '-'} is {self.format.name}. Give -o FILE.jsonl.")

    def __str__(self) -> str:
        if self.is_table:
            return "a table to the terminal"
        return f"{self.format.name} to {self.path or 'standard output'}"

    def check(self, task: Task) -> None:
        """UsageError where the format says references and the task answers with something else."""
        if self.format.name not in _OF_REFERENCES or task.output == _REFERENCE:
            return
        from gleanery.errors import UsageError
        from gleanery.tasks.references.reference import Reference

        if Reference.model_json_schema()["properties"].keys().isdisjoint(_fields(task)):
            raise UsageError(
                f"{self.format.name} says references, and `{task.name}` answers with {', '.join(_fields(task))}. "
                "Give -o FILE.jsonl or FILE.csv."
            )

    def wire(self, keep: Wire) -> WireFile:
        """Where the exchanges with models are kept: beside the output, if that is a file."""
        from gleanery.jobs.wire_file import WireFile, wire_file_of

        return WireFile(wire_file_of(Path(self.file)) if self.file else None, keep)

    @property
    def untouched(self) -> str:
        """What an interruption left of the output."""
        again = "The same command starts again from the first."
        if self.file is None:
            return f"What was written holds only these. {again}"
        return f"{self.file} {'is as it was before' if Path(self.file).exists() else 'was not written'}. {again}"

    @contextmanager
    def open(self, task: Task) -> Iterator[Exporter]:
        """The exporter; on a file, nothing is seen of it before it is whole."""
        if self.is_table:
            from gleanery.cli.table import TerminalTable

            yield TerminalTable(self._columns(task))
            return
        from gleanery.tasks.exports.whole import whole_file

        with whole_file(self.path or "-") as stream:
            yield self._exporter(stream, task)

    def _exporter(self, stream: BinaryIO, task: Task) -> Exporter:
        if self.full:
            from gleanery.tasks.exports.jsonl import JsonlExporter

            return JsonlExporter(stream, full=True)
        return self.format.open(stream, self._columns(task))

    def _columns(self, task: Task) -> list[str]:
        """The keys of the task's own output, where a table needs them."""
        wanted = self.is_table or self.format.name in _TABLES
        return _fields(task) if wanted and task.output != _REFERENCE else []


def _fields(task: Task) -> list[str]:
    """The top-level keys of a task's answers; `answer` where they are no objects."""
    from gleanery.tasks.schemas import load_schema

    return [field.name for field in load_schema(task).fields()] or ["answer"]
