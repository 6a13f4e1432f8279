"""What makes two pieces of work equal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from scripted_executor import MODEL, manifest

from gleanery.jobs.content import content_of, seed_of
from gleanery.jobs.executors.executor import Opened
from gleanery.jobs.work import Work
from gleanery.tasks.records import Issue, Record

OPENED = Opened({MODEL: "d1"}, "f1")
RECORD = Record("r-1", 1, "text", {"year": 2020, "place": "Oslo"}, (Issue("torn", None, "It is torn."),))


def work(digest: str = "b1", **changes: Any) -> Work:
    return Work("j-1", manifest(**{"cache": True, **changes}), digest, {})


def content(work: Work, opened: Opened = OPENED, record: Record = RECORD) -> bytes:
    seed = seed_of(work, opened)
    assert seed is not None
    return content_of(seed, record)


def test_the_record_s_id_and_place_and_the_job_do_not_count() -> None:
    there = replace(RECORD, id="r-9", position=9)
    assert content(work()) == content(replace(work(), job="j-2"), record=there)
    assert content(work(options={"a": 1, "b": 2})) == content(work(options={"b": 2, "a": 1}))
    assert len(content(work())) == 32


@pytest.mark.parametrize(
    "other",
    [
        work("b2"),
        work(options={"temperature": 1.0}),
        work(sample=1),
        work(version="1"),
        work(task_digest="t2"),
        work(models=(MODEL, MODEL)),
    ],
)
def test_other_work_is_other_content(other: Work) -> None:
    assert content(work()) != content(other)


@pytest.mark.parametrize("opened", [Opened({MODEL: "d2"}, "f1"), Opened({MODEL: "d1"}, "f2")])
def test_other_models_and_other_code_are_other_content(opened: Opened) -> None:
    assert content(work()) != content(work(), opened)


@pytest.mark.parametrize(
    "record", [replace(RECORD, text="Text"), replace(RECORD, carried={}), replace(RECORD, issues=())]
)
def test_another_input_is_other_content(record: Record) -> None:
    assert content(work()) != content(work(), record=record)


@pytest.mark.parametrize(
    ("work", "opened"),
    [
        (work(cache=False), OPENED),
        (work(kind="agent"), OPENED),
        (work(), Opened({MODEL: "d1"}, None)),
        (work(), Opened({MODEL: None}, "f1")),
    ],
)
def test_what_may_turn_out_otherwise_is_never_taken_over(work: Work, opened: Opened) -> None:
    assert seed_of(work, opened) is None
