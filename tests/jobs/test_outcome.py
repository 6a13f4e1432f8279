"""A Result that is kept comes back as it was, and its line has the bytes that the exporter writes."""

import io
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.jobs.outcome import failed_outcome, line_of, outcome_of, result_of
from gleanery.tasks.exports.jsonl import JsonlExporter
from gleanery.tasks.records import INFERRED, Change, Issue, Record, Result, Span

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
SPAN = st.one_of(
    st.just(INFERRED),
    st.builds(
        lambda start, length, match, parts: Span(start, start + length, match, tuple(parts)),
        st.integers(0, 10), st.integers(0, 10), st.sampled_from(["exact", "normalised", "fuzzy"]),
        st.lists(st.tuples(st.integers(0, 5), st.integers(5, 9)), max_size=2),
    ),
)  # fmt: skip
ISSUE = st.builds(Issue, TEXT, st.none() | TEXT, TEXT)
RECORD = st.builds(
    Record, TEXT, st.integers(1, 10**6), TEXT, st.dictionaries(TEXT, VALUE, max_size=2), st.tuples() | st.tuples(ISSUE)
)


@st.composite
def results(draw: st.DrawFn) -> tuple[Record, Result]:
    record = draw(RECORD)
    result = Result(
        id=record.id,
        input=record.text,
        output=draw(VALUE),
        spans=draw(st.dictionaries(TEXT, SPAN, max_size=3)),
        confidence=draw(st.dictionaries(TEXT, st.floats(0, 1), max_size=2)),
        status=draw(st.sampled_from(["ok", "review", "failed"])),
        model=draw(TEXT),
        issues=tuple(draw(st.lists(ISSUE, max_size=2))),
        error=draw(st.none() | TEXT),
        carried=record.carried,
        changes=tuple(draw(st.lists(st.builds(Change, TEXT, VALUE, VALUE, TEXT), max_size=2))),
        attempts=draw(st.integers(0, 5)),
        milliseconds=draw(st.none() | st.floats(0, 1e6)),
        usage=draw(st.none() | st.just({"prompt": 3, "completion": None, "cached": 1})),
        timing=draw(st.none() | st.just({"queue_ms": 1.5, "first_token_ms": None})),
    )
    return record, result


def written(result: Result, *, full: bool) -> bytes:
    stream = io.BytesIO()
    JsonlExporter(stream, full=full).write(result)
    return stream.getvalue()


@given(results(), st.booleans())
def test_its_line_is_what_the_exporter_writes(pair: tuple[Record, Result], cached: bool) -> None:
    record, result = pair
    outcome = outcome_of(record, result)
    assert line_of(record, outcome.body) == written(result, full=False)
    full = line_of(record, outcome.body, outcome.about, cached=cached)
    assert full == written(replace(result, cached=cached), full=True)


@given(results(), st.booleans())
def test_it_comes_back_as_it_was(pair: tuple[Record, Result], cached: bool) -> None:
    record, result = pair
    outcome = outcome_of(record, result)
    back = result_of(record, outcome.body, outcome.about, cached=cached)
    assert written(back, full=True) == written(replace(result, cached=cached), full=True)
    assert back.status == result.status and back.spans == dict(result.spans)


@dataclass(frozen=True)
class Said:
    text: str

    def as_json(self) -> dict[str, Any]:
        return {"said": self.text}


def test_what_the_pace_is_made_of() -> None:
    record = Record("r-1", 1, "text")
    result = Result(
        "r-1", "text", {}, {}, {}, "ok", "m", milliseconds=1500.0, usage={"completion": 7},
        timing={"first_token_ms": 20.0, "per_token_ms": 3.0}, exchanges=(Said("a"), Said("b")),
    )  # fmt: skip
    outcome = outcome_of(record, result)
    assert (outcome.seconds, outcome.ttft_ms, outcome.tpot_ms, outcome.tokens) == (1.5, 20.0, 3.0, 7)
    assert outcome.exchanges == (b'{"said":"a"}', b'{"said":"b"}')


@pytest.mark.parametrize(
    ("result", "reusable"),
    [
        (Result("r-1", "x", {}, {}, {}, "ok", "m"), True),
        (Result("r-1", "x", {}, {}, {}, "review", "m"), True),
        (Result("r-1", "x", None, {}, {}, "failed", "m"), False),
        (Result("r-1", "x", {}, {}, {}, "review", "m", (Issue("stage-skipped", None, "gone"),)), False),
    ],
)
def test_what_may_be_given_again(result: Result, reusable: bool) -> None:
    assert outcome_of(Record("r-1", 1, "x"), result).reusable is reusable


def test_a_record_that_could_not_be_worked_on() -> None:
    outcome = failed_outcome(Record("r-1", 4, "x", issues=(Issue("i", None, "m"),)), "ollama/q", "It died.")
    assert (outcome.position, outcome.status) == (4, "failed")
    assert b'"error":"It died."' in outcome.body and b'"code":"i"' in outcome.body
