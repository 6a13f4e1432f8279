"""A record on its way through a pipeline, and what filters, splits and joins make of it: nothing but rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from typing import Any

import orjson

from gleanery.errors import UsageError
from gleanery.pipeline.steps import FilterStep, JoinStep, SplitStep, TaskStep
from gleanery.tasks.declarations import PLACEHOLDER, Task
from gleanery.tasks.records import Issue, Record, Result

LEFT_AT = "left_at"
"""Under this name a Result carries the step at which its record left the pipeline."""
NAMES = ("id", "text", "status", "output", "model", "error", "confidence", "issues", LEFT_AT)
"""What expressions know of every record, besides its columns and the steps before; no step has such a name."""


@dataclass(frozen=True, slots=True)
class Item:
    """A record with its Result so far, which is that of the step `made_by`.

    `left_at`: the step behind which it goes no further; `dropped`: nothing is to be seen of it either. `parent` is
    what it is a part of; a `parent` with nothing in it goes on as one Item that is not a `part`. `issues` were found
    since its Result.
    """

    record: Record
    result: Result
    made_by: str
    left_at: str | None = None
    dropped: bool = False
    parent: Item | None = None
    part: bool = False
    issues: tuple[Issue, ...] = ()

    @property
    def goes_on(self) -> bool:
        """Whether the next step gets it."""
        return self.left_at is None

    def names(self) -> dict[str, Any]:
        """What expressions know of it."""
        found = self.final()
        return {
            **self.record.carried,
            self.made_by: found.output,
            "id": found.id,
            "text": self.record.text,
            "status": found.status,
            "output": found.output,
            "model": found.model,
            "error": found.error,
            "confidence": found.confidence.get("record"),
            "issues": [issue.code for issue in found.issues],
        }

    def final(self) -> Result:
        """Its Result, as it leaves the pipeline."""
        status = "review" if self.issues and self.result.status == "ok" else self.result.status
        carried = dict(self.record.carried)
        if self.left_at is not None:
            carried[LEFT_AT] = self.left_at
        issues = (*self.result.issues, *self.issues)
        return replace(self.result, id=self.record.id, status=status, issues=issues, carried=carried)

    def keeping(self, name: str, value: Any) -> Item:
        """It, with a value under a name. UsageError where a column of the source has that name."""
        carried = self.record.carried
        if name in carried:
            raise UsageError(
                f"{self.record.id} has a column `{name}`, which is the name of a step too. Give the step another "
                "`name`."
            )
        return replace(self, record=replace(self.record, carried={**carried, name: value}))


def record_for(item: Item, step: TaskStep) -> Record:
    """What a task gets of an Item: its text, or what the step says, and the output so far under the name of its step.

    A task whose prompt says `{{ output }}`, `{{ issues }}` and the like is given these too.
    """
    text = item.record.text if step.input is None else text_of(step.input.value(item.names()))
    record = item.keeping(item.made_by, item.result.output).record
    line = item.final().as_json()
    told = {name: line[name] for name in _told(step.task)}
    return replace(record, text=text, carried={**record.carried, **told}, issues=(*record.issues, *item.issues))


def done(item: Item, record: Record, result: Result, step: TaskStep) -> Item:
    """An Item with the Result that a task gave its record. A failed one goes no further."""
    left_at = step.name if result.status == "failed" else None
    before = item.record.carried
    told = {name: before[name] for name in _told(step.task) if name in before}
    others = {name: value for name, value in record.carried.items() if name not in _told(step.task)}
    kept = replace(record, text=item.record.text, carried={**others, **told})
    return replace(item, record=kept, result=result, made_by=step.name, left_at=left_at, issues=())


@cache
def _told(task: Task) -> tuple[str, ...]:
    """What a task's prompts say of the Result before."""
    prompts = task.generation.prompts if task.generation else (task.prompt or "",)
    said = {name for prompt in prompts for name in PLACEHOLDER.findall(prompt)}
    return tuple(name for name in ("status", "output", "error", "confidence", "issues") if name in said)


def filtered(item: Item, step: FilterStep) -> Item:
    """An Item behind a filter."""
    if step.condition.holds(item.names()):
        return item
    return replace(item, left_at=step.name, dropped=step.drop)


def split(item: Item, step: SplitStep) -> Iterator[Item]:
    """The parts of an Item, each of which has the whole's columns and its output so far. What is no list is one part.

    What has left already, or has no parts, is passed on as one Item, so that the join finds it.
    """
    if not item.goes_on:
        yield replace(item, parent=item, part=False)
        return
    value = step.list.value(item.names())
    parts = [] if value is None else value if isinstance(value, list) else [value]
    if not parts:
        yield replace(item, parent=item, part=False, left_at=step.name)
    carried = item.keeping(item.made_by, item.result.output).record.carried if parts else {}
    for number, part in enumerate(parts, 1):
        id, text = f"{item.record.id}.{number}", text_of(part)
        confidence = {key: value for key, value in item.result.confidence.items() if key == "record"}
        yield Item(
            replace(item.record, id=id, text=text, carried=carried, issues=()),
            replace(
                item.result, id=id, input=text, output=part, spans={}, confidence=confidence, issues=(), changes=()
            ),
            step.name,
            parent=item,
            part=True,
        )


def joined(items: Sequence[Item], step: JoinStep) -> Iterator[Item]:
    """The wholes of which the Items are parts, in their order; parts that left on the way are not in them."""
    for _, group in groupby(items, lambda item: id(item.parent)):
        siblings = list(group)
        whole = siblings[0].parent
        assert whole is not None, "a declared join stands behind a split"
        if not whole.goes_on:
            yield whole
            continue
        there = [item for item in siblings if item.part and item.goes_on]
        values = [step.of.value(item.names()) for item in there]
        value = values if step.form == "list" else "\n".join(map(text_of, values))
        issues = [_issue(item, step) for item in siblings if item.part and _is_doubtful(item)]
        yield replace(whole.keeping(step.name, value), issues=(*whole.issues, *issues))


def text_of(value: Any) -> str:
    """A value as a text: a text as it is, nothing as nothing, else JSON."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value, default=_plain).decode()


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _is_doubtful(item: Item) -> bool:
    """Whether a part makes its whole doubtful: not one that a filter left behind."""
    return item.result.status == "failed" or (item.goes_on and item.final().status != "ok")


def _issue(item: Item, step: JoinStep) -> Issue:
    result = item.final()
    why = result.error or (result.issues[0].message if result.issues else "")
    word = "failed" if result.status == "failed" else "is in review"
    return Issue("part-not-ok", step.name, f"Its part {result.id} {word}{f': {why}' if why else '.'}")
