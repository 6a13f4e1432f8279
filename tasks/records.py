"""What goes into a task and what comes out: Record, Span, Issue and Result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

Status = Literal["ok", "review", "failed"]
Match = Literal["exact", "normalised", "fuzzy", "inferred"]


@dataclass(frozen=True, slots=True)
class Record:
    """One input: its id, its text, what came with it, and what reading it already showed.

    `position` counts from 1. `carried` holds the other columns of a CSV row or keys of a JSONL object.
    """

    id: str
    position: int
    text: str
    carried: Mapping[str, Any] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()


class Span(NamedTuple):
    """Where a value stands in the input.

    `start` and `end` count Unicode code points, end exclusive. `match` says how the value relates to what is printed
    there: `exact` (the same characters), `normalised` (another form of them), `fuzzy`; or `inferred`: the value is a
    conclusion, not a quotation, and has no place (`start` and `end` are None). `parts` lists the pieces
    when a value is printed in several; start and end then enclose them.
    """

    start: int | None
    end: int | None
    match: Match
    parts: tuple[tuple[int, int], ...] = ()

    def as_json(self, source: str) -> dict[str, Any]:
        """The span as it stands in a Result line; a value that was normalised keeps its printed form beside it."""
        if self.start is None:
            return {"match": self.match}
        out: dict[str, Any] = {"start": self.start, "end": self.end, "match": self.match}
        if self.parts:
            out["parts"] = [list(part) for part in self.parts]
        if self.match != "exact":
            out["printed"] = source[self.start : self.end]
        return out


INFERRED = Span(None, None, "inferred")


@dataclass(frozen=True, slots=True)
class Issue:
    """Why a record wants a look: a short code, the field's path (or None for the whole record), and a sentence."""

    code: str
    path: str | None
    message: str

    def as_json(self) -> dict[str, Any]:
        """The issue as it stands in a Result line."""
        return {"code": self.code, "path": self.path, "message": self.message}


@dataclass(frozen=True, slots=True)
class Change:
    """A field that a later model of a cascade saw otherwise: what it was (None: absent), what it is, and by whom."""

    path: str
    before: Any
    after: Any
    model: str

    def as_json(self) -> dict[str, Any]:
        """The change as it stands in a Result line."""
        return {"path": self.path, "before": self.before, "after": self.after, "model": self.model}


class Recorded(Protocol):
    """Something of the wire record that can be written down: an exchange with a model."""

    def as_json(self) -> dict[str, Any]:
        """It as a JSON object."""


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one record. Every record gets exactly one.

    `output` is the task's answer as plain JSON values (None when failed), `spans` and `confidence` go by path
    (`title`, `author.0.family`); `confidence["record"]` is that of the whole record. `error` says why a failed
    record failed. `model` is whose answer it is, `changes` what that model saw otherwise than one asked before it.
    The same record done by the same task and model gives the same line, byte for byte; how it came about (`attempts` at
    an answer, `usage` in tokens over all of them, `milliseconds`, `timing`, `exchanges`; `cached`: taken from an
    earlier job) is not part of that line.
    """

    id: str
    input: str
    output: Any
    spans: Mapping[str, Span]
    confidence: Mapping[str, float]
    status: Status
    model: str
    issues: tuple[Issue, ...] = ()
    error: str | None = None
    carried: Mapping[str, Any] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    attempts: int = 1
    milliseconds: float | None = None
    usage: Mapping[str, int | None] | None = None
    timing: Mapping[str, float | None] | None = None
    exchanges: tuple[Recorded, ...] = ()
    cached: bool = False

    def as_json(self) -> dict[str, Any]:
        """The export's line, as a JSON object in its fixed order of keys."""
        out: dict[str, Any] = {
            "id": self.id,
            "input": self.input,
            "output": self.output,
            "spans": {path: span.as_json(self.input) for path, span in self.spans.items()},
            "confidence": dict(self.confidence),
            "status": self.status,
            "model": self.model,
            "issues": [issue.as_json() for issue in self.issues],
            "error": self.error,
        }
        if self.changes:
            out["changes"] = [change.as_json() for change in self.changes]
        if self.carried:
            out["carried"] = dict(self.carried)
        return out

    def about_json(self) -> dict[str, Any]:
        """How the result came about, as `--full` adds it to the line."""
        timing = {**(self.timing or {}), "total_ms": self.milliseconds}
        return {"attempts": self.attempts, "usage": self.usage, "timing": timing}
