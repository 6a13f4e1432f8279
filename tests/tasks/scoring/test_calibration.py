from collections.abc import Callable
from dataclasses import replace

import pytest

from gleanery.tasks.records import Issue, Result
from gleanery.tasks.scoring.calibration import calibration, field_confidences, record_confidences, trust
from gleanery.tasks.scoring.comparisons import Compared, compare
from gleanery.tasks.scoring.gold import Gold

Plain = Callable[..., Result]


def beside(result: Result, source: str = "mine", **fields: str) -> Compared:
    return compare(Gold(1, source, "raw", fields), result)


def test_expected_error_by_hand() -> None:
    table = calibration([(1.0, True), (0.95, False), (0.1, False), (0.0, False)])
    assert table.n == 4
    # two in the last bin: sure 0.975, right 0.5; then 0.1 and 0.0, each alone and wrong
    assert table.ece == pytest.approx((2 * 0.475 + 0.1 + 0.0) / 4, abs=1e-4)
    assert [(row.n, row.accuracy) for row in table.bins] == [(1, 0.0), (1, 0.0), (2, 0.5)]
    assert table.as_json()["bins"][-1] == {"low": 0.9333, "high": 1.0, "n": 2, "confidence": 0.975, "accuracy": 0.5}


def test_nothing_is_no_error() -> None:
    assert calibration([]).as_json() == {"n": 0, "ece": None, "bins": []}


def test_values_that_are_given_annotated_and_rated_are_judged(plain: Plain) -> None:
    rated = plain(
        title="A", volume="8", DOI="10.1/a", publisher="P", confidence={"title": 0.9, "volume": 0.4, "DOI": 1}
    )
    assert list(field_confidences([beside(rated, "bir2024", title="a.", volume="7", year="1999")])) == [
        (0.9, True),
        (0.4, False),
    ]


def test_records_are_right_as_a_whole(plain: Plain) -> None:
    records = [
        beside(plain(title="A", confidence={"record": 0.8}), title="a"),
        beside(plain(title="A", confidence={"record": 0.7}), title="a", volume="7"),
        beside(plain(title="A"), title="a"),
    ]
    assert list(record_confidences(records)) == [(0.8, True), (0.7, False)]


def test_trust_by_hand(plain: Plain) -> None:
    unsure = replace(plain("review", title="A"), issues=(Issue("unsure", None, "."), Issue("unsure", "title", ".")))
    failed = replace(plain("failed"), output=None, error="no answer")
    records = [
        beside(plain(title="A"), title="a"),
        beside(plain(title="B"), title="a"),
        beside(unsure, title="a"),
        beside(failed, title="a"),
    ]
    assert trust(records).as_json() == {
        "n": 4,
        "review": 25.0,
        "failed": 25.0,
        "ok_right": 50.0,
        "reasons": {"review": {"unsure": 1}, "failed": {"no answer": 1}},
    }
    assert trust(records[2:]).ok_right is None
