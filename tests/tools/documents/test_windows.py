"""Passages: their spans give back their text, they overlap, and end where sentences and paragraphs do."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gleanery.tools.documents.document import Document, passage_of
from gleanery.tools.documents.windows import ENOUGH, LONGEST, OVERLAP, WORDS, windows
from gleanery.tools.documents.words import words

PROSE = st.lists(
    st.one_of(
        st.sampled_from(
            ["word", "Word.", "et al.", "\n\n", "\n", "\f", "Ende!", "源氏物語。", "end?\n \n", "(x)", "\u3000"]
        ),
        st.text(min_size=1, max_size=12),
        st.integers(1, 5000).map(lambda n: "x" * n),
    ),
    max_size=400,
).map(" ".join)


@settings(max_examples=150, deadline=None)
@given(PROSE)
def test_spans_give_back_the_text_and_leave_nothing_out(text: str) -> None:
    spans = windows(text)
    document = Document(text)
    covered = 0
    for start, end in spans:
        passage = passage_of("a.txt", document, start, end)
        assert passage.text == text[start:end] == text[start:end].strip()
        assert 0 < len(passage.text) <= LONGEST
        assert not text[covered:start].strip(), "nothing is left out"
        covered = end
    assert not text[covered:].strip()
    assert all(a[0] < b[0] and a[1] < b[1] for a, b in pairwise(spans)), "each goes on"


def sentences(count: int, words: int = 10) -> str:
    return " ".join(" ".join(f"w{n}x{k}" for k in range(words - 1)).capitalize() + f" end{n}." for n in range(count))


def test_a_long_text_is_cut_at_sentences_and_overlaps() -> None:
    text = sentences(100)
    spans = windows(text)
    assert all(text[end - 1] == "." and text[start] == "W" for start, end in spans)
    sizes = [len(text[start:end].split()) for start, end in spans]
    assert all(ENOUGH <= size <= WORDS for size in sizes[:-1])
    shared = [len(text[b[0] : a[1]].split()) for a, b in pairwise(spans)]
    assert all(0 < size <= OVERLAP for size in shared)


def test_a_passage_rather_ends_with_a_paragraph() -> None:
    text = "\n\n".join([sentences(17), sentences(17)])
    assert windows(text)[0] == (0, text.index("\n\n"))
    assert len(windows("\n\n".join(["Short one."] * 5))) == 1


def test_no_text_has_no_passages() -> None:
    assert windows("") == windows(" \n\n \f ") == []


@pytest.mark.parametrize("filler", [" ", "\n", "\n ", "\t\f", ". ", "-\n", "x", "\u0301", "源"])
def test_no_text_takes_more_time_than_its_length_asks_for(filler: str) -> None:
    text = f"Begin.{filler * (300_000 // len(filler))}end"
    began = time.perf_counter()
    windows(text)
    words(text)
    assert time.perf_counter() - began < 10, "it takes less than a second"


def test_words_are_compared_without_case_and_accents() -> None:
    assert words("Gödel, NAÏVE café — STRASSE/Straße 10.1000/x_y") == [
        "godel", "naive", "cafe", "strasse", "strasse", "10", "1000", "x", "y",
    ]  # fmt: skip
    assert words("biblio-\n  graphy, co-author, soft\u00adhyphen") == ["bibliography", "co", "author", "softhyphen"]
    assert words("源氏 ﬁn हिन्दी 한국어") == ["源", "氏", "fin", "हिन्दी", "한국어"]


@given(st.text())
def test_any_text_has_words(text: str) -> None:
    assert all(word and not word.isspace() for word in words(text))
