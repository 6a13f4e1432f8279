"""How far to trust results: whether their confidences keep what they promise, and what review catches."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from gleanery.tasks.records import Result
from gleanery.tasks.scoring.comparisons import Compared
from gleanery.tasks.scoring.fields import CSL_KEYS

BINS = 15

Judged = tuple[float, bool]
"""A confidence from 0 to 1, and whether the value it belongs to is right."""


@dataclass(frozen=True, slots=True)
class Bin:
    """The values whose confidence lies from `low` to below `high`: how sure on average, what share is right."""

    low: float
    high: float
    n: int
    confidence: float
    accuracy: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """The expected calibration error of `n` confidences, from 0 to 1 (None where there are none), and its table.

    Method: Naeini, Cooper and Hauskrecht (2015): the mean distance between confidence and accuracy over
    15 bins of equal width, weighted by what is in them. Empty bins are left out.
    """

    n: int
    ece: float | None
    bins: Sequence[Bin]

    def as_json(self) -> dict[str, Any]:
        """The calibration as it stands in a report."""
        bins = [{name: round(value, 4) for name, value in asdict(row).items()} for row in self.bins]
        return {"n": self.n, "ece": self.ece, "bins": bins}


@dataclass(frozen=True, slots=True)
class Trust:
    """What became of `n` records, in percent: in review, failed, and of the `ok` ones how many are wholly right.

    `reasons` counts, for `review` and `failed`, the issues' codes, or the errors where there is no issue.
    """

    n: int
    review: float
    failed: float
    ok_right: float | None
    reasons: Mapping[str, Mapping[str, int]]

    def as_json(self) -> dict[str, Any]:
        """The figures as they stand in a report."""
        return asdict(self)


def calibration(judged: Iterable[Judged]) -> Calibration:
    """How well confidences tell what is right."""
    filled: defaultdict[int, list[Judged]] = defaultdict(list)
    for confidence, right in judged:
        filled[min(int(confidence * BINS), BINS - 1)].append((confidence, right))
    bins = [_bin(place, filled[place]) for place in sorted(filled)]
    n = sum(row.n for row in bins)
    error = sum(row.n * abs(row.confidence - row.accuracy) for row in bins)
    return Calibration(n, round(error / n, 4) if n else None, bins)


def field_confidences(compared: Iterable[Compared]) -> Iterator[Judged]:
    """The confidence of every predicted value of an annotated field; right is what is soft-equal to gold."""
    for reference in compared:
        for comparison in reference.fields:
            confidence = reference.result.confidence.get(CSL_KEYS[comparison.field])
            if comparison.predicted and confidence is not None:
                yield confidence, "soft" in comparison.matches


def record_confidences(compared: Iterable[Compared]) -> Iterator[Judged]:
    """The confidence of every record; right is one without a wrong field (soft)."""
    for reference in compared:
        confidence = reference.result.confidence.get("record")
        if confidence is not None:
            yield confidence, not reference.wrong("soft")


def trust(compared: Sequence[Compared]) -> Trust:
    """What became of the records, why, and whether `ok` may be believed."""
    statuses = Counter(reference.result.status for reference in compared)
    right = sum(reference.result.status == "ok" and not reference.wrong("soft") for reference in compared)
    reasons: dict[str, Counter[str]] = {"review": Counter(), "failed": Counter()}
    for reference in compared:
        if reference.result.status in reasons:
            reasons[reference.result.status].update(_reasons(reference.result))
    return Trust(
        n=len(compared),
        review=_percent(statuses["review"], len(compared)),
        failed=_percent(statuses["failed"], len(compared)),
        ok_right=_percent(right, statuses["ok"]) if statuses["ok"] else None,
        reasons={status: dict(counts.most_common()) for status, counts in reasons.items()},
    )


def _bin(place: int, judged: Sequence[Judged]) -> Bin:
    n = len(judged)
    confidence, accuracy = sum(sure for sure, _ in judged) / n, sum(right for _, right in judged) / n
    return Bin(place / BINS, (place + 1) / BINS, n, confidence, accuracy)


def _reasons(result: Result) -> set[str]:
    return {issue.code for issue in result.issues} or {result.error or "no reason given"}


def _percent(part: int, whole: int) -> float:
    return round(100 * part / max(1, whole), 2)
