"""`gleanery run`: a task over a source, to a file, a pipe or the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import date as Date
from datetime import datetime
from io import BufferedReader, FileIO, UnsupportedOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NoReturn

import click

from gleanery.cli.destination import Destination
from gleanery.cli.options import accept_option, date_option, declared_task, model_option
from gleanery.cli.screen import Screen
from gleanery.cli.summary import Summary
from gleanery.errors import ModelError

if TYPE_CHECKING:
    from gleanery.jobs.ledger.ledger import Kept
    from gleanery.jobs.manifest import Manifest, Origin
    from gleanery.private import PrivateRun
    from gleanery.settings import Settings
    from gleanery.tasks.declarations import Task
    from gleanery.tasks.records import Result
    from gleanery.tools.permissions import Approval, Call

_ANEW = ("output", "format_name", "full", "quiet")
"""Options that may be said anew then."""
_KEPT = ("output", "format_name", "full", "as_json", "fail_on", "duplicates")
"""Options that hold on when a run is taken up again."""


@click.command(
    epilog="Exit codes: 0 nothing failed (records in review are reported), 1 the output cannot be written, "
    "2 wrong usage, 3 no model, "
    "4 some records failed (with --fail-on review: or are in review), 130 interrupted."
)
@click.argument("task", required=False)
@click.argument("source", type=click.Path(), required=False)
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
@click.option("--processes", type=click.IntRange(1, 256), default=1, show_default=True,
              help="Processes of the specialist, where it works alone; results do not depend on it.")  # fmt: skip
@date_option
@click.option("--full", is_flag=True, help="JSONL with attempts, usage in tokens, timing and cached.")
@click.option("--json", "as_json", is_flag=True, help="JSONL on standard output even on a terminal; with -o, the "
              "summary as JSON.")  # fmt: skip
@click.option("--wire", type=click.Choice(["full", "failures", "off"]), help="Which exchanges with chat models to keep "
              "in FILE.wire.jsonl beside the output.  [default: that of the settings, full]")  # fmt: skip
@click.option("--resume", metavar="JOB", help="Go on with a run that was interrupted.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--fail-on", type=click.Choice(["failed", "review"]), default="failed", show_default=True,
              help="What makes the exit code 4.")  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="No progress and no summary.")
def run(task: str | None, source: str | None, resume: str | None, **options: Any) -> None:
    """Run TASK over SOURCE, a file of records or - for standard input.

    What is interrupted, by Ctrl-C or by a power cut, goes on with --resume; nothing is done twice.

    The models are those of the task, or --model; `default` is that of the settings, or the only one that Ollama has.

    \b
    gleanery run bibliography refs.txt                 a table on a terminal, JSONL in a pipe
    gleanery run bibliography refs.txt -o refs.bib     BibTeX; .json is CSL-JSON, .ris RIS, .csv a table
    gleanery run bibliography old.csv --field citation -o new.csv
    pdftotext paper.pdf - | gleanery run bibliography - --blocks
    gleanery run glosses texts.txt -o glosses.jsonl --model ollama/qwen3:4b
    """
    if resume is not None:
        screen = Screen()
        _go(*_taken_up(resume, options, screen), screen)
    if task is None or source is None:
        raise click.UsageError("Say which task, and on what: gleanery run TASK SOURCE")
    perform(declared_task(task, options["accept"]), source, options)


def perform(task: Task, source: str | None, options: dict[str, Any]) -> None:
    """Run a task over a source (None: of its own prompts) as the options say, and exit."""
    if options["blocks"]:
        options["input_format"] = "blocks"
    from gleanery.settings import load_settings

    destination = _destination(options)
    destination.check(task)
    settings = load_settings(overrides={"wire": options["wire"]})
    if options["dry_run"]:
        _say_what_would_be_done(task, source, destination, settings, options)
        return
    _say_what_is_opened(task, settings, options)
    screen = Screen()
    _go(task, _begun(task, source, settings, options, screen), destination, options, screen)


def _begun(task: Task, source: str | None, settings: Settings, options: dict[str, Any], screen: Screen) -> PrivateRun:
    """The run, and the thread that stores its records."""
    from gleanery.private import begin
    from gleanery.submitting import origin_of, records_of, store

    origin = origin_of(source, options["input_format"], options["field"], options["limit"])
    given: datetime | None = options["date"]
    going = begin(
        task,
        origin,
        settings,
        model=options["model"],
        date=given.date() if given else Date.today(),
        processes=_processes(options),
        options={key: options[key] for key in _KEPT if key in options},
        approve=None if source == "-" else _approval(options, screen),  # no answer is to be read as a record
    )
    stdin = standard_input() if source == "-" else None
    going.start(lambda ledger, job: store(ledger, job, records_of(origin, None, stdin), lambda job, count: None))
    return going


def _taken_up(id: str, given: dict[str, Any], screen: Screen) -> tuple[Task, PrivateRun, Destination, dict[str, Any]]:
    """An interrupted run, gone on with; what it was begun with holds where nothing else is said now."""
    from gleanery.jobs.bundle import unpack
    from gleanery.private import find_run, take_up
    from gleanery.settings import load_settings
    from gleanery.submitting import records_of, store

    settings = load_settings()
    home = find_run(settings, id)
    going, begun = take_up(home, settings, processes=_processes(given), approve=_approval(given, screen))
    said: dict[str, Any] = {key: value for key, value in given.items() if value not in (None, False)}
    options = {
        **given,
        **begun,
        **{key: said[key] for key in _ANEW if key in said},
    }
    destination = _destination(options)
    job = going.job
    task = unpack(going.ledger.bundle(job.bundle), job.manifest.task, home / "task")
    origin = job.manifest.origin
    if job.loaded or origin.path == "-":
        if not job.loaded:
            click.echo(f"The rest of standard input is lost: going on with {_records_of(job.counts.total)}.", err=True)
            going.ledger.finish_loading(job.number)
        going.start(None)
    else:
        going.start(lambda ledger, job: store(ledger, job, records_of(origin), lambda job, count: None, resuming=True))
    return task, going, destination, options


def _approval(options: dict[str, Any], screen: Screen) -> Callable[[Call], Approval] | None:
    """Who is asked before a tool is called that wants somebody's leave; None where nobody is there."""
    from gleanery.cli.approving import terminal_approval

    return None if options["quiet"] else terminal_approval(screen)


