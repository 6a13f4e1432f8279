"""From labels of tokens to spans of the text."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.models.references.decoding import Run, bounds, certainties, confidences, runs
from gleanery.models.references.features import TOKEN
from gleanery.models.references.labels import LABELS


def tokens(text: str) -> list[tuple[int, int]]:
    return [match.span() for match in TOKEN.finditer(text)]


def value(text: str, label: str, first: int, last: int) -> str:
    start, end = bounds(text, Run(label, first, last), tokens(text))
    return text[start:end]


@given(st.lists(st.integers(0, len(LABELS)), max_size=30))
def test_runs_cover_exactly_the_labelled_tokens(best: list[int]) -> None:
    found = runs(best)
    rebuilt = [0] * len(best)
    for run in found:
        for at in range(run.first, run.last + 1):
            assert rebuilt[at] == 0
            rebuilt[at] = LABELS.index(run.label) + 1
    assert rebuilt == best
    assert all(one.label != two.label or one.last + 1 < two.first for one, two in pairwise(found))


@pytest.mark.parametrize(
    ("text", "label", "first", "last", "expected"),
    [
        ("Smith, J. Title", "author", 0, 1, "Smith, J."),
        ("Smith, John. Title", "author", 0, 1, "Smith, John"),
        ("Roe et al. Title", "author", 0, 2, "Roe et al."),
        ("Why me? 1999", "title", 0, 1, "Why me?"),
        ("Who? 1999", "author", 0, 0, "Who"),
        ("The (second) day", "title", 0, 1, "The (second)"),
        ("The end) day", "title", 0, 1, "The end"),
        ("(Not) all", "title", 0, 1, "(Not) all"),
        ("(not all", "title", 0, 1, "not all"),
        ("Phys. Rev. 7", "container-title", 0, 1, "Phys. Rev."),
        ("Nature. 7", "container-title", 0, 0, "Nature"),
    ],
)
def test_punctuation_at_the_edges(text: str, label: str, first: int, last: int, expected: str) -> None:
    assert value(text, label, first, last) == expected


@given(st.text("aB1 .,()[]{}“”«»‘’?!", max_size=40), st.data())
def test_bounds_stay_in_the_text_and_off_other_runs(text: str, data: st.DataObject) -> None:
    places = tokens(text)
    best = data.draw(st.lists(st.integers(0, len(LABELS)), min_size=len(places), max_size=len(places)))
    last = 0
    for run in runs(best):
        start, end = bounds(text, run, places)
        assert last <= start <= places[run.first][0] < places[run.last][1] <= end <= len(text)
        last = end


@given(st.lists(st.integers(0, len(LABELS)), min_size=1, max_size=12), st.integers(0, 2**32 - 1))
def test_confidence_is_the_weakest_token_and_the_edges(best: list[int], seed: int) -> None:
    scores = np.random.default_rng(seed).random((len(best), 1 + len(LABELS)), np.float32) / 2
    found, certain = runs(best), certainties(scores, best)
    assert certain == [float(row[label]) for row, label in zip(scores, best, strict=True)]
    for run, sure in zip(found, confidences(scores, best, certain, found), strict=True):
        column = LABELS.index(run.label) + 1
        expected = float(scores[run.first : run.last + 1, column].min())
        if run.first:
            expected *= 1 - float(scores[run.first - 1, column])
        if run.last + 1 < len(best):
            expected *= 1 - float(scores[run.last + 1, column])
        assert sure == pytest.approx(expected)
