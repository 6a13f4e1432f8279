"""How one record goes through the steps of a pipeline: what its tasks are to be given, and what comes of it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from gleanery.errors import UsageError
from gleanery.pipeline.items import Item, done, filtered, joined, record_for, split
from gleanery.pipeline.steps import FilterStep, JoinStep, SplitStep, Step, TaskStep, ToolStep
from gleanery.tasks.matrix import Matrix
from gleanery.tasks.records import Issue, Record, Result

CallTool = Callable[[ToolStep, Mapping[str, Any]], Any]
"""What a tool returns for its arguments, as plain JSON; UsageError where it cannot be called."""


@dataclass(frozen=True, slots=True)
class Given:
    """Records that the task step of that number (from 0) is given: whoever drives a flow sends their Results."""

    task: int
    records: tuple[Record, ...]


Flow = Generator[Given, Sequence[Result], list[Item]]
"""What comes of one record of a source: what its tasks are given, one after another, and in the end its Items."""


def flow(record: Record, steps: Sequence[Step], matrices: Sequence[Matrix | None], call: CallTool) -> Flow:
    """The way of one record. `matrices` are what generating tasks write, by the number of the task step.

    The first task is given the record as it is: what that writes was made into records before.
    """
    first, *others = steps
    assert isinstance(first, TaskStep), "a pipeline begins with a task"
    (result,) = yield Given(0, (record,))
    items = [done(Item(record, result, first.name), record, result, first)]
    task = 0
    for step in others:
        if isinstance(step, TaskStep):
            task += 1
            items = yield from _performed(items, step, task, matrices[task])
        else:
            items = _stepped(items, step, call)
    return items


def _performed(
    items: Sequence[Item], step: TaskStep, task: int, matrix: Matrix | None
) -> Generator[Given, Sequence[Result], list[Item]]:
    given = [(item, _records(item, step, matrix) if _is_for(item, step) else ()) for item in items]
    records = tuple(record for _, some in given for record in some)
    results = iter((yield Given(task, records)) if records else ())
    return [
        new
        for item, some in given
        for new in ([done(item, record, next(results), step) for record in some] if some else [item])
    ]


def _is_for(item: Item, step: TaskStep | ToolStep) -> bool:
    return item.goes_on and (step.when is None or step.when.holds(item.names()))


def _records(item: Item, step: TaskStep, matrix: Matrix | None) -> tuple[Record, ...]:
    record = record_for(item, step)
    return (record,) if matrix is None else tuple(matrix.records([record]))


def _stepped(items: Sequence[Item], step: Step, call: CallTool) -> list[Item]:
    match step:
        case FilterStep():
            return [filtered(item, step) if item.goes_on else item for item in items]
        case SplitStep():
            return [part for item in items for part in split(item, step)]
        case JoinStep():
            return list(joined(items, step))
        case ToolStep():
            return [_called(item, step, call) if item.goes_on else item for item in items]
    raise AssertionError(step)


def _called(item: Item, step: ToolStep, call: CallTool) -> Item:
    """An Item with what a tool says: nothing where one of its arguments is not there; that it failed is an issue."""
    names = item.names()
    arguments = {key: value.value(names) for key, value in step.arguments.items()}
    if any(value is None for value in arguments.values()) or not _is_for(item, step):
        return item.keeping(step.name, None)
    try:
        return item.keeping(step.name, call(step, arguments))
    except UsageError as error:
        issue = Issue("tool-failed", step.name, str(error))
        return replace(item.keeping(step.name, None), issues=(*item.issues, issue))
