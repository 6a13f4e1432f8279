"""The steps of a pipeline, as they are declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from gleanery.pipeline.expressions import Expression
from gleanery.tasks.declarations import Task

JOINS = ("list", "text")


@dataclass(frozen=True, slots=True)
class TaskStep:
    """A task, whose Result becomes the record's. `input` says what it reads, None: the record's text.

    `model` is used instead of the task's, `name` is what later steps know its output by, and records for which `when`
    does not hold pass it by.
    """

    name: str
    task: Task
    model: str | None = None
    input: Expression | None = None
    when: Expression | None = None

    @property
    def words(self) -> str:
        """The step in words."""
        by = f", with {self.model}" if self.model else ""
        return f"task {self.task.name}{by}{f', of {self.input.text}' if self.input else ''}{_when(self.when)}"


@dataclass(frozen=True, slots=True)
class ToolStep:
    """A call of a tool; what it returns is kept with the record under the step's name. `arguments` go by parameter.

    It is not called for records for which `when` does not hold.
    """

    name: str
    tool: str
    arguments: Mapping[str, Expression] = field(hash=False)
    when: Expression | None = None

    @property
    def words(self) -> str:
        """The step in words."""
        arguments = ", ".join(f"{key}={value.text}" for key, value in self.arguments.items())
        return f"tool {self.tool}({arguments}){_when(self.when)}"


@dataclass(frozen=True, slots=True)
class FilterStep:
    """A condition: records that do not fulfil it go no further. With `drop` they have no line in the output either."""

    name: str
    condition: Expression
    drop: bool = False

    @property
    def words(self) -> str:
        """The step in words."""
        return f"filter {self.condition.text}{' (others are dropped)' if self.drop else ''}"


@dataclass(frozen=True, slots=True)
class SplitStep:
    """A list of a record's, each item of which goes on as a record of its own: `r-7.1`, `r-7.2`."""

    name: str
    list: Expression

    @property
    def words(self) -> str:
        """The step in words."""
        return f"split {self.list.text}"


@dataclass(frozen=True, slots=True)
class JoinStep:
    """The parts of a record, together again: what `of` says of each is kept with the record under the step's name."""

    name: str
    form: Literal["list", "text"]
    of: Expression

    @property
    def words(self) -> str:
        """The step in words."""
        return f"join {self.of.text} as {self.form}"


def _when(condition: Expression | None) -> str:
    return f", when {condition.text}" if condition else ""


Step = TaskStep | ToolStep | FilterStep | SplitStep | JoinStep
