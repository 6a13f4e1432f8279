"""What a raw confidence is worth."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.models.references.calibration import RECORD_FEATURES, Calibration, logit, record_features
from gleanery.models.references.decoding import Run
from gleanery.models.references.labeller import WEIGHTS
from gleanery.models.references.labels import LABELS

SURE = st.floats(0, 1)
CALIBRATION = Calibration({"title": (1.5, -0.25)}, (0.5, 0.1, 0.2, -0.3, 0.0, 1.0))


def test_reads_what_it_wrote(tmp_path: Path) -> None:
    file = tmp_path / "calibration.json"
    file.write_text(CALIBRATION.dump(), encoding="utf-8")
    assert Calibration.load(file) == CALIBRATION


def test_the_one_that_is_shipped_knows_every_label() -> None:
    shipped = Calibration.load(WEIGHTS / "calibration.json")
    assert set(shipped.labels) == set(LABELS)
    assert len(shipped.record) == RECORD_FEATURES + 1


@given(SURE, SURE)
def test_more_sure_is_never_worth_less(one: float, two: float) -> None:
    low, high = sorted((one, two))
    assert 0 <= CALIBRATION.field("title", low) <= CALIBRATION.field("title", high) <= 1


@given(st.lists(SURE, max_size=30), st.integers(0, 100_000), SURE)
def test_a_record_is_right_with_a_chance(raw: list[float], tokens: int, certainty: float) -> None:
    found = [Run("title", at, at) for at in range(len(raw))]
    features = record_features(found, raw, tokens, certainty)
    assert len(features) == RECORD_FEATURES
    assert 0 <= CALIBRATION.whole(features) <= 1


def test_extremes_stay_finite() -> None:
    assert logit(0.0) == pytest.approx(-logit(1.0))
    assert CALIBRATION._replace(labels={"title": (1e6, 0.0)}).field("title", 0.0) == 0.0
    assert CALIBRATION._replace(labels={"title": (1e6, 0.0)}).field("title", 1.0) == 1.0
