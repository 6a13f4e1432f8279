"""Segments become feature rows and labels; batches hold samples of one length."""

import random

import numpy as np

from gleanery.models.references.features import ROWS, WIDTH, Features
from gleanery.models.references.labels import LABELS
from gleanery.models.references.training.samples import LONGEST, batches, encode

SEGMENTS = [("author", "Doe, J."), (None, " ("), ("date", "1999"), (None, "). "), ("title", "On trees"), (None, ".")]


def test_every_token_has_its_segments_label():
    rows, labels = encode(SEGMENTS, Features())
    assert rows.shape == (5, WIDTH)
    assert rows.min() >= 0 and rows.max() < ROWS
    assert [LABELS[label - 1] for label in labels] == ["author", "author", "date", "title", "title"]


def test_punctuation_is_no_token_and_long_texts_are_cut():
    assert encode([(None, "—!?")], Features())[0].shape == (0, WIDTH)
    assert len(encode([("title", "word " * 500)], Features())[1]) == LONGEST


def test_batches_hold_each_sample_once_and_one_length_each():
    features, rng = Features(), random.Random(3)
    samples = [encode([("title", " ".join(["word"] * rng.randint(1, 9)))], features) for _ in range(200)]
    made = list(batches(iter([samples[:100], samples[100:]]), random.Random(1), tokens=30))
    assert sum(len(rows) for rows, _ in made) == 200
    assert all(rows.shape[:2] == labels.shape for rows, labels in made)


def test_batches_are_the_same_for_a_seed():
    samples = [encode(SEGMENTS[:size], Features()) for size in (1, 3, 5, 6)]
    first, second = (list(batches(iter([samples]), random.Random(7))) for _ in range(2))
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(first, second, strict=True))
