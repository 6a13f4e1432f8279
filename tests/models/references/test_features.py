"""What the network sees of a text, whatever the text is."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.models.references import features as module
from gleanery.models.references.features import ROWS, TOKEN, WIDTH, Features, shape

TEXTS = st.text(st.characters(codec=None), max_size=60) | st.text("aZ1 .,()[]“”\"'/:10.-é学\u200f", max_size=60)


def words(text: str) -> list[str]:
    return [match.group() for match in TOKEN.finditer(text)]


def test_plain_letters_are_whole_words_only_where_no_letter_or_accent_goes_on() -> None:
    assert words("abc abcé abce\u0301d, abc漢字") == ["abc", "abcé", "abce\u0301d", "abc", "漢", "字"]


@given(TEXTS)
def test_every_token_has_its_rows_of_the_table(text: str) -> None:
    tokens, rows = Features()(text)
    assert len(rows) == WIDTH * len(tokens)
    assert all(0 <= row < ROWS for row in rows)


@given(TEXTS)
def test_tokens_are_in_order_and_leave_no_letter_or_digit_out(text: str) -> None:
    tokens, _ = Features()(text)
    edges = [edge for token in tokens for edge in token]
    assert edges == sorted(edges)
    assert all(start < end for start, end in tokens)
    inside = {at for start, end in tokens for at in range(start, end)}
    assert all(at in inside for at, character in enumerate(text) if character.isalnum())


@given(st.lists(TEXTS, max_size=5), TEXTS)
def test_what_was_seen_before_changes_nothing(before: list[str], text: str) -> None:
    used = Features()
    for earlier in before:
        used(earlier)
    assert used(text) == used(text) == Features()(text)


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CACHE_SIZE", 10)
    features = Features()
    for number in range(100):
        features(f"word{chr(97 + number % 26) * number} {'.' * number}")
    assert len(features._words) <= 10
    assert len(features._gaps) <= 10


def test_long_words_and_gaps_are_not_kept() -> None:
    features = Features()
    features("x" * 100_000 + "." * 100_000)
    assert not features._words
    assert max(map(len, features._gaps)) == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see https://example.org/a_(b).", ["see", "https://example.org/a_(b"]),
        ("doi:10.1000/x.y-z, 2001", ["doi", "10.1000/x.y-z", "2001"]),
        ("機械学習2020年", ["機", "械", "学", "習", "2020", "年"]),
        ("12a_b", ["12", "a", "b"]),
        ("", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("word", "outline"),
    [
        ("1999", "year19"),
        ("1399", "digits4"),
        ("12345678901", "digits9"),
        ("XIV", "roman3"),
        ("ABC", "upper3"),
        ("xiv", "small3"),
        ("abc", "lower3"),
        ("Abc", "title3"),
        ("aBc", "mixed3"),
        ("学", "cjk"),
        ("www.a.b", "url"),
        ("10.1000/x", "digits9"),
        ("https://doi.org/10.1000/x", "doi"),
    ],
)
def test_shapes(word: str, outline: str) -> None:
    assert shape(word) == outline


def test_hostile_texts_take_no_longer_than_their_length() -> None:
    features = Features()
    for text in (
        "http://" * 20_000,
        "www." * 25_000,
        "10.1000/" + "." * 100_000,
        "(" * 100_000,
        "http://" + ")" * 100_000,
    ):
        features(text)


def test_a_decomposed_accent_makes_no_other_word():
    composed = "Müller, Ä. (1999)"
    decomposed = unicodedata.normalize("NFD", composed)
    assert len(decomposed) > len(composed)
    assert Features()(decomposed)[1] == Features()(composed)[1]
