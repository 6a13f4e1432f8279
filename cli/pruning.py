"""`gleanery ledger prune`: deletes jobs by their age, and for room."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gleanery.cli.printing import print_json, print_table, size
from gleanery.cli.quantities import age, bytes_of
from gleanery.errors import UsageError
from gleanery.jobs.job import ENDED

if TYPE_CHECKING:
    from gleanery.jobs.job import State
    from gleanery.jobs.ledger.ledger import Ledger
    from gleanery.jobs.ledger.retention import Leaving


@click.command()
@click.option("--older-than", metavar="AGE", help="Jobs that ended longer ago: 12h, 90d, 8w, 1y.")
@click.option("--keep-size", metavar="SIZE", help="The oldest jobs, until all takes no more than that: 500MB, 2GB.")
@click.option("--state", "states", metavar="STATES", help="Only jobs in these states: done,failed,cancelled.")
@click.option("--runs", is_flag=True, help="With --older-than: also what interrupted `gleanery run`s have kept.")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object.")
def prune(
    older_than: str | None,
    keep_size: str | None,
    states: str | None,
    runs: bool,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Delete jobs that have ended, the oldest first, with all that was kept of them. A job for which others wait stays.

    \b
    gleanery ledger prune --older-than 90d --dry-run
    gleanery ledger prune --keep-size 2GB --state done,cancelled
    """
    from gleanery.jobs.ledger.retention import old_runs, to_delete

    if older_than is None and keep_size is None:
        raise UsageError("Say what is to go: --older-than 90d, --keep-size 2GB, or both.")
    if runs and older_than is None:
        raise UsageError("`--runs` needs `--older-than`: interrupted runs go by their age.")
    seconds = None if older_than is None else age(older_than)
    most = None if keep_size is None else bytes_of(keep_size)
    chosen = _states(states)
    with opened_ledger() as opened:
        leaving = to_delete(opened, older_than=seconds, keep_size=most, states=chosen)
        folders = old_runs(opened.home, seconds) if runs and seconds is not None else []
    pruning = Pruning(leaving, folders, as_json)
    pruning.say()
    if dry_run or not (leaving or folders):
        pruning.end("Would delete")
        return
    if not yes:
        _confirm()
    pruning.delete()
    pruning.end("Deleted")
    if pruning.refused:
        sys.exit(UsageError.exit_code)


class Pruning:
    """The jobs that go, and the folders of interrupted runs; what came of it goes to standard error, or as JSON to
    standard output."""

    def __init__(self, leaving: Sequence[Leaving], folders: Sequence[Path], as_json: bool) -> None:
        self.leaving, self.folders = leaving, folders
        self.refused: dict[str, str] = {}
        self._freed: int | None = None
        self._later = False
        self._as_json = as_json

    def say(self) -> None:
        """List what goes."""
        if self._as_json or not (self.leaving or self.folders):
            return
        rows: list[tuple[str, ...]] = [
            (one.job.id, one.job.state, _day(one.job.ended), f"{one.job.counts.total:,}", size(one.size), _what(one))
            for one in self.leaving
        ]
        rows += [(folder.name, "run", _day(folder.stat().st_mtime), "", "", str(folder)) for folder in self.folders]
        print_table(("job", "state", "ended", "records", "about", "what"), rows, right=("records", "about"))

    def delete(self) -> None:
        """Delete it, by the worker where one runs, and give the room back to the disk."""
        from gleanery.jobs.ledger.retention import give_back_room, size_of
        from gleanery.queue import Queue

        with Queue(ledger_home()) as queue:
            before = size_of(queue.home).all + sum(size_of(folder).all for folder in self.folders)
            for one in self.leaving:
                try:
                    queue.ask(one.job.id, "delete")
                except UsageError as error:  # it was taken up again, or is waited for, since
                    self.refused[one.job.id] = str(error)
                    click.echo(f"Error: {error}", err=True)
            for folder in self.folders:
                shutil.rmtree(folder, ignore_errors=True)
            self._later = not give_back_room(queue.ledger)
            self._freed = before - size_of(queue.home).all

    def end(self, verb: str) -> None:
        """Say what was, or would be, done."""
        gone = [one for one in self.leaving if one.job.id not in self.refused]
        about = sum(one.size for one in gone)
        if self._as_json:
            print_json({
                "jobs": [one.job.id for one in gone],
                "runs": [folder.name for folder in self.folders],
                "about_bytes": about,
                "freed_bytes": self._freed,
                "refused": self.refused,
            })  # fmt: skip
            return
        if not (self.leaving or self.folders):
            click.echo("There is nothing to delete.", err=True)
            return
        what = [_many(len(gone), "job")] + [_many(len(self.folders), "interrupted run")] * bool(self.folders)
        freed = f"about {size(about)}" if self._freed is None else f"{size(max(self._freed, 0))} freed"
        later = "; the worker gives back the rest when it has time" if self._later else ""
        click.echo(f"{verb} {' and '.join(what)}, {freed}{later}.", err=True)


def ledger_home() -> Path:
    """The folder of the ledger, as the settings say."""
    from gleanery.settings import load_settings

    return load_settings().home


def opened_ledger() -> Ledger:
    """The ledger of the settings; LedgerError where there is none yet."""
    from gleanery.jobs.ledger.ledger import Ledger

    return Ledger.open(ledger_home(), create=False)


def _states(text: str | None) -> Collection[State]:
    if text is None:
        return ENDED
    named = {name.strip() for name in text.split(",")}
    chosen: set[State] = {state for state in ENDED if state in named}
    if wrong := sorted(named - chosen):
        raise UsageError(f"`--state`: jobs that have ended are done, failed or cancelled, not `{wrong[0]}`.")
    return chosen


def _confirm() -> None:
    if not sys.stdin.isatty():
        raise UsageError("Deleting asks first, and nobody can answer here. Add --yes, or look first with --dry-run.")
    click.confirm("Delete them for good?", abort=True, err=True)


def _day(seconds: float | None) -> str:
    return "" if seconds is None else datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


def _what(leaving: Leaving) -> str:
    return f"{leaving.job.manifest.task} {leaving.job.manifest.origin.name}"


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
