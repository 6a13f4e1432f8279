"""The best sequence of labels: what the network says of each token, and which label may follow which.

Viterbi's algorithm over a linear-chain conditional random field (Lafferty, McCallum and Pereira 2001), pruned: a label
less probable than `FLOOR` at a token is not looked at there. Most tokens are then left with one label and the search
costs microseconds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

FLOOR = 0.01

Column = list[tuple[int, float]]
"""The labels of one token that are looked at, with the log of their probabilities."""
Transitions = list[list[float]]
"""Score of the label in the column after the label in the row; index 0 is "no label"."""


def load_transitions(path: Path) -> Transitions:
    """Read what `dump_transitions` wrote."""
    transitions: Transitions = json.loads(path.read_text(encoding="utf-8"))
    return transitions


def dump_transitions(transitions: Transitions) -> str:
    """The transitions as JSON, a row a line."""
    rows = (json.dumps([round(score, 3) for score in row]) for row in transitions)
    return "[\n" + ",\n".join(rows) + "\n]\n"


def best_path(probabilities: npt.NDArray[np.float32], transitions: Transitions) -> list[int]:
    """The label of each token; `probabilities` (tokens, labels)."""
    count, width = probabilities.shape
    flat = probabilities.reshape(-1)
    places = (flat > FLOOR).nonzero()[0]
    if len(places) == count:
        return cast(list[int], (places % width).tolist())
    candidates: list[Column] = [[] for _ in range(count)]
    for place, score in zip(places.tolist(), np.log(flat[places]).tolist(), strict=True):
        candidates[place // width].append((place % width, score))
    path = [column[0][0] for column in candidates]
    for first, last in _unsure(candidates):
        path[first:last] = _search(candidates[first:last], transitions)
    return path


def _unsure(candidates: list[Column]) -> Iterator[tuple[int, int]]:
    """The stretches of tokens with more than one label each, with the sure neighbour at either side.

    A label that is sure parts the search: what is best before it does not depend on what comes after.
    """
    first = -1
    for token, column in enumerate(candidates):
        if len(column) > 1:
            first = max(token - 1, 0) if first < 0 else first
        elif first >= 0:
            yield first, token + 1
            first = -1
    if first >= 0:
        yield first, len(candidates)


def _search(candidates: list[Column], transitions: Transitions) -> list[int]:
    reached = dict(candidates[0])
    came_from: list[dict[int, int]] = []
    for column in candidates[1:]:
        following: dict[int, float] = {}
        origins: dict[int, int] = {}
        for label, score in column:
            top, origin = -math.inf, 0
            for previous, so_far in reached.items():
                total = so_far + transitions[previous][label]
                if total > top:
                    top, origin = total, previous
            following[label] = top + score
            origins[label] = origin
        came_from.append(origins)
        reached = following
    label = max(reached, key=reached.__getitem__)
    path = [label]
    for origins in reversed(came_from):
        label = origins[label]
        path.append(label)
    path.reverse()
    return path
