"""What a raw confidence is worth: the chance that the value, or the whole record, is right.

Platt scaling (Platt 1999), fitted on references of corpora that the network had not been trained on, so that the
figures hold for strange references too. See the model card.
"""

from __future__ import annotations

import json
import math
from operator import mul
from pathlib import Path
from typing import Any, NamedTuple

from gleanery.models.references.decoding import Run

RECORD_FEATURES = 5
_LEAST, _MOST = 1e-5, 1 - 1e-5


class Calibration(NamedTuple):
    """Slope and intercept per label, and the weights of a whole record's features (the last is the intercept)."""

    labels: dict[str, tuple[float, float]]
    record: tuple[float, ...]

    @classmethod
    def load(cls, path: Path) -> Calibration:
        """Read what `dump` wrote."""
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return cls({label: (a, b) for label, (a, b) in data["labels"].items()}, tuple(data["record"]))

    def dump(self) -> str:
        """The calibration as JSON."""
        return json.dumps({"labels": self.labels, "record": self.record}, indent=1)

    def field(self, label: str, raw: float) -> float:
        """The chance that a value of this label with this raw confidence is right, to four digits."""
        slope, intercept = self.labels[label]
        return round(_sigmoid(slope * logit(raw) + intercept), 4)

    def whole(self, features: tuple[float, ...]) -> float:
        """The chance that every value of a record is right, to four digits."""
        return round(_sigmoid(sum(map(mul, self.record, features)) + self.record[-1]), 4)


def record_features(found: list[Run], raw: list[float], tokens: int, certainty: float) -> tuple[float, ...]:
    """What tells whether a whole record is right; `certainty` is the least probability of any token's best label.

    Logit of the weakest value, log of the product of all, logit of the weakest token, number of values, log of tokens.
    """
    product = sum([math.log(value if value > 1e-6 else 1e-6) for value in raw])
    return (logit(min(raw, default=0.0)), product, logit(certainty), len(found) / 10, math.log1p(tokens))


def logit(probability: float) -> float:
    """Log odds, bounded where a float32 softmax no longer tells."""
    bounded = _LEAST if probability < _LEAST else _MOST if probability > _MOST else probability
    return math.log(bounded / (1 - bounded))


def _sigmoid(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value > -700 else 0.0
