"""Performs records with the embedded reference specialist: labels, a Reference, its checks, a Result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import floor
from time import perf_counter
from typing import TYPE_CHECKING

from gleanery.tasks.records import Issue, Record, Result
from gleanery.tasks.references.assemble import assemble

if TYPE_CHECKING:
    from gleanery.models.references.labeller import Labeller, Labelling

MODEL = "embedded/references"


@dataclass(frozen=True, slots=True)
class Specialist:
    """The specialist at one task. `accept` is the record confidence from which a clean record is `ok`;
    `today` is the job's date, against which years are checked."""

    labeller: Labeller
    accept: float
    today: date

    def __call__(self, records: Sequence[Record]) -> list[Result]:
        """Perform some records, each by itself. Never raises: what goes wrong with one is that Result's `error`."""
        began = perf_counter()
        try:
            labellings = self.labeller.label([record.text for record in records])
            shared = (perf_counter() - began) / max(1, len(records))
            return [self._result(*pair, shared) for pair in zip(records, labellings, strict=True)]
        except Exception as error:
            if len(records) == 1:
                return [_failed(records[0], error)]
            return [result for record in records for result in self([record])]

    def _result(self, record: Record, labelling: Labelling, shared: float) -> Result:
        """The Result of one record; `shared` is its share of the seconds that labelling took."""
        began = perf_counter()
        found = assemble(record.text, labelling.spans, today=self.today)
        issues = [*record.issues, *found.issues]
        if labelling.spans and labelling.confidence < self.accept:
            issues.append(self._doubt(labelling.confidence, found.confidence))
        return Result(
            id=record.id,
            input=record.text,
            output=found.reference,
            spans=found.spans,
            confidence={"record": labelling.confidence, **found.confidence},
            status="review" if issues else "ok",
            model=MODEL,
            issues=tuple(issues),
            carried=record.carried,
            milliseconds=round(1000 * (shared + perf_counter() - began), 3),
        )

    def _doubt(self, confidence: float, fields: dict[str, float]) -> Issue:
        weakest = min(fields, key=fields.__getitem__, default=None)
        doubtful = f"; most doubtful: {weakest} ({fields[weakest]:.2f})" if weakest else ""
        return Issue(
            "low-confidence",
            weakest,
            f"All of it is right with a chance of {floor(100 * confidence) / 100:.2f}, "
            f"below {self.accept:.2f}{doubtful}.",
        )


def _failed(record: Record, error: Exception) -> Result:
    return Result(
        id=record.id,
        input=record.text,
        output=None,
        spans={},
        confidence={"record": 0.0},
        status="failed",
        model=MODEL,
        issues=record.issues,
        error=f"{type(error).__name__}: {error}. This is a bug in Gleanery; please report it with this line.",
        carried=record.carried,
    )