def _go(task: Task, going: PrivateRun, destination: Destination, options: dict[str, Any], screen: Screen) -> NoReturn:
    """Write the results as they come, say what they are, and exit."""
    summary = Summary()
    id = going.home.name
    lost: ModelError | None = None
    kept = True  # whatever comes, a second Ctrl-C among it, unless there is nothing left to go on with
    try:
        with screen:
            lost = _write(task, going, destination, options, summary, screen)
        kept = lost is not None
    except KeyboardInterrupt:
        done = going.end()
        kept = done > 0
        click.echo(f"\nInterrupted after {_records_of(done)}. {destination.untouched}", err=True)
        click.echo(_how_to_go_on(id) if done else "The same command starts again from the first.", err=True)
        sys.exit(130)
    except BrokenPipeError:  # whoever read the results has what he wanted
        kept = False
        raise
    except Exception:
        done = going.end()
        kept = done > 0
        if kept:
            click.echo(f"What is done, {_records_of(done)}, is kept. {_how_to_go_on(id)}", err=True)
        raise
    finally:
        going.close()
        if not kept:
            going.forget()
    if not options["quiet"]:
        summary.show(destination.file, as_json=options["as_json"])
    if lost is not None:
        click.echo(f"Error: stopped after {_records_of(summary.records)}, which are written: {lost}", err=True)
        click.echo(_how_to_go_on(id), err=True)
        sys.exit(lost.exit_code)
    sys.exit(summary.exit_code(options["fail_on"]))


def _write(
    task: Task, going: PrivateRun, destination: Destination, options: dict[str, Any], summary: Summary, screen: Screen
) -> ModelError | None:
    """Write the results. What is done is written also where a model was lost; then it is returned why."""
    from gleanery.jobs.outcome import result_of

    lost: ModelError | None = None
    job = going.job
    marked = _marking(task, options)
    with destination.open(task) as exporter:
        results = going.results()
        total = job.counts.total if job.loaded else _total_of(job.manifest)
        try:
            for kept in _shown(results, total, destination, options, screen):
                result = marked(result_of(kept.record, kept.body, kept.about, cached=kept.cached))
                with screen.writing():
                    exporter.write(result)
                summary.add(result)
        except ModelError as error:
            if not summary.records:
                raise
            lost = error
        exporter.close()
    if destination.file:
        from gleanery.jobs.wire_file import write_wire_file

        write_wire_file(going.wire, Path(destination.file))
    summary.left_out, summary.models, summary.skipped = exporter.left_out, going.models, going.skipped
    summary.in_order = task.kind != "generate"
    return lost


