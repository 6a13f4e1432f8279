"""One result against its gold reference, field by field: what every figure is counted from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gleanery.tasks.records import Result
from gleanery.tasks.scoring.fields import NAME_FIELDS, annotated, comparable, is_persons
from gleanery.tasks.scoring.gold import Gold
from gleanery.tasks.scoring.matches import Match, matches
from gleanery.tasks.scoring.predictions import Prediction, prediction


@dataclass(frozen=True, slots=True)
class Comparison:
    """An annotated field that gold, prediction or both fill: the two texts (empty: not there) and what matches."""

    field: str
    gold: str
    predicted: str
    matches: frozenset[Match]


@dataclass(frozen=True, slots=True)
class Compared:
    """A gold reference, what became of it, and its fields side by side."""

    gold: Gold
    result: Result
    fields: tuple[Comparison, ...]

    def wrong(self, match: Match) -> Sequence[Comparison]:
        """The fields that are wrong, missed or made up."""
        return [field for field in self.fields if match not in field.matches]


def compare(gold: Gold, result: Result) -> Compared:
    """A result beside its gold reference."""
    return Compared(gold, result, compare_fields(gold, prediction(result)))


def compare_fields(gold: Gold, predicted: Prediction) -> tuple[Comparison, ...]:
    """The fields that the gold's corpus annotates, without those that both leave empty."""
    compared = (_compare_field(field, gold, predicted) for field in annotated(gold.source))
    return tuple(field for field in compared if field.gold or field.predicted)


def _compare_field(field: str, gold: Gold, predicted: Prediction) -> Comparison:
    truth, value = gold.fields.get(field), predicted["fields"].get(field)
    persons = is_persons(truth)
    if field in NAME_FIELDS and not persons:
        value = predicted["printed"].get(field) or value
    ours, theirs = comparable(field, truth, persons=persons), comparable(field, value, persons=persons)
    return Comparison(field, ours, theirs, matches(ours, theirs))
