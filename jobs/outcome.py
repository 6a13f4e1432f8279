"""A Result as the ledger keeps it: its line without the input, made where the work was done, as bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from gleanery.tasks.exports.jsonl import json_bytes
from gleanery.tasks.records import Change, Issue, Record, Result, Span, Status

_OF_RECORD = ("id", "input", "carried")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the record at `position` of its job.

    `body` is the Result's line as a JSON object without id, input and carried; `about` how it came about (attempts,
    usage, timing) as another; `exchanges` one JSON object each, in the order of their sending. `seconds`, `ttft_ms`,
    `tpot_ms` and `tokens` are what the job's pace is made of. `reusable`: the same input may be given it again.
    """

    position: int
    status: Status
    body: bytes
    about: bytes
    exchanges: tuple[bytes, ...] = ()
    seconds: float | None = None
    ttft_ms: float | None = None
    tpot_ms: float | None = None
    tokens: int | None = None
    reusable: bool = True


def outcome_of(record: Record, result: Result) -> Outcome:
    """The Result of a record, to be kept."""
    line = result.as_json()
    body = {key: value for key, value in line.items() if key not in _OF_RECORD}
    timing, usage = result.timing or {}, result.usage or {}
    return Outcome(
        position=record.position,
        status=result.status,
        body=json_bytes(body),
        about=json_bytes(result.about_json()),
        exchanges=tuple(json_bytes(exchange.as_json()) for exchange in result.exchanges),
        seconds=None if result.milliseconds is None else result.milliseconds / 1000,
        ttft_ms=timing.get("first_token_ms"),
        tpot_ms=timing.get("per_token_ms"),
        tokens=usage.get("completion"),
        reusable=result.status != "failed" and all(issue.code != "stage-skipped" for issue in result.issues),
    )


def failed_outcome(record: Record, model: str, error: str) -> Outcome:
    """The Outcome of a record that could not be worked on to an end, `error` says why."""
    return outcome_of(record, Result(record.id, record.text, None, {}, {}, "failed", model, record.issues, error))


def line_of(record: Record, body: bytes, about: bytes | None = None, *, cached: bool = False) -> bytes:
    """The export's JSONL line of a kept Result, with a line end; with `about`, as `--full` has it.

    The same bytes as JsonlExporter writes for the Result itself.
    """
    parts = [b'{"id":', json_bytes(record.id), b',"input":', json_bytes(record.text), b",", body[1:-1]]
    if record.carried:
        parts += [b',"carried":', json_bytes(dict(record.carried))]
    if about is not None:
        parts += [b",", about[1:-1], b',"cached":', b"true" if cached else b"false"]
    return b"".join((*parts, b"}\n"))


def result_of(record: Record, body: bytes, about: bytes, *, cached: bool = False) -> Result:
    """The kept Result itself, its exchanges apart."""
    line, how = orjson.loads(body), orjson.loads(about)
    timing = dict(how["timing"])
    return Result(
        id=record.id,
        input=record.text,
        output=line["output"],
        spans={path: _span(value) for path, value in line["spans"].items()},
        confidence=line["confidence"],
        status=line["status"],
        model=line["model"],
        issues=tuple(Issue(**issue) for issue in line["issues"]),
        error=line["error"],
        carried=record.carried,
        changes=tuple(Change(**change) for change in line.get("changes", ())),
        attempts=how["attempts"],
        milliseconds=timing.pop("total_ms"),
        usage=how["usage"],
        timing=timing or None,
        cached=cached,
    )


def _span(value: Mapping[str, Any]) -> Span:
    parts: Sequence[Sequence[int]] = value.get("parts", ())
    return Span(value.get("start"), value.get("end"), value["match"], tuple((start, end) for start, end in parts))
