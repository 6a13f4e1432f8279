"""Everything that is said about a task's results on gold references, as one report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gleanery.tasks.scoring.calibration import (
    Calibration,
    Trust,
    calibration,
    field_confidences,
    record_confidences,
    trust,
)
from gleanery.tasks.scoring.comparisons import Compared
from gleanery.tasks.scoring.matches import Match
from gleanery.tasks.scoring.score import Report, report


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The figures by field and source, the calibration of field and record confidences, and the trust figures."""

    report: Report
    fields: Calibration
    records: Calibration
    trust: Trust

    def as_json(self) -> dict[str, Any]:
        """The evaluation as one JSON object."""
        return {
            **self.report.as_json(),
            "calibration": {"fields": self.fields.as_json(), "records": self.records.as_json()},
            "trust": self.trust.as_json(),
        }


def evaluate(compared: Sequence[Compared]) -> Evaluation:
    """The evaluation of compared references."""
    return Evaluation(
        report=report(compared),
        fields=calibration(field_confidences(compared)),
        records=calibration(record_confidences(compared)),
        trust=trust(compared),
    )


def worst(compared: Sequence[Compared], match: Match, count: int) -> list[Compared]:
    """The references with the most wrong fields, the worst first; none that is right."""
    wrong = [reference for reference in compared if reference.wrong(match)]
    return sorted(wrong, key=lambda reference: -len(reference.wrong(match)))[:count]
