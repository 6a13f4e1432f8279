"""Reading what a model answered: whether it fits its schema, stands in the source and keeps the rules."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from gleanery.tasks.declarations import PLACEHOLDER, Task
from gleanery.tasks.grounding import Grounding, ground
from gleanery.tasks.records import Issue, Record, Span
from gleanery.tasks.schemas import Schema

_SHOWN = 80  # characters of a value in a message
_TOLD = 20  # issues that a model is told at once
_AGAIN = (
    "Answer again with the whole corrected JSON and nothing else.",
    "Do not invent: what is printed stays as it is, even where the print is wrong.",
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A schema-valid answer as plain JSON values, with its spans by path and what is wrong with it.

    `review`: it is not to be taken without a look.
    """

    output: Any
    spans: dict[str, Span]
    issues: tuple[Issue, ...]
    review: bool


class AnswerReader:
    """Reads the answers to one task. `today` is the job's date, by which years are judged."""

    def __init__(self, task: Task, schema: Schema, today: date) -> None:
        self._task, self._schema, self._today = task, schema, today
        self._columns = tuple(name for name in PLACEHOLDER.findall(task.prompt or "") if name != "source")
        self._of_references = _is_reference(schema)

    def read(self, value: Any, record: Record) -> Answer:
        """The answer that a JSON value is; InvalidOutputError where it does not fit the schema."""
        output = self._schema.validate(value)
        if self._of_references:
            from gleanery.tasks.references.grounded import concluded

            output = concluded(output)
        grounding = self._ground(output, record.text)
        issues: list[Issue] = []
        if self._task.grounding != "none":
            issues += self._not_printed(output, grounding, record)
        review = bool(issues) and self._task.grounding == "require"
        broken = self._broken_rules(output)
        return Answer(output, grounding.spans, (*issues, *broken), review or bool(broken))

    def _ground(self, output: Any, text: str) -> Grounding:
        if self._of_references:
            from gleanery.tasks.references.grounded import ground_reference

            return ground_reference(output, text)
        return ground(output, text, self._schema.json_schema)

    def _not_printed(self, output: Any, grounding: Grounding, record: Record) -> list[Issue]:
        """What stands in none of the texts that the model was shown, and what stands there otherwise."""
        missing = list(grounding.missing)
        altered = [path for path, span in grounding.spans.items() if span.match == "fuzzy"]
        for column in self._columns:
            text = record.carried.get(column)
            if missing and isinstance(text, str):
                lacking = set(self._ground(output, text).missing)
                missing = [path for path in missing if path in lacking]
        return [
            *(_ungrounded(path, _value_at(output, path)) for path in missing),
            *(_altered(path, _value_at(output, path), grounding.spans[path], record.text) for path in altered),
        ]

    def _broken_rules(self, output: Any) -> list[Issue]:
        issues: list[Issue] = []
        if _is_empty(output):
            issues.append(Issue("empty-answer", None, "Nothing was found in the input: the answer has no values."))
        if self._of_references:
            from gleanery.tasks.references.checks import check

            issues += check(output, self._today)
        return issues


def quotable(schema: Schema) -> Mapping[str, Any]:
    """The JSON Schema of what an answer can quote: for references without the language, whose code nobody prints."""
    if not _is_reference(schema):
        return schema.json_schema
    properties = {name: below for name, below in schema.json_schema["properties"].items() if name != "language"}
    return {**schema.json_schema, "properties": properties}


def feedback(issues: Iterable[Issue], again: Iterable[str] = _AGAIN) -> str:
    """What a model is told of an answer's issues, and how to answer `again`."""
    issues = list(issues)
    lines = [f"- {f'{issue.path}: ' if issue.path else ''}{issue.message}" for issue in issues[:_TOLD]]
    if len(issues) > _TOLD:
        lines.append(f"- and {len(issues) - _TOLD} more of this kind.")
    return "\n".join(("This is wrong with your answer:", *lines, *again))


def _is_reference(schema: Schema) -> bool:
    if schema.model is None:
        return False
    from gleanery.tasks.references.reference import Reference

    return issubclass(schema.model, Reference)


def _ungrounded(path: str, value: Any) -> Issue:
    message = (
        f"{_shown(value)} does not stand in the input. Copy values exactly as they are printed, or leave the field out."
    )
    return Issue("ungrounded", path or None, message)


def _altered(path: str, value: Any, span: Span, source: str) -> Issue:
    printed = source[span.start : span.end]
    message = (
        f"{_shown(value)} is not how the input has it: {_shown(printed)}. Copy values exactly as they are printed."
    )
    return Issue("altered", path or None, message)


def _value_at(output: Any, path: str) -> Any:
    for step in path.split(".") if path else ():
        if isinstance(output, list):
            output = output[int(step)]
        elif isinstance(output, dict) and step in output:
            output = output[step]
        else:
            return path
    return output


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return f"'{text if len(text) <= _SHOWN else text[: _SHOWN - 1] + '…'}'"


def _is_empty(value: Any) -> bool:
    """Whether there is no value in it, at any depth; False and 0 are values."""
    if isinstance(value, dict):
        return all(map(_is_empty, value.values()))
    if isinstance(value, list):
        return all(map(_is_empty, value))
    return value is None or (isinstance(value, str) and not value.strip())
