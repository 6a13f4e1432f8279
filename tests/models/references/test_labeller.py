"""The specialist with its real weights: what must hold however good they are."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from gleanery.errors import ModelError
from gleanery.models.references.features import Features
from gleanery.models.references.labeller import WEIGHTS, WINDOW, Labeller
from gleanery.models.references.labels import LABELS

TEXTS = [
    "Smith, J. (1999). Title of a book. London: Verso.",
    "[12] Vaswani A, Shazeer N, et al. Attention is all you need. Adv Neural Inf Process Syst 2017;30:5998-6008.",
    "Иванов И. И. Название книги. М.: Наука, 1985. 230 с.",
    "田中太郎『日本の歴史』岩波書店、2001年。",
    "x",
    "1",
]


@pytest.fixture(scope="module")
def labeller() -> Labeller:
    return Labeller()


@pytest.mark.parametrize("text", ["", " ", "...", "\x00\x1b", "\u200f\u2028", "—" * 1000])
def test_a_text_without_words_has_no_spans(labeller: Labeller, text: str) -> None:
    assert labeller(text) == ([], 0.0)


@pytest.mark.parametrize("text", [*TEXTS, " ".join(TEXTS * 40)])
def test_spans_are_in_order_inside_the_text(labeller: Labeller, text: str) -> None:
    spans, confidence = labeller(text)
    assert 0 <= confidence <= 1
    assert all(span.label in LABELS and 0 <= span.confidence <= 1 for span in spans)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(one.end <= two.start for one, two in pairwise(spans))


def test_probabilities_are_probabilities(labeller: Labeller) -> None:
    tokens, rows = Features()(" ".join(TEXTS * 40))
    scores = labeller.probabilities(rows)
    assert scores.shape == (len(tokens), 1 + len(LABELS))
    assert len(tokens) > 2 * WINDOW
    assert np.allclose(scores.sum(axis=1), 1, atol=1e-4)


def test_a_long_text_is_read_in_windows_that_do_not_see_each_other(labeller: Labeller) -> None:
    _, rows = Features()(" ".join(TEXTS * 40))
    width = len(rows) // len(labeller.probabilities(rows))
    first = labeller.probabilities(rows[: WINDOW * width])
    assert np.array_equal(labeller.probabilities(rows)[:WINDOW], first)


def test_labels_do_not_depend_on_what_else_is_done(labeller: Labeller) -> None:
    alone = [Labeller()(text) for text in TEXTS]
    assert [labeller(text) for text in reversed(TEXTS)] == alone[::-1]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(labeller, TEXTS * 10)) == alone * 10


@pytest.mark.parametrize("changed", ["calibration.json", "transitions.json"])
def test_the_digest_is_of_all_that_answers_depend_on(labeller: Labeller, tmp_path: Path, changed: str) -> None:
    copy = shutil.copytree(WEIGHTS, tmp_path / "weights")
    assert Labeller(copy).digest == labeller.digest
    with (copy / changed).open("a") as file:
        file.write("\n")
    assert Labeller(copy).digest != labeller.digest


@pytest.mark.parametrize("content", [None, b"", b"no network"])
def test_weights_that_cannot_be_loaded_are_said_so(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "references.onnx").write_bytes(content)
    with pytest.raises(ModelError, match=r"cannot be loaded from .*Reinstall gleanery"):
        Labeller(tmp_path)