def _marking(task: Task, options: dict[str, Any]) -> Callable[[Result], Result]:
    """What marks near-duplicates among the results, where the task or an option says from which likeness."""
    likeness: float | None = options.get("duplicates")
    if likeness is None and task.generation is not None:
        likeness = task.generation.duplicates
    if likeness is None:
        return lambda result: result
    from gleanery.tasks.duplicates import DuplicateMarker

    return DuplicateMarker(likeness)


def _destination(options: dict[str, Any]) -> Destination:
    return Destination(options["output"], options["format_name"], options["full"], options["as_json"])


def _processes(options: dict[str, Any]) -> int:
    """Processes of the specialist besides this one; with one, it works here, where it starts sooner."""
    wanted: int = options["processes"]
    return wanted if wanted > 1 else 0


def _how_to_go_on(id: str) -> str:
    return f"Go on with: gleanery run --resume {id}"


def standard_input() -> BinaryIO | None:
    """Standard input through a buffer of its own: it is read on a thread, which may still wait for it when the command
    ends, and Python cannot end while a thread holds the lock of `sys.stdin`."""
    try:
        return BufferedReader(FileIO(sys.stdin.fileno(), closefd=False))
    except UnsupportedOperation:
        return None


def _shown(
    results: Iterator[Kept], total: int | None, destination: Destination, options: dict[str, Any], screen: Screen
) -> Iterator[Kept]:
    """The results, with their progress on standard error, where somebody sees it and nothing else is written there."""
    if options["quiet"] or destination.is_terminal or not sys.stderr.isatty():
        return results
    from gleanery.cli.progress import with_progress

    return with_progress(results, total, screen)


def _total_of(manifest: Manifest) -> int | None:
    """How many records a job will have, where that can be known."""
    from gleanery.tasks.matrix import Matrix

    total = _total(manifest.origin)
    if total is None or manifest.matrix is None:
        return total
    return total * len(Matrix.from_json(manifest.matrix, manifest.models))


def _total(origin: Origin) -> int | None:
    """How many records a source will give, where that can be known."""
    from gleanery.submitting import PROMPTS
    from gleanery.tasks.sources import count_records

    if origin.path == PROMPTS:
        return 1

    format: Any = origin.format
    total = None if origin.path == "-" else count_records(origin.path, format)
    return total if total is None or origin.limit is None else min(total, origin.limit)


def _say_what_is_opened(task: Task, settings: Settings, options: dict[str, Any]) -> None:
    """Say on a terminal why nothing happens: a chat model may have to be loaded first."""
    from gleanery.staging import SPECIALIST

    models = _models_of(task, settings, options)
    if models != SPECIALIST and not options["quiet"] and sys.stderr.isatty():
        click.echo(f"Opening {models}; a model that is not in memory is loaded first.", err=True)


def _models_of(task: Task, settings: Settings, options: dict[str, Any]) -> str:
    """The models that will be asked, in words; UsageError where one cannot be meant."""
    from gleanery.choosing import DEFAULT
    from gleanery.models.endpoint import endpoint_of, parse_address

    addresses = _addresses(task, settings, options)
    for address in map(parse_address, (name for name in addresses if name != DEFAULT)):
        if address.provider in ("ollama", "openai"):
            endpoint_of(address, settings.endpoints)
    between = " and " if task.kind == "generate" else " then "
    return between.join("the only model that Ollama has" if name == DEFAULT else name for name in addresses)


def _addresses(task: Task, settings: Settings, options: dict[str, Any]) -> tuple[str, ...]:
    """The models as far as they are known without asking a server: `default` may be among them."""
    from gleanery.choosing import choose_without_asking, wanted_models

    choice = choose_without_asking(task, options["model"], settings)
    return choice.addresses if choice else wanted_models(task, options["model"])


def _say_what_would_be_done(
    task: Task, source: str | None, destination: Destination, settings: Settings, options: dict[str, Any]
) -> None:
    models = _models_of(task, settings, options)
    from gleanery.pinning import matrix_for
    from gleanery.submitting import origin_of, records_of
    from gleanery.tasks.matrix import check_source

    check_source(task, source is not None)
    origin = origin_of(source, options["input_format"], options["field"], options["limit"])
    total = _total(origin)
    matrix = matrix_for(task, _addresses(task, settings, options), settings)
    if total is None:
        count = "an unknown number of records"
    else:
        next(records_of(origin), None)  # says what is wrong with the source, a wrong --field for one
        count = _records_of(total * (len(matrix) if matrix else 1))
    click.echo(
        f"Would run `{task.name}` on {count} of {source or 'its prompts'} with {models}, and write {destination}."
    )


def _records_of(count: int) -> str:
    return f"{count:,} record{'' if count == 1 else 's'}"
