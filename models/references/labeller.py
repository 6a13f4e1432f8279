"""The embedded reference specialist at work: a reference string in, labelled spans with calibrated confidences out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import onnxruntime

from gleanery.errors import ModelError
from gleanery.models.references.calibration import Calibration, record_features
from gleanery.models.references.decoding import LabelledSpan, bounds, certainties, confidences, runs
from gleanery.models.references.features import WIDTH, Features
from gleanery.models.references.viterbi import best_path, load_transitions

WEIGHTS = Path(__file__).parent / "weights"
WINDOW = 512
"""Tokens that the network reads at once. No reference is that long; a longer text is read in pieces, in flat memory."""


Probabilities = npt.NDArray[np.float32]


class Labelling(NamedTuple):
    """What the specialist found in one text; `confidence`: the chance that all of it is right."""

    spans: list[LabelledSpan]
    confidence: float


_NOTHING = Labelling([], 0.0)


class Labeller:
    """Labels reference strings. Safe to share between threads.

    Every text is labelled alone and on one thread, so its labels and confidences do not depend on what
    else is done before, beside or with it: 8-bit activations, whose scale depends on all that is in a batch, cost
    no reproducibility that way, and are faster than batches in floating point.
    """

    def __init__(self, weights: Path = WEIGHTS) -> None:
        self._folder = weights
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        try:
            self._session = onnxruntime.InferenceSession(
                str(weights / "references.onnx"), options, providers=["CPUExecutionProvider"]
            )
            self._transitions = load_transitions(weights / "transitions.json")
            self._calibration = Calibration.load(weights / "calibration.json")
        except Exception as error:
            raise ModelError(
                f"The embedded specialist cannot be loaded from {weights}: {error}. Reinstall gleanery, "
                "or train it anew with `make train-references`."
            ) from error
        self._features = Features()

    @cached_property
    def digest(self) -> str:
        """The sha256 of all that its answers depend on, but for the code."""
        digest = hashlib.sha256()
        for name in ("references.onnx", "transitions.json", "calibration.json"):
            digest.update((self._folder / name).read_bytes())
        return digest.hexdigest()

    def __call__(self, text: str) -> Labelling:
        """Label one text."""
        return self.label([text])[0]

    def label(self, texts: Sequence[str]) -> list[Labelling]:
        """Label some texts, each alone, but in three sweeps: features, network, spans.

        A sweep keeps its code and its weights in the processor's cache; a sixth of the time is saved.
        """
        read = [self._features(text) for text in texts]
        seen = [self.probabilities(rows) if tokens else None for tokens, rows in read]
        return [
            _NOTHING if probabilities is None else self._labelling(text, tokens, probabilities)
            for text, (tokens, _), probabilities in zip(texts, read, seen, strict=True)
        ]

    def _labelling(self, text: str, tokens: list[tuple[int, int]], probabilities: Probabilities) -> Labelling:
        best = best_path(probabilities, self._transitions)
        found = runs(best)
        if not found:
            return _NOTHING
        certain = certainties(probabilities, best)
        raw = confidences(probabilities, best, certain, found)
        spans = [
            LabelledSpan(run.label, *bounds(text, run, tokens), self._calibration.field(run.label, value))
            for run, value in zip(found, raw, strict=True)
        ]
        return Labelling(spans, self._calibration.whole(record_features(found, raw, len(tokens), min(certain))))

    def probabilities(self, rows: list[int]) -> Probabilities:
        """Label probabilities (tokens, 1 + labels) of feature rows as `Features` gives them."""
        array = np.array(rows, np.int32).reshape(-1, WIDTH)
        if len(array) <= WINDOW:
            return self._run(array)
        return np.concatenate([self._run(array[at : at + WINDOW]) for at in range(0, len(array), WINDOW)])

    def _run(self, rows: npt.NDArray[np.int32]) -> Probabilities:
        out: Probabilities = self._session.run(None, {"rows": rows})[0]
        return out
