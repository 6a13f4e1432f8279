"""Synthetic references: exact labels, the same ones for the same seed."""

import random

import pytest

from gleanery.models.references.labels import LABELS
from gleanery.models.references.training.synthesis.markup import expand, parse
from gleanery.models.references.training.synthesis.noise import disturb
from gleanery.models.references.training.synthesis.templates import Pools, Segment, render
from gleanery.models.references.training.synthesis.traditions import TRADITIONS

POOLS = Pools(
    titles={"en": ["A Title of Some Length"], "de": ["Ein langer Titel"]},
    books={"en": ["A Book of Essays"]},
    journals={"en": ["A Journal"], "medicine": ["J Med"]},
    families=["Miller"],
    places=["Paris"],
    publishers=["A Press"],
    dois=["10.1000/182"],
    urls=["http://example.org/a"],
)


def _samples(seed: int, count: int) -> list[list[Segment]]:
    rng = random.Random(seed)
    return [render(POOLS, rng) for _ in range(count)]


def test_labels_are_known_and_texts_are_not_empty() -> None:
    for segments in _samples(1, 1500):
        assert "".join(text for _, text in segments).strip()
        assert all(text for _, text in segments)
        assert {label for label, _ in segments} <= {None, *LABELS}


def test_a_seed_gives_the_same_references() -> None:
    assert _samples(2, 100) == _samples(2, 100)


def test_empty_pools_are_enough() -> None:
    rng = random.Random(3)
    assert all(render(Pools(), rng) for _ in range(300))


def test_names_hold_no_digits() -> None:
    for segments in _samples(4, 1000):
        for label, text in segments:
            if label in ("author", "editor", "translator"):
                assert not any(character.isdigit() for character in text), text


def test_disturbing_keeps_most_of_what_is_labelled() -> None:
    rng = random.Random(5)
    before = after = 0
    for segments in _samples(6, 800):
        before += sum(len(text) for label, text in segments if label)
        after += sum(len(text) for label, text in disturb(segments, rng) if label)
    assert 0.9 * before < after < 1.2 * before


@pytest.mark.parametrize("template", [t for tr in TRADITIONS for ts in tr.templates.values() for t in ts])
def test_every_template_can_be_read(template: str) -> None:
    assert parse(template)


def test_optional_groups_and_stops() -> None:
    rng = random.Random(0)
    assert expand("{author}. {title}[, {page}].", {"author": "A, B.", "title": "T?"}, {}, rng) == [
        ("author", "A, B."),
        (None, " "),
        ("title", "T?"),
    ]
