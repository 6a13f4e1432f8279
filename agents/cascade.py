"""Performs a record with one model after another, until one is sure of its answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from gleanery.agents.stage import ABSENT, Stage
from gleanery.tasks.records import Change, Issue, Record, Result

_Usage = Mapping[str, int | None]
_Number = TypeVar("_Number", int, float)
_RANK = {"failed": 0, "review": 1, "ok": 2}


@dataclass(frozen=True, slots=True)
class Cascade:
    """Models at one task, the cheapest first. `accept` is the record confidence from which an answer is taken."""

    stages: Sequence[Stage]
    accept: float

    async def __call__(self, record: Record) -> Result:
        """Perform one record. What says that a model is not there passes, unless an earlier one gave an answer."""
        standing: Result | None = None
        for stage in self.stages:
            try:
                result = self._judged(await stage(record, standing))
            except ABSENT as error:
                if standing is None or standing.output is None:
                    raise
                standing = _skipped(standing, stage.model, error)
                continue
            standing = result if standing is None else _better(standing, result)
            if result.status == "ok":
                break
        assert standing is not None, "a cascade has stages"
        return standing

    def _judged(self, result: Result) -> Result:
        """The result; one that is not sure enough wants review."""
        confidence = result.confidence.get("record")
        if result.status != "ok" or confidence is None or confidence >= self.accept:
            return result
        message = f"All of it is right with a chance of {confidence:.2f}, below {self.accept:.2f}."
        return replace(result, status="review", issues=(*result.issues, Issue("low-confidence", None, message)))


def _better(earlier: Result, later: Result) -> Result:
    """Whichever stands of two results, the later one where they are alike, with what both cost."""
    stands = max(later, earlier, key=_merit)
    changed = _changes(earlier.output, later.output, later.model) if stands is later else ()
    return replace(
        stands,
        changes=(*earlier.changes, *changed),
        attempts=earlier.attempts + later.attempts,
        milliseconds=_plus(earlier.milliseconds, later.milliseconds),
        usage=_usage(earlier.usage, later.usage),
        timing=later.timing or earlier.timing,
        exchanges=(*earlier.exchanges, *later.exchanges),
    )


def _merit(result: Result) -> tuple[int, int]:
    return _RANK[result.status], -len(result.issues)


def _changes(before: Any, after: Any, model: str) -> Iterator[Change]:
    """The values that differ, in the order of the earlier answer; none where there was no earlier one."""
    if before is None:
        return
    was, is_now = dict(_leaves(before)), dict(_leaves(after))
    for path in {**was, **is_now}:
        if was.get(path) != is_now.get(path):
            yield Change(path, was.get(path), is_now.get(path), model)


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Values by path (`issued.year`); a list is one value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else key)
    else:
        yield path, value


def _skipped(standing: Result, model: str, error: Exception) -> Result:
    """The answer that stands, for want of a model that could have made it sure."""
    issue = Issue("stage-skipped", None, f"`{model}` was to check this and is not there: {error}")
    return replace(standing, status="review", issues=(*standing.issues, issue))


def _usage(one: _Usage | None, other: _Usage | None) -> _Usage | None:
    if one is None or other is None:
        return other if one is None else one
    return {key: _plus(one.get(key), other.get(key)) for key in {**one, **other}}


def _plus(one: _Number | None, other: _Number | None) -> _Number | None:
    return other if one is None else one if other is None else one + other
