"""An endless, reproducible stream of training samples: real references, disturbed and recombined, and synthetic ones.

Sample number n of a seed is always the same, whatever the number of processes that make them.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from gleanery.models.references.features import WIDTH, Features
from gleanery.models.references.labels import LABELS
from gleanery.models.references.training import corpus
from gleanery.models.references.training.corpus import Segment
from gleanery.models.references.training.synthesis import csl, templates

CHUNK = 2048
"""Samples made at a time."""
LONGEST = 120
"""Tokens of a training sample at the most; longer references are cut."""

Array = npt.NDArray[np.int32]
_INDEX = {label: index for index, label in enumerate(LABELS, 1)}


class Mixture(NamedTuple):
    """Shares of the stream, and of the real references by the first word of their source."""

    templates: float = 0.40
    csl: float = 0.22
    real: tuple[tuple[str, float], ...] = (("linkedbooks", 0.45), ("grobid", 0.30), ("anystyle", 0.25))


def encode(segments: list[Segment], features: Features) -> tuple[Array, Array]:
    """Feature rows (tokens, WIDTH) and label indices (tokens) of labelled segments; 0 is "no label"."""
    text = "".join(part for _, part in segments)
    tokens, rows = features(text)
    bounds: list[tuple[int, int]] = []
    position = 0
    for label, part in segments:
        position += len(part)
        bounds.append((position, _INDEX[label] if label else 0))
    labels, at = [], 0
    for start, _ in tokens:
        while bounds[at][0] <= start:
            at += 1
        labels.append(bounds[at][1])
    cut = LONGEST
    return np.array(rows, np.int32).reshape(-1, WIDTH)[:cut], np.array(labels, np.int32)[:cut]


class StyledItems:
    """Metadata rendered by citation styles: any item in any style, types of items evened out."""

    def __init__(self, data: Path) -> None:
        self.styles = [csl.Style.load(path) for path in sorted((data / "csl").glob("*.csl"))]
        groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for path in sorted((data / "meta").glob("*.jsonl")):
            with path.open(encoding="utf-8") as lines:
                for item in map(json.loads, lines):
                    groups[path.name, item.get("type", "document")].append(item)
        self.groups = list(groups.values())
        # Large collections of one kind stay common, but the rest is seen more often than its share of the data.
        self.shares = [len(group) ** 0.5 for group in self.groups]

    def random(self, rng: random.Random) -> list[Segment]:
        """One item in one style; empty when the style cannot print it."""
        item = rng.choice(rng.choices(self.groups, self.shares)[0])
        try:
            return csl.render(rng.choice(self.styles), csl.vary(item, rng), rng, rng.randint(1, 200))
        except csl.CslError:
            return []


class Maker:
    """Makes samples; one lives in each process."""

    def __init__(self, data: Path, mixture: Mixture, leave_out: str | None) -> None:
        self.features = Features()
        self.mixture = mixture
        self.real: dict[str, list[list[Segment]]] = defaultdict(list)
        self.values: dict[tuple[str, str], list[str]] = defaultdict(list)
        for source, segments in corpus.read(data / "train.jsonl"):
            family = source.split("-")[0]
            if family == leave_out:
                continue
            self.real[family].append(segments)
            for label, text in segments:
                if label:
                    self.values[family, label].append(text)
        self.families = [family for family, _ in mixture.real if family in self.real]
        self.shares = [share for family, share in mixture.real if family in self.real]
        self.pools = templates.Pools.load(data)
        self.styled = StyledItems(data)

    def chunk(self, seed: int, number: int) -> list[tuple[Array, Array]]:
        """Chunk `number` of the stream of `seed`."""
        rng = random.Random(f"{seed}/{number}")
        return [encode(segments, self.features) for segments in (self._sample(rng) for _ in range(CHUNK)) if segments]

    def _sample(self, rng: random.Random) -> list[Segment]:
        draw = rng.random()
        if draw < self.mixture.templates:
            return templates.render(self.pools, rng)  # disturbs its share itself
        if draw < self.mixture.templates + self.mixture.csl:
            segments = self.styled.random(rng)
        else:
            family = rng.choices(self.families, self.shares)[0]
            segments = rng.choice(self.real[family])
            if rng.random() < 0.5:
                segments = [(label, self._swap(family, label, text, rng)) for label, text in segments]
        return templates.disturb(segments, rng) if rng.random() < 0.35 else segments

    def _swap(self, family: str, label: str | None, text: str, rng: random.Random) -> str:
        return rng.choice(self.values[family, label]) if label else text


_maker: Maker | None = None


def _start(data: Path, mixture: Mixture, leave_out: str | None) -> None:
    global _maker
    _maker = Maker(data, mixture, leave_out)


def _make(seed: int, number: int) -> list[tuple[Array, Array]]:
    assert _maker is not None
    return _maker.chunk(seed, number)


def stream(
    data: Path,
    seed: int,
    chunks: int,
    *,
    processes: int = 1,
    mixture: Mixture | None = None,
    leave_out: str | None = None,
) -> Iterator[list[tuple[Array, Array]]]:
    """The first `chunks` chunks of samples; `leave_out` names a family of real references not to use."""
    arguments = (data, mixture or Mixture(), leave_out)
    with ProcessPoolExecutor(processes, get_context("spawn"), _start, arguments) as pool:
        waiting: list[Future[list[tuple[Array, Array]]]] = []
        for number in range(chunks):
            waiting.append(pool.submit(_make, seed, number))
            if len(waiting) > 2 * processes + 14:
                yield waiting.pop(0).result()
        for future in waiting:
            yield future.result()


def batches(
    chunks: Iterator[list[tuple[Array, Array]]], rng: random.Random, *, tokens: int = 2560, pool: int = 12
) -> Iterator[tuple[Array, Array]]:
    """Batches of samples of equal length (no padding: the network then sees what it sees in use), in random order."""
    gathered: list[list[tuple[Array, Array]]] = []
    for chunk in chunks:
        gathered.append(chunk)
        if len(gathered) == pool:
            yield from _batches([sample for chunk in gathered for sample in chunk], rng, tokens)
            gathered = []
    yield from _batches([sample for chunk in gathered for sample in chunk], rng, tokens)


def _batches(samples: list[tuple[Array, Array]], rng: random.Random, tokens: int) -> Iterator[tuple[Array, Array]]:
    by_length: dict[int, list[tuple[Array, Array]]] = defaultdict(list)
    for sample in samples:
        if len(sample[1]):
            by_length[len(sample[1])].append(sample)
    out: list[list[tuple[Array, Array]]] = []
    for length, group in by_length.items():
        rng.shuffle(group)
        size = max(8, tokens // length)
        out += [group[at : at + size] for at in range(0, len(group), size)]
    rng.shuffle(out)
    for batch in out:
        yield np.stack([rows for rows, _ in batch]), np.stack([labels for _, labels in batch])
