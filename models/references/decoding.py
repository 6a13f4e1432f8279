"""From label probabilities of tokens to labelled spans of the text."""

from __future__ import annotations

import re
from itertools import groupby
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gleanery.models.references.labels import LABELS

_OPENED_BY = {")": "(", "]": "[", "}": "{", "”": "“", "»": "«", "’": "‘"}
_CLOSED_BY = {opener: closer for closer, opener in _OPENED_BY.items()}
_COLUMNS = {label: column for column, label in enumerate(LABELS, 1)}
_PARTS = re.compile(r"[.\s-]+")
_ABBREVIATED = re.compile(r"\b[^\W\d_]{1,5}\. ?[^\W\d_]")
_NAMES = frozenset(("author", "editor", "translator"))
_STOPPED = _NAMES | {"container-title"}
_TITLES = ("title", "container-title")
_ASKING = ("?", "!")


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
    for column, equal in groupby(best):
        following = first + len(list(equal))
        if column:
            out.append(Run(LABELS[column - 1], first, following - 1))
        first = following
    return out


def bounds(text: str, run: Run, tokens: list[tuple[int, int]]) -> tuple[int, int]:
    """Where a run stands in the text: its tokens, and the punctuation at their edges that belongs to the value.

    That is a bracket or quotation mark whose partner is inside, the stop of an initial or abbreviation, and
    a question or exclamation mark.
    """
    start, end = tokens[run.first][0], tokens[run.last][1]
    following = text[end : end + 1]
    if following == ".":
        end += _keeps_stop(run.label, text[start:end])
    elif following in _OPENED_BY:
        end += text.count(_OPENED_BY[following], start, end) > text.count(following, start, end)
    elif following in _ASKING:
        end += run.label in _TITLES
    if start and (before := text[start - 1]) in _CLOSED_BY:
        start -= text.count(_CLOSED_BY[before], start, end) > text.count(before, start, end)
    return start, end


def _keeps_stop(label: str, value: str) -> bool:
    if label not in _STOPPED:
        return False
    last = _PARTS.split(value[-12:])[-1]
    if label in _NAMES:
        return len(last) <= 2 and (last[:1].isupper() or last in ("al", "Jr", "jr"))
    return len(last) == 1 or (len(last) <= 8 and _ABBREVIATED.search(value) is not None)


def certainties(probabilities: npt.NDArray[np.float32], best: list[int]) -> list[float]:
    """The probability of each token's label."""
    return list(map(probabilities.item, range(len(best)), best))


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
