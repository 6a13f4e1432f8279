"""The best sequence of labels: what the network says of each token, and which label may follow which.

Viterbi's algorithm over a linear-chain conditional random field (Lafferty, McCallum and Pereira 2001), pruned: a label
less probable than `FLOOR` at a token is not looked at there. Most tokens are then left with one label and the search
costs microseconds.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import numpy.typing as npt

FLOOR = 0.002

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
    best: list[int] = probabilities.argmax(axis=1).tolist()
    tokens, labels = np.nonzero(probabilities > FLOOR)
    if len(tokens) == len(best):
        return best
    scores = np.log(probabilities[tokens, labels]).tolist()
    candidates: list[list[tuple[int, float]]] = [[] for _ in best]
    for token, label, score in zip(tokens.tolist(), labels.tolist(), scores, strict=True):
        candidates[token].append((label, score))
    return _search(candidates, transitions)


def _search(candidates: list[list[tuple[int, float]]], transitions: Transitions) -> list[int]:
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
