"""The options that `run` and `eval` share, and the task with what they say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from gleanery.tasks.declarations import Task

model_option = click.option("--model", metavar="PROVIDER/NAME", help="Use this model instead of the task's.")
accept_option = click.option(
    "--accept", type=click.FloatRange(0, 1), help="Records below this confidence go to review."
)
date_option = click.option(
    "--date", type=click.DateTime(["%Y-%m-%d"]), help="The job's date, against which years are checked; default: today."
)


def declared_task(task: str, accept: float | None) -> Task:
    """The task of that name or path, with the confidence of `--accept` where one was given."""
    from gleanery.tasks.declarations import load_task

    loaded = load_task(task)
    return loaded if accept is None else replace(loaded, accept=accept)
