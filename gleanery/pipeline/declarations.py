"""Pipelines as they are declared: in a YAML file, or in Python as the same plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from gleanery.errors import DeclarationError, UsageError
from gleanery.pipeline.expressions import Expression
from gleanery.pipeline.items import NAMES
from gleanery.pipeline.steps import JOINS, FilterStep, JoinStep, SplitStep, Step, TaskStep, ToolStep
from gleanery.tasks.declarations import NAME, Task, load_task
from gleanery.tasks.entries import Entries, read_entries
from gleanery.tasks.nearest import did_you_mean

_KEYS = {
    "task": ("name", "model", "input", "when"),
    "agent": ("name", "model", "input", "when"),
    "tool": ("name", "arguments", "when"),
    "filter": ("name", "drop"),
    "split": ("name",),
    "join": ("name", "of"),
}
"""What a step may say besides what it is."""
_OUTPUT = Expression.read("output")


class WrongStepError(UsageError):
    """What is wrong with a step, at one of its keys (None: with the step as a whole)."""

    def __init__(self, key: str | None, message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True, slots=True)
class Declaration:
    """A pipeline as its file declares it."""

    name: str
    summary: str
    steps: tuple[Step, ...]
    file: Path


def read_pipeline(file: str | Path) -> Declaration:
    """The pipeline that a YAML file declares.

    UsageError where there is no such file, DeclarationError with the line and key where it is wrong.
    """
    path = Path(file).absolute()
    if not path.is_file():
        raise UsageError(f"There is no file {file}. A pipeline is a YAML file with `name` and `steps`.")
    try:
        source = path.read_bytes()
    except OSError as error:
        raise DeclarationError(f"cannot be read: {error.strerror}.", file=path) from None
    entries = read_entries(path, source)
    entries.only(("name", "summary", "steps"), required=("name", "steps"), later={})
    name = entries.text("name")
    if not NAME.fullmatch(name):
        raise entries.error("name", f"`{name}` must be lower-case letters, digits and `-`, and start with a letter.")
    parts = entries.parts("steps")
    steps = read_steps(
        [{"task": part} if isinstance(part, str) else _plain(part) for part in parts],
        path.parent,
        lambda number, error: _where(entries, parts[number - 1], error),
    )
    return Declaration(name, entries.text("summary") if "summary" in entries else "", steps, path)


def read_steps(
    said: Sequence[str | Task | Step | Mapping[str, Any]],
    folder: Path,
    wrong: Callable[[int, WrongStepError], UsageError] | None = None,
) -> tuple[Step, ...]:
    """The steps that a script says: a task or its name, a step, or what the YAML says as a mapping.

    `wrong` makes the error of what is wrong with a step, given its number. Paths of tasks are relative to `folder`.
    """
    if not said:
        raise UsageError("A pipeline has no steps: give it a task, and what is to follow.")
    steps: list[Step] = []
    for number, one in enumerate(said, 1):
        try:
            step = _step(one, number, folder)
            _check_place(step, steps)
        except WrongStepError as error:
            raise (wrong or _in_words)(number, error) from None
        steps.append(step)
    return tuple(steps)


def _step(said: str | Task | Step | Mapping[str, Any], number: int, folder: Path) -> Step:
    if isinstance(said, TaskStep | ToolStep | FilterStep | SplitStep | JoinStep):
        return said
    if isinstance(said, Task):
        return TaskStep(said.name, said)
    if isinstance(said, str):
        said = {"task": said}
    kinds = [key for key in said if key in _KEYS]
    if len(kinds) != 1:
        near = next((near for key in said if (near := did_you_mean(key, _KEYS))), "")
        raise WrongStepError(
            None, f"a step is one of {', '.join(_KEYS)}; this one has {' and '.join(kinds) or 'none'}.{near}"
        )
    kind = kinds[0]
    for key in said:
        if key != kind and key not in _KEYS[kind]:
            known = (kind, *_KEYS[kind])
            near = did_you_mean(key, known) or f" The keys are {', '.join(known)}."
            raise WrongStepError(key, f"there is no such key.{near}")
    default = _text(said, "tool") if kind == "tool" else f"{kind}-{number}"
    return _READERS[kind](said, folder, said.get("name", default))


def _check_place(step: Step, before: Sequence[Step]) -> None:
    """What is wrong with a step where it stands."""
    if not before and isinstance(step, TaskStep) and step.when is not None:
        raise WrongStepError("when", "there is nothing yet that it could be of. Take it out.")
    if not before and not isinstance(step, TaskStep):
        raise WrongStepError(None, "a pipeline begins with a task: the other steps work on what a task gave.")
    if step.name in NAMES or "." in step.name:
        raise WrongStepError("name", f"`{step.name}` cannot be the name of a step. Give it another `name`.")
    if any(step.name == other.name for other in before):
        raise WrongStepError(None, f"there is a step `{step.name}` already. Give this one a `name` of its own.")
    opened = sum(isinstance(other, SplitStep) - isinstance(other, JoinStep) for other in before)
    if isinstance(step, JoinStep) and not opened:
        raise WrongStepError("join", "nothing is split here, so there is nothing to join. Put it behind a `split`.")


def _task_step(said: Mapping[str, Any], folder: Path, name: str) -> TaskStep:
    key = "task" if "task" in said else "agent"
    task = said[key] if isinstance(said[key], Task) else _task(_text(said, key), key, folder)
    if key == "agent" and task.kind != "agent":
        raise WrongStepError(key, f"`{task.name}` is a task of kind `{task.kind}`. Write `task: {task.name}`.")
    read, when = _optional(said, "input"), _optional(said, "when")
    return TaskStep(said.get("name", task.name), task, said.get("model"), read, when)


def _task(text: str, key: str, folder: Path) -> Task:
    try:
        return load_task(text) if NAME.fullmatch(text) else load_task(folder / text)
    except DeclarationError:
        raise
    except UsageError as error:
        raise WrongStepError(key, str(error)) from None


def _tool_step(said: Mapping[str, Any], folder: Path, name: str) -> ToolStep:
    from gleanery.tools.finding import find_tools

    tool = _text(said, "tool")
    tools = find_tools(Path.cwd())
    if tool not in tools:
        raise WrongStepError("tool", f"there is no tool `{tool}`.{did_you_mean(tool, tools)}")
    fields = tools[tool].arguments.model_fields
    required = [key for key, field in fields.items() if field.is_required()]
    given, when = said.get("arguments"), _optional(said, "when")
    if given is None and len(required) == 1:
        return ToolStep(name, tool, {required[0]: _OUTPUT}, when)
    if not isinstance(given, Mapping):
        raise WrongStepError(
            "tool" if given is None else "arguments", f"say which `arguments` {tool} gets: {', '.join(fields)}."
        )
    for key in given:
        if key not in fields:
            raise WrongStepError("arguments", f"{tool} has no argument `{key}`.{did_you_mean(key, fields)}")
    if missing := [key for key in required if key not in given]:
        raise WrongStepError(
            "arguments", f"{tool} needs `{missing[0]}`: say where it is, like `{missing[0]}: output.title`."
        )
    return ToolStep(name, tool, {key: _expression("arguments", value) for key, value in given.items()}, when)


def _filter_step(said: Mapping[str, Any], folder: Path, name: str) -> FilterStep:
    return FilterStep(name, _expression("filter", said["filter"]), bool(said.get("drop", False)))


def _split_step(said: Mapping[str, Any], folder: Path, name: str) -> SplitStep:
    return SplitStep(name, _expression("split", said["split"]))


def _join_step(said: Mapping[str, Any], folder: Path, name: str) -> JoinStep:
    form = said["join"]
    if form not in JOINS:
        raise WrongStepError(
            "join", f"must be one of {', '.join(JOINS)}, and is `{form}`.{did_you_mean(str(form), JOINS)}"
        )
    return JoinStep(name, form, _optional(said, "of") or _OUTPUT)


_READERS: dict[str, Callable[[Mapping[str, Any], Path, str], Step]] = {
    "task": _task_step, "agent": _task_step, "tool": _tool_step, "filter": _filter_step, "split": _split_step,
    "join": _join_step,
}  # fmt: skip


def _expression(key: str, value: Any) -> Expression:
    if isinstance(value, Expression):
        return value
    if not isinstance(value, str):
        raise WrongStepError(key, f"must be an expression, like `output.title`, and is {value!r}.")
    try:
        return Expression.read(value)
    except UsageError as error:
        raise WrongStepError(key, str(error)) from None


def _optional(said: Mapping[str, Any], key: str) -> Expression | None:
    return _expression(key, said[key]) if key in said else None


def _text(said: Mapping[str, Any], key: str) -> str:
    if not isinstance(said[key], str):
        raise WrongStepError(key, f"must be a name, and is {said[key]!r}.")
    return cast(str, said[key])


def _plain(entries: Entries) -> dict[str, Any]:
    """What a step of a file says, as plain values."""
    kinds = [key for key in entries.keys if key in _KEYS]
    if len(kinds) == 1:
        entries.only((*kinds, *_KEYS[kinds[0]]), required=(), later={})
    said: dict[str, Any] = {}
    for key in entries.keys:
        if key == "drop":
            said[key] = entries.flag(key)
        elif entries.is_a(key, "mapping"):
            below = entries.below(key)
            said[key] = {name: below.text(name) for name in below.keys}
        else:
            said[key] = entries.text(key)
    return said


def _where(entries: Entries, part: str | Entries, error: WrongStepError) -> DeclarationError:
    if isinstance(part, str) or not part.keys:
        return entries.error("steps", str(error))
    return part.error(error.key if error.key in part.keys else part.keys[0], str(error))


def _in_words(number: int, error: WrongStepError) -> UsageError:
    return UsageError(f"Step {number}{f', `{error.key}`' if error.key else ''}: {error}")
