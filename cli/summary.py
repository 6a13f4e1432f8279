"""What `gleanery run` says at its end."""

from __future__ import annotations

import json
import shlex
import time
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from gleanery.tasks.records import Result

STATUS_COLOURS = {"ok": "green", "review": "yellow", "failed": "red"}


class Summary:
    """Counts results as they pass."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.statuses: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.left_out = 0
        self.models: Sequence[str] = ()
        self.in_order = True
        """Whether a record went to one model after the other, or to one of them."""
        self.skipped: Sequence[str] = ()
        """Why models that the task names were not asked: a sentence each."""
        self._doubtful: str | None = None

    @property
    def records(self) -> int:
        """Results seen."""
        return self.statuses.total()

    def add(self, result: Result) -> None:
        """Count one result."""
        self.statuses[result.status] += 1
        if result.status != "ok" and self._doubtful is None:
            self._doubtful = result.id
        if result.status == "review":
            for code in {issue.code for issue in result.issues}:
                self.reasons[code] += 1

    def exit_code(self, fail_on: str) -> int:
        """4 where a record failed, or is in review and that counts as failing; else 0."""
        return 4 if self.statuses["failed"] or (fail_on == "review" and self.statuses["review"]) else 0

    def show(self, file: str | None, *, as_json: bool) -> None:
        """Print the summary: to standard error, or as JSON to standard output when results went to a `file`."""
        seconds = time.monotonic() - self.began
        if as_json and file:
            click.echo(json.dumps(self._as_json(file, seconds), ensure_ascii=False))
            return
        noun = "record" if self.records == 1 else "records"
        # The first second goes into loading the model, and tells no rate; a few huge records tell none either.
        rate = f" ({self.records / seconds:,.0f} a second)" if 1 <= seconds <= self.records else ""
        models = f", with {(' then ' if self.in_order else ' and ').join(self.models)}" if self.models else ""
        click.echo(f"{self.records:,} {noun} in {_duration(seconds)}{rate}{models}", err=True)
        width = len(f"{self.records:,}")
        for status, colour in STATUS_COLOURS.items():
            count = self.statuses[status]
            line = f"  {status:<6}  {count:>{width},}"
            click.echo(click.style(line, fg=colour) if count else line, err=True, nl=False)
            click.echo(self._why() if status == "review" else "", err=True)
        if self._doubtful:
            for why in self.skipped:
                click.echo(f"A further model of the task was left out: {why}", err=True)
        if file:
            left_out = f", without {self.left_out:,} that the format cannot say" if self.left_out else ""
            click.echo(f"Written to {file}{left_out}.", err=True)
            if self._doubtful:
                click.echo(self._next(file), err=True)

    def _next(self, file: str) -> str:
        if file.endswith(".jsonl"):
            return f"Next: look at what is not ok, such as: gleanery show {shlex.quote(f'{file}:{self._doubtful}')}"
        kind = "in review" if self.statuses["review"] else "that failed"
        return f"Next: look at the records {kind}; -o FILE.jsonl or FILE.csv says why."

    def _why(self) -> str:
        """The reasons of records in review, the most common first; a record may have several."""
        reasons = " · ".join(f"{code} {count:,}" for code, count in self.reasons.most_common())
        return f"   {reasons}" if reasons else ""

    def _as_json(self, file: str, seconds: float) -> dict[str, Any]:
        return {
            "records": self.records,
            **{status: self.statuses[status] for status in ("ok", "review", "failed")},
            "reasons": dict(self.reasons.most_common()),
            "left_out": self.left_out,
            "models": list(self.models),
            "seconds": round(seconds, 3),
            "output": file,
        }


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
