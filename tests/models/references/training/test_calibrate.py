"""Calibration gives confidences that come true."""

import random

import numpy as np
import pytest

from gleanery.models.references.calibration import Calibration
from gleanery.models.references.features import ROWS, WIDTH
from gleanery.models.references.labels import LABELS
from gleanery.models.references.training.calibrate import Observations, comparable, fit, observe
from gleanery.models.references.training.corpus import Reference

FREE = [[0.0] * (1 + len(LABELS))] * (1 + len(LABELS))


def probabilities_of(*names: str | None):
    """A network that is 90 % sure of these labels, whatever it reads."""
    wanted = [1 + LABELS.index(name) if name else 0 for name in names]

    def probabilities(rows: list[int]) -> np.ndarray:
        assert max(rows) < ROWS and len(rows) == WIDTH * len(wanted)
        out = np.full((len(wanted), 1 + len(LABELS)), 0.1 / len(LABELS), np.float32)
        out[np.arange(len(wanted)), wanted] = 0.9
        return out

    return probabilities


def test_right_and_wrong_values_and_records_are_told_apart():
    into = Observations.none()
    reference = Reference("grobid-x", [("author", "Doe"), (None, " "), ("date", "1999")])
    observe(into, [reference], probabilities_of("author", "date"), FREE)
    observe(into, [reference], probabilities_of("author", "volume"), FREE)
    assert [right for _, right, _ in into.fields["author"]] == [1.0, 1.0]
    assert [right for _, right, _ in into.fields["date"]] == [1.0]
    assert [right for _, right, _ in into.fields["volume"]] == [0.0]
    assert [right for _, right, _ in into.records] == [1.0, 0.0]


def test_what_a_corpus_does_not_annotate_is_not_held_against_the_network():
    into = Observations.none()
    reference = Reference("linkedbooks-x", [("title", "Storia"), (None, " 3")])
    observe(into, [reference], probabilities_of("title", "volume"), FREE)
    assert "volume" not in into.fields
    assert into.records[0][1] == 1.0


def test_fitted_confidences_are_the_shares_that_are_right():
    rng, into = random.Random(5), Observations.none()
    for _ in range(4000):
        raw = rng.gauss(1, 2)
        right = float(rng.random() < 1 / (1 + np.exp(-(0.5 * raw - 0.3))))
        into.fields["title"].append((raw, right, 1.0))
        into.records.append(((raw, 0.0, 0.0, 0.0, 0.0), right, 1.0))
    slope, intercept = fit(into).labels["title"]
    assert slope == pytest.approx(0.5, abs=0.06)
    assert intercept == pytest.approx(-0.3, abs=0.12)
    assert fit(into).labels["isbn"] == fit(into).labels["title"], "a label never seen shares the common fit"


def test_a_calibration_is_read_back(tmp_path):
    calibration = Calibration({"title": (1.5, -0.25)}, (1.0, 0.0, 0.5, 0.25, 0.0, -1.0))
    file = tmp_path / "calibration.json"
    file.write_text(calibration.dump())
    assert Calibration.load(file) == calibration
    assert 0.0 <= calibration.field("title", 0.0) < calibration.field("title", 1.0) <= 1.0


@pytest.mark.parametrize(
    ("label", "one", "other"),
    [("date", "May 2011", "(2011)"), ("title", "Über: uns", "über uns."), ("page", "1–2", "1-2")],
)
def test_what_a_reader_would_not_mind(label, one, other):
    assert comparable(label, one) == comparable(label, other)
