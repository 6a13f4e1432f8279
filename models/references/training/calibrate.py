"""Fits what raw confidences are worth, on references of corpora that the network was not trained on.

Leave one corpus out: a smaller network is trained without a family of corpora and labels that family; pooled with the
final network's answers on the development set, these show how far a confidence can be trusted on strange references as
well as on familiar ones. The fit is Platt scaling, by iteratively reweighted least squares with a small ridge.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gleanery.models.references.calibration import Calibration, logit, record_features
from gleanery.models.references.decoding import LabelledSpan, bounds, certainties, confidences, runs
from gleanery.models.references.features import Features
from gleanery.models.references.labels import LABELS
from gleanery.models.references.training.corpus import Reference, Segment
from gleanery.models.references.viterbi import Transitions, best_path

Probabilities = Callable[[list[int]], npt.NDArray[np.float32]]
Floats = npt.NDArray[np.float64]

_COMMON = ("author", "title", "container-title", "date", "volume", "issue", "page", "publisher", "publisher-place",
           "editor", "doi", "url")  # fmt: skip
ANNOTATED = {
    "linkedbooks": ("author", "title", "date", "publisher", "publisher-place", "page"),
    "grobid": _COMMON,
    "anystyle": _COMMON,
}
"""What a family of corpora annotates; about other labels it says nothing."""
_YEAR = re.compile(r"1[4-9]\d\d|20\d\d")
FEWEST = 200
"""Observations that a label needs for a fit of its own; rarer labels share one."""


class Observations(NamedTuple):
    """By label: logit of the raw confidence, 1 where the value was right, weight; and the same of whole records."""

    fields: dict[str, list[tuple[float, float, float]]]
    records: list[tuple[tuple[float, ...], float, float]]

    @classmethod
    def none(cls) -> Observations:
        """No observations yet."""
        return cls(defaultdict(list), [])


def observe(
    into: Observations,
    references: Iterable[Reference],
    probabilities: Probabilities,
    transitions: Transitions,
    *,
    weight: float = 1.0,
) -> None:
    """Label `references` and add to `into` what was right; each reference counts `weight`."""
    features = Features()
    for source, segments in references:
        annotated = ANNOTATED[source.split("-")[0]]
        text = "".join(part for _, part in segments)
        tokens, rows = features(text)
        if not tokens:
            continue
        scores = probabilities(rows)
        best = best_path(scores, transitions)
        found = runs(best)
        certain = certainties(scores, best)
        raw = confidences(scores, best, certain, found)
        spans = [LabelledSpan(run.label, *bounds(text, run, tokens), 0.0) for run in found]
        gold = _values(segments)
        for span, value in zip(spans, raw, strict=True):
            if span.label in annotated:
                right = comparable(span.label, text[span.start : span.end]) in gold[span.label]
                into.fields[span.label].append((logit(value), float(right), weight))
        predicted: dict[str, list[str]] = defaultdict(list)
        for span in spans:
            predicted[span.label].append(comparable(span.label, text[span.start : span.end]))
        whole = all(predicted[label][:1] == gold[label][:1] for label in annotated)
        into.records.append((record_features(found, raw, len(tokens), min(certain)), float(whole), weight))


def comparable(label: str, value: str) -> str:
    """A value without what a reader would not mind: case, punctuation and spacing; of a date, its year."""
    if label == "date" and (year := _YEAR.search(value)):
        return year.group()
    return "".join(c for c in unicodedata.normalize("NFKC", value).lower() if c.isalnum())


def _values(segments: list[Segment]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = defaultdict(list)
    for label, text in segments:
        if label:
            values[label].append(comparable(label, text))
    return values


def fit(observations: Observations) -> Calibration:
    """The calibration that the observations support."""
    pooled = [row for rows in observations.fields.values() for row in rows]
    common = _platt(pooled)
    labels = {
        label: _platt(observations.fields[label]) if len(observations.fields[label]) >= FEWEST else common
        for label in LABELS
    }
    rows = np.array([features for features, _, _ in observations.records])
    right = np.array([right for _, right, _ in observations.records])
    weights = np.array([weight for _, _, weight in observations.records])
    return Calibration(labels, tuple(np.round(_logistic(rows, right, weights), 5).tolist()))


def _platt(rows: list[tuple[float, float, float]]) -> tuple[float, float]:
    array = np.array(rows)
    slope, intercept = np.round(_logistic(array[:, :1], array[:, 1], array[:, 2]), 5).tolist()
    return slope, intercept


def _logistic(rows: Floats, right: Floats, weights: Floats, ridge: float = 1e-2) -> Floats:
    """Weights of a logistic regression, the intercept last."""
    design = np.hstack([rows, np.ones((len(rows), 1))])
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        probability = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        spread = np.maximum(probability * (1 - probability), 1e-6) * weights
        gradient = design.T @ (weights * (right - probability)) - ridge * beta
        step = np.linalg.solve(design.T @ (design * spread[:, None]) + ridge * np.eye(len(beta)), gradient)
        beta += step
        if np.abs(step).max() < 1e-8:
            break
    return beta
