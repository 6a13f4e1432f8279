"""From label probabilities of tokens to labelled spans of the text."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gleanery.models.references.labels import LABELS

_OPENED_BY = {")": "(", "]": "[", "}": "{", "”": "“", "»": "«", "’": "‘"}
_COLUMNS = {label: column for column, label in enumerate(LABELS, 1)}
_PARTS = re.compile(r"[.\s-]+")
_ABBREVIATED = re.compile(r"\b[^\W\d_]{1,5}\. ?[^\W\d_]")
_NAMES = frozenset(("author", "editor", "translator"))


class LabelledSpan(NamedTuple):
    """A part of the text with its label: code points, end exclusive; `confidence` from 0 to 1."""

    label: str
    start: int
    end: int
    confidence: float


class Run(NamedTuple):
    """Consecutive tokens of one label: `first` to `last`, both inclusive."""

    label: str
    first: int
    last: int


def runs(best: list[int]) -> list[Run]:
    """The runs of equal labels among the tokens' best labels (0 is "no label")."""
    out: list[Run] = []
    first = 0
    for index in range(1, len(best) + 1):
        if index == len(best) or best[index] != best[first]:
            if best[first]:
                out.append(Run(LABELS[best[first] - 1], first, index - 1))
            first = index
    return out


def bounds(text: str, run: Run, tokens: list[tuple[int, int]]) -> tuple[int, int]:
    """Where a run stands in the text: its tokens, and the punctuation at their edges that belongs to the value.

    That is a bracket or quotation mark whose partner is inside, the stop of an initial or abbreviation, and
    a question or exclamation mark.
    """
    start, end = tokens[run.first][0], tokens[run.last][1]
    value = text[start:end]
    if end < len(text):
        following = text[end]
        opener = _OPENED_BY.get(following)
        if opener is not None:
            end += value.count(opener) > value.count(following)
        elif following == ".":
            end += _keeps_stop(run.label, value)
        elif following in "?!":
            end += run.label in ("title", "container-title")
    if start and text[start - 1] in "([{“«‘":
        closer = next(c for c, o in _OPENED_BY.items() if o == text[start - 1])
        start -= text.count(closer, start, end) > text.count(text[start - 1], start, end)
    return start, end


def _keeps_stop(label: str, value: str) -> bool:
    last = _PARTS.split(value[-12:])[-1]
    if label in _NAMES:
        return len(last) <= 2 and (last[:1].isupper() or last in ("al", "Jr", "jr"))
    if label == "container-title":
        return len(last) == 1 or (len(last) <= 8 and _ABBREVIATED.search(value) is not None)
    return False


def certainties(probabilities: npt.NDArray[np.float32], best: list[int]) -> list[float]:
    """The probability of each token's label."""
    certain: list[float] = probabilities[np.arange(len(best)), best].tolist()
    return certain


def confidences(
    probabilities: npt.NDArray[np.float32], best: list[int], certain: list[float], found: list[Run]
) -> list[float]:
    """For each run how sure it is that all of it, and neither neighbour, has its label.

    The probability of its weakest token, times the neighbours' of not having its label; calibration makes of it what
    it is worth.
    """
    at, count = probabilities.item, len(best)
    out: list[float] = []
    for label, first, last in found:
        column = _COLUMNS[label]
        before = 1.0 - at(first - 1, column) if first else 1.0
        after = 1.0 - at(last + 1, column) if last + 1 < count else 1.0
        out.append(min(certain[first : last + 1]) * before * after)
    return out
