"""`gleanery eval`: how well a task does on gold references, and whether it does better than it did."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from datetime import date as Date
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import click

from gleanery.cli.options import accept_option, date_option, declared_task, model_option
from gleanery.tasks.scoring.differences import OVERALL
from gleanery.tasks.scoring.matches import MATCHES, Match

if TYPE_CHECKING:
    from gleanery.tasks.declarations import Task
    from gleanery.tasks.records import Result
    from gleanery.tasks.scoring.calibration import Calibration, Trust
    from gleanery.tasks.scoring.comparisons import Compared
    from gleanery.tasks.scoring.differences import Difference
    from gleanery.tasks.scoring.evaluation import Evaluation
    from gleanery.tasks.scoring.gold import Gold
    from gleanery.tasks.scoring.score import Figures, Score

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NEW_FILE = click.Path(dir_okay=False, path_type=Path)
_COLOURS = {
    "author": "green",
    "editor": "green",
    "translator": "green",
    "title": "cyan",
    "container-title": "blue",
    "collection-title": "blue",
    "issued": "yellow",
    "volume": "magenta",
    "issue": "magenta",
    "page": "magenta",
    "publisher": "red",
    "publisher-place": "red",
}
_OTHER_COLOUR = "bright_black"


@click.command("eval")
@click.argument("task")
@click.argument("gold", type=_FILE)
@model_option
@accept_option
@date_option
@click.option("--json", "as_json", is_flag=True, help="Print the whole report as JSON: what --compare reads.")
@click.option("--by-source/--overall", default=False, help="Show every source of GOLD, or only all together.")
@click.option("--match", type=click.Choice(MATCHES), default="soft", show_default=True, help="When a value is right.")
@click.option("--worst", type=click.IntRange(min=0), default=0, metavar="N", help="Show the N records most wrong.")
@click.option(
    "--compare", "earlier", type=_FILE, help="Show what changed since this report; exit 1 on a loss above --tolerance."
)
@click.option("--tolerance", type=click.FloatRange(min=0), default=0.5, show_default=True, help="Points.")
@click.option("--predictions", type=_NEW_FILE, help="Write what was predicted to this file (JSONL).")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Take only the first N references.")
def evaluate(
    task: str,
    gold: Path,
    model: str | None,
    accept: float | None,
    date: datetime | None,
    as_json: bool,
    by_source: bool,
    match: Match,
    worst: int,
    earlier: Path | None,
    tolerance: float,
    predictions: Path | None,
    limit: int | None,
) -> None:
    """Score TASK on GOLD, a JSONL file of annotated references: {"source", "raw", "fields"}.

    Values are compared as printed, by the fields that a source annotates. Records in review count like any other.
    """
    from gleanery.tasks.exports.whole import whole_file
    from gleanery.tasks.scoring.differences import differences, losses, read_report
    from gleanery.tasks.scoring.evaluation import evaluate as evaluation_of
    from gleanery.tasks.scoring.evaluation import worst as worst_of
    from gleanery.tasks.scoring.gold import read_gold

    before = read_report(earlier) if earlier else None
    declared, day = declared_task(task, accept), date.date() if date else Date.today()
    references = read_gold(gold, limit)
    with whole_file(predictions) if predictions else nullcontext() as stream:
        compared = _compared(declared, references, model, day)
        if stream:
            _write_predictions(stream, compared)
    evaluation, most_wrong = evaluation_of(compared), worst_of(compared, match, worst)
    settings = {"task": task, "model": model, "accept": declared.accept, "date": day.isoformat(), "gold": gold.name}
    report = {**settings, **evaluation.as_json()}
    if as_json:
        if worst:
            report["worst"] = [_wrong_as_json(reference, match) for reference in most_wrong]
        click.echo(json.dumps(report, ensure_ascii=False, indent=1))
    else:
        _show_evaluation(evaluation, match, by_source)
        _show_worst(most_wrong, match)
    if before:
        changes = differences(before, report, match)
        _show_differences(before, report, changes, err=as_json)
        if lost := losses(changes, tolerance):
            for loss in lost:
                click.echo(f"{loss.where}: {loss.figure} fell by {-loss.change:.2f} points", err=True)
            sys.exit(1)


def _compared(task: Task, gold: Sequence[Gold], model: str | None, date: Date) -> list[Compared]:
    from gleanery.running import run
    from gleanery.tasks.scoring.comparisons import compare

    results = run(task, [reference.raw for reference in gold], model=model, date=date)
    label = f"{task.name}: {_references(len(gold))}"
    with click.progressbar(results, length=len(gold), label=label, file=sys.stderr) as arriving:
        return [compare(reference, result) for reference, result in zip(gold, arriving, strict=True)]


def _write_predictions(stream: BinaryIO, compared: Sequence[Compared]) -> None:
    from gleanery.tasks.scoring.predictions import prediction

    for reference in compared:
        stream.write(json.dumps(prediction(reference.result), ensure_ascii=False).encode() + b"\n")


def _show_evaluation(evaluation: Evaluation, match: Match, by_source: bool) -> None:
    report = evaluation.report
    for source, score in report.by_source.items() if by_source else ():
        _show_score(source, score, match)
    if not by_source or len(report.by_source) > 1:  # the figures of one source are those of all
        _show_score(OVERALL, report.overall, match)
    _show_calibration(evaluation.fields, evaluation.records)
    _show_trust(evaluation.trust)


def _show_score(name: str, score: Score, match: Match) -> None:
    shown: list[Match] = ["strict"] if match == "strict" else ["strict", match]
    scores = [score.matches[kind] for kind in shown]
    click.echo(f"{_clean(name)}: {_references(score.n)}")
    click.echo(f"  {'':15}       " + "".join(f"  {kind:>8}{'':14}" for kind in shown).rstrip())
    click.echo(f"  {'field':15}      n" + f"  {'P':>6}  {'R':>6}  {'F1':>6}" * len(shown))
    for field in scores[0].fields:
        click.echo(_figures_line(field, [kind.fields[field] for kind in scores]))
    click.echo(_figures_line("micro", [kind.micro for kind in scores]))
    click.echo(f"  {'macro':22}" + "".join(f"{kind.macro_f1:24.2f}" for kind in scores))
    click.echo(f"  {'instance':22}" + "".join(f"{kind.instance:24.2f}" for kind in scores) + "\n")


def _figures_line(name: str, figures: Sequence[Figures]) -> str:
    columns = "".join(f"  {row.precision:6.2f}  {row.recall:6.2f}  {row.f1:6.2f}" for row in figures)
    return f"  {name:15} {figures[0].n:6}{columns}"


def _show_calibration(fields: Calibration, records: Calibration) -> None:
    for name, figures in (("values", fields), ("records", records)):
        error = "no confidences" if figures.ece is None else f"{figures.ece:.4f} over {figures.n}"
        click.echo(f"calibration error of {name}: {error}")
    if records.bins:
        click.echo(f"  {'confidence':13}      n    sure   right")
    for row in records.bins:
        bounds = f"{row.low:.2f} to {row.high:.2f}"
        click.echo(f"  {bounds:13} {row.n:6}  {100 * row.confidence:6.2f}  {100 * row.accuracy:6.2f}")
    click.echo()


def _show_trust(trust: Trust) -> None:
    right = "none is ok" if trust.ok_right is None else f"of the ok {trust.ok_right:.2f} % wholly right"
    click.echo(f"in review {trust.review:.2f} %, failed {trust.failed:.2f} %, {right}")
    for status, reasons in trust.reasons.items():
        for reason, count in reasons.items():
            click.echo(f"  {status:7} {count:6}  {_clean(reason)}")


def _show_worst(references: Sequence[Compared], match: Match) -> None:
    for reference in references:
        wrong, gold = reference.wrong(match), reference.gold
        click.echo(f"\n{_clean(gold.source)}, line {gold.line}: {len(wrong)} wrong, {reference.result.status}")
        _show_marked(reference.result)
        for field in wrong:
            click.echo(f"  {field.field:15} gold  {_clean(field.gold) or '-'}")
            click.echo(f"  {'':15} here  {_clean(field.predicted) or '-'}")


def _show_marked(result: Result) -> None:
    """Show the input with its values marked: in colours on a terminal, else as `[field|value]`."""
    from rich.console import Console
    from rich.text import Text

    from gleanery.tasks.scoring.marks import pieces

    console = Console(highlight=False, soft_wrap=True)
    marked = [(_clean(text), field) for text, field in pieces(result)]
    if console.is_terminal and not console.no_color:
        console.print(Text.assemble(*((text, _colour(field)) for text, field in marked)))
    else:
        click.echo("".join(f"[{field}|{text}]" if field else text for text, field in marked))


def _colour(field: str | None) -> str:
    return _COLOURS.get(field, _OTHER_COLOUR) if field else ""


def _show_differences(
    before: Mapping[str, Any], now: Mapping[str, Any], changes: Sequence[Difference], *, err: bool
) -> None:
    if before["overall"]["n"] != now["overall"]["n"]:
        counts = f"{_references(before['overall']['n'])} then, {now['overall']['n']} now"
        click.echo(f"the reports are not of the same gold: {counts}", err=True)
    click.echo(f"\n{'':24} {'figure':15}  before     now  change", err=err)
    for row in changes:
        figures = f"{row.before:6.2f}  {row.now:6.2f}  {row.change:+6.2f}"
        click.echo(f"{_clean(row.where):24} {row.figure:15}  {figures}", err=err)


def _references(count: int) -> str:
    return f"{count:,} reference{'' if count == 1 else 's'}"


def _wrong_as_json(reference: Compared, match: Match) -> dict[str, Any]:
    fields = reference.wrong(match)
    wrong = [{"field": field.field, "gold": field.gold, "predicted": field.predicted} for field in fields]
    return {"source": reference.gold.source, "line": reference.gold.line, "raw": reference.gold.raw, "wrong": wrong}


def _clean(text: str) -> str:
    """The text on one line, without characters that would move a terminal's cursor or change its colours."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "�" for c in text)
