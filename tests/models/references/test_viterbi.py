"""The best path is the best of all paths."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.models.references.viterbi import FLOOR, best_path, dump_transitions, load_transitions

LABELS = 3


@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.sampled_from([3.0, 0.1]))
def test_finds_the_path_that_exhaustive_search_finds(seed: int, tokens: int, evenness: float) -> None:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(LABELS) * evenness, tokens).astype(np.float32)
    transitions = rng.normal(size=(LABELS, LABELS)).round(3).tolist()

    def score(path: tuple[int, ...]) -> float:
        kept = [probabilities[at, label] for at, label in enumerate(path)]
        alone = sum(float(np.log(value)) if value > FLOOR else -math.inf for value in kept)
        return alone + sum(transitions[one][two] for one, two in itertools.pairwise(path))

    exhaustive = max(itertools.product(range(LABELS), repeat=tokens), key=score)
    found = tuple(best_path(probabilities, transitions))
    assert score(found) == pytest.approx(score(exhaustive), abs=1e-5)


def test_a_transition_overrules_a_narrow_token():
    probabilities = np.array([[0.9, 0.1], [0.45, 0.55], [0.9, 0.1]], np.float32)
    assert best_path(probabilities, [[0.0, 0.0], [0.0, 0.0]]) == [0, 1, 0]
    assert best_path(probabilities, [[1.0, -1.0], [-1.0, 1.0]]) == [0, 0, 0]


def test_sure_tokens_need_no_search():
    probabilities = np.array([[0.999, 0.001], [0.001, 0.999]], np.float32)
    assert best_path(probabilities, [[9.0, -9.0], [-9.0, 9.0]]) == [0, 1]


def test_transitions_are_read_back_to_three_digits(tmp_path):
    file = tmp_path / "transitions.json"
    file.write_text(dump_transitions([[0.12345, -2.0], [1.0, 0.0]]))
    assert load_transitions(file) == [[0.123, -2.0], [1.0, 0.0]]
