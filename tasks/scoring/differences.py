"""Two reports beside each other: what a change of task, model or code has gained and lost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gleanery.errors import UsageError
from gleanery.tasks.scoring.matches import MATCHES, Match

OVERALL = "overall"
MICRO = "micro F1"
INSTANCE = "instance"


@dataclass(frozen=True, slots=True)
class Difference:
    """One figure in percent before and now; `where` is `overall` or a source, `figure` a field or a mean."""

    where: str
    figure: str
    before: float
    now: float

    @property
    def change(self) -> float:
        """Points gained, negative when lost."""
        return round(self.now - self.before, 2)


def read_report(path: Path) -> dict[str, Any]:
    """An earlier report.

    Raises:
        UsageError: the file cannot be read or is not what `gleanery eval --json` prints.
    """
    try:
        earlier = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: is not JSON ({error}); give what `gleanery eval --json` printed") from error
    if not isinstance(earlier, dict) or not all(map(_is_score, _scores(earlier).values())):
        raise UsageError(f"{path}: is no report of ours; give what `gleanery eval --json` printed")
    return earlier


def differences(earlier: Mapping[str, Any], now: Mapping[str, Any], match: Match) -> list[Difference]:
    """Every figure that both reports (as JSON) have: the means of all and of each source, and each field's F1.

    Where both are of one source only, its figures are those of all, and are not said twice.
    """
    before, after = _scores(earlier), _scores(now)
    one_source = len(before) == len(after) == 2
    return [
        Difference(where, figure, value, current)
        for where in ([OVERALL] if one_source else after)
        if where in before
        for figure, value, current in _pairs(before[where][match], after[where][match])
    ]


def losses(differences: Iterable[Difference], tolerance: float) -> Sequence[Difference]:
    """The means that fell by more than `tolerance` points: any micro F1, and the instance accuracy of all."""
    return [
        difference
        for difference in differences
        if difference.change < -tolerance
        and (difference.figure == MICRO or (difference.where, difference.figure) == (OVERALL, INSTANCE))
    ]


def _scores(report: Mapping[str, Any]) -> dict[str, Any]:
    sources = report.get("by_source")
    return {OVERALL: report.get("overall"), **(sources if isinstance(sources, dict) else {})}


def _is_score(value: Any) -> bool:
    scores = [value.get(match) for match in MATCHES] if isinstance(value, dict) else [None]
    return all(isinstance(score, dict) and {"micro", "instance", "fields"} <= score.keys() for score in scores)


def _pairs(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, float, float]]:
    yield MICRO, before["micro"]["f1"], now["micro"]["f1"]
    yield INSTANCE, before["instance"], now["instance"]
    for field, figures in now["fields"].items():
        if field in before["fields"]:
            yield field, before["fields"][field]["f1"], figures["f1"]
