"""The figures: precision, recall and F1 by field, their means, and how many references are right as a whole."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gleanery.tasks.scoring.comparisons import Compared, Comparison
from gleanery.tasks.scoring.fields import FIELDS, annotated
from gleanery.tasks.scoring.matches import MATCHES, Match


@dataclass(frozen=True, slots=True)
class Figures:
    """Precision, recall and F1 in percent, to two digits; `n` is the number of gold values."""

    precision: float
    recall: float
    f1: float
    n: int

    @classmethod
    def count(cls, fields: Sequence[Comparison], match: Match) -> Figures:
        """The figures of some compared fields. One that is wrong counts against precision and recall alike."""
        right = sum(match in field.matches for field in fields)
        given = sum(bool(field.predicted) for field in fields)
        wanted = sum(bool(field.gold) for field in fields)
        precision, recall = right / given if given else 0.0, right / wanted if wanted else 0.0
        f1 = 200 * precision * recall / (precision + recall) if right else 0.0
        return cls(round(100 * precision, 2), round(100 * recall, 2), round(f1, 2), wanted)

    def as_json(self) -> dict[str, float]:
        """The figures by the short names of the field's literature."""
        return {"p": self.precision, "r": self.recall, "f1": self.f1, "n": self.n}


@dataclass(frozen=True, slots=True)
class MatchScore:
    """A score under one match, in percent: `micro` over all values, `macro_f1` the mean over fields.

    `instance` is the share of references of which every annotated field is right.
    """

    fields: Mapping[str, Figures]
    micro: Figures
    macro_f1: float
    instance: float

    def as_json(self) -> dict[str, Any]:
        """The score as it stands in a report."""
        return {
            "micro": self.micro.as_json(),
            "macro_f1": self.macro_f1,
            "instance": self.instance,
            "fields": {field: figures.as_json() for field, figures in self.fields.items()},
        }


@dataclass(frozen=True, slots=True)
class Score:
    """The score of `n` references under every match."""

    n: int
    matches: Mapping[Match, MatchScore]

    def as_json(self) -> dict[str, Any]:
        """The score as it stands in a report."""
        return {"n": self.n, **{match: score.as_json() for match, score in self.matches.items()}}


@dataclass(frozen=True, slots=True)
class Report:
    """The score of every corpus, and of all references together, each by the fields that its corpus annotates."""

    overall: Score
    by_source: Mapping[str, Score]

    def as_json(self) -> dict[str, Any]:
        """The report as one JSON object."""
        return {
            "overall": self.overall.as_json(),
            "by_source": {source: score.as_json() for source, score in self.by_source.items()},
        }


def report(compared: Iterable[Compared]) -> Report:
    """The figures of compared references, all together and by source."""
    sources: defaultdict[str, list[Sequence[Comparison]]] = defaultdict(list)
    for reference in compared:
        sources[reference.gold.source].append(reference.fields)
    by_source = {source: score(references, annotated(source)) for source, references in sources.items()}
    if len(by_source) == 1:
        return Report(next(iter(by_source.values())), by_source)
    return Report(score([fields for references in sources.values() for fields in references]), by_source)


def score(references: Sequence[Sequence[Comparison]], order: Sequence[str] = FIELDS) -> Score:
    """The figures of references that are given as their compared fields; `order` is that of the fields."""
    return Score(len(references), {match: _match_score(references, order, match) for match in MATCHES})


def _match_score(references: Sequence[Sequence[Comparison]], order: Sequence[str], match: Match) -> MatchScore:
    by_field: dict[str, list[Comparison]] = {field: [] for field in order}
    for reference in references:
        for comparison in reference:
            by_field[comparison.field].append(comparison)
    fields = {field: Figures.count(compared, match) for field, compared in by_field.items() if compared}
    whole = sum(all(match in field.matches for field in reference) for reference in references)
    return MatchScore(
        fields=fields,
        micro=Figures.count([field for compared in by_field.values() for field in compared], match),
        macro_f1=round(sum(figures.f1 for figures in fields.values()) / max(1, len(fields)), 2),
        instance=round(100 * whole / max(1, len(references)), 2),
    )
