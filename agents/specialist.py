"""Performs one record with the embedded reference specialist: labels, a Reference, its checks, a Result."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from time import perf_counter
from typing import TYPE_CHECKING

from gleanery.tasks.records import Issue, Record, Result
from gleanery.tasks.references.assemble import assemble

if TYPE_CHECKING:
    from gleanery.models.references.labeller import Labeller

MODEL = "embedded/references"


@dataclass(frozen=True, slots=True)
class Specialist:
    """The specialist at one task. `accept` is the record confidence from which a clean record is `ok`;
    `today` is the job's date, against which years are checked."""

    labeller: Labeller
    accept: float
    today: date

    def __call__(self, record: Record) -> Result:
        """Perform one record. Never raises: what goes wrong is the Result's `error`."""
        try:
            return self._perform(record)
        except Exception as error:
            message = f"{type(error).__name__}: {error}. This is a bug in Gleanery; please report it with this line."
            return Result(
                record.id,
                record.text,
                None,
                {},
                {"record": 0.0},
                "failed",
                MODEL,
                record.issues,
                message,
                record.carried,
            )

    def _perform(self, record: Record) -> Result:
        began = perf_counter()
        labelling = self.labeller(record.text)
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
            milliseconds=round(1000 * (perf_counter() - began), 3),
        )

    def _doubt(self, confidence: float, fields: dict[str, float]) -> Issue:
        weakest = min(fields, key=fields.__getitem__, default=None)
        doubtful = f"; most doubtful: {weakest} ({fields[weakest]:.2f})" if weakest else ""
        return Issue(
            "low-confidence",
            weakest,
            f"All of it is right with a chance of {confidence:.2f}, below {self.accept:.2f}{doubtful}.",
        )
