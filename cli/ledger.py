"""`gleanery ledger`: look after the file in which jobs and their results are kept."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gleanery.cli.printing import print_json, printable, size
from gleanery.cli.pruning import ledger_home, opened_ledger, prune

if TYPE_CHECKING:
    from gleanery.jobs.ledger.ledger import Ledger
    from gleanery.jobs.ledger.upkeep import Finding

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def ledger() -> None:
    """Look after the ledger, in which jobs, their records and results are kept.

    \b
    gleanery ledger check                    is all that belongs to it there and whole?
    gleanery ledger backup ~/ledger-copy     copy it, while the worker goes on
    gleanery ledger prune --older-than 90d   delete jobs that ended long ago
    """


@ledger.command()
@json_option
def path(as_json: bool) -> None:
    """Print where the ledger is. GLEANERY_HOME, or `home` in the settings, moves it."""
    from gleanery.jobs.ledger.ledger import FILE
    from gleanery.jobs.ledger.retention import size_of

    home = ledger_home()
    if as_json:
        room = size_of(home)
        file = home / FILE
        print_json({"path": str(file), "exists": file.exists(), "bytes": room.ledger, "wire_bytes": room.wire})
    else:
        click.echo(home / FILE)


@ledger.command()
@click.option("--repair", is_flag=True, help="Count the records anew where counters are wrong; no worker may run.")
@click.option("--quick", is_flag=True, help="Leave out the indexes, which take long in a large ledger.")
@json_option
def check(repair: bool, quick: bool, as_json: bool) -> None:
    """Check the ledger: its structure, its counters, and the record of what was said to models.

    The worker may go on meanwhile. Exit code 1 where something is wrong.
    """
    from gleanery.jobs.ledger.upkeep import check as find

    with opened_ledger() as opened:
        findings = list(find(opened, quick=quick))
        repaired = _repaired(opened) if repair else []
        if repaired:
            findings = list(find(opened, quick=quick))
        _print_findings(opened, findings, repaired, as_json)
    if any(finding.is_fault for finding in findings):
        sys.exit(1)


@ledger.command()
@click.argument("folder", type=click.Path(path_type=Path))
def backup(folder: Path) -> None:
    """Copy the ledger, with the record of what was said to models, into a new FOLDER.

    The worker may go on meanwhile. The copy is a ledger of its own: `GLEANERY_HOME=FOLDER gleanery jobs` shows it. To
    put it in the ledger's place, stop the worker and move the folder there.
    """
    from gleanery.jobs.ledger.backup import back_up

    with opened_ledger() as opened:
        copied = back_up(opened, folder)
    click.echo(f"Copied {size(copied)} to {folder}. To look into it: GLEANERY_HOME='{folder}' gleanery jobs", err=True)


ledger.add_command(prune)


def _repaired(opened: Ledger) -> list[str]:
    """Count anew what the counters say, for that moment as the worker: a sentence for each job that it concerned."""
    from gleanery.jobs.ledger.upkeep import recount
    from gleanery.jobs.lock import WorkerLock

    with WorkerLock(opened.home):
        return recount(opened)


def _print_findings(opened: Ledger, findings: Sequence[Finding], repaired: Sequence[str], as_json: bool) -> None:
    jobs = len(opened.jobs())
    if as_json:
        found = [{"kind": finding.kind, "where": finding.where, "text": finding.text} for finding in findings]
        print_json({"path": str(opened.database.path), "jobs": jobs, "findings": found, "repaired": repaired})
        return
    for sentence in repaired:
        click.echo(printable(sentence))
    for finding in findings:
        click.echo(printable(f"{finding.where}: {finding.text}"))
    kinds = {finding.kind for finding in findings if finding.is_fault}
    if not kinds:
        click.echo(f"{opened.database.path}: nothing is wrong ({jobs} job{'' if jobs == 1 else 's'}).")
    if "counters" in kinds:
        click.echo("To count anew: gleanery worker stop, then gleanery ledger check --repair", err=True)
    if "damage" in kinds:
        click.echo("What is damaged is only to be had from a copy (gleanery ledger backup makes them).", err=True)
