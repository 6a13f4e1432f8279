import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gleanery.tasks.scoring.matches import MATCHES, is_ratcliff_similar, levenshtein, matches


@pytest.mark.parametrize(
    ("gold", "predicted", "held"),
    [
        ("A title", "A title", set(MATCHES)),
        ("A title.", "a  TITLE", {"soft", "lev", "ratcliff"}),
        ("ﬁne", "fine", {"soft", "lev", "ratcliff"}),  # a ligature
        ("abcde", "abcdx", {"lev"}),  # exactly 0.8
        ("abcd", "abcx", set()),
        ("abcdefghijklmnopqrst", "abcdefghijklmnopqrsx", {"lev", "ratcliff"}),  # exactly 0.95
        ("?", "?", set(MATCHES)),
        ("?", "!", {"lev"}),  # nothing left to compare, and so no edit either
        ("a", "", set()),
        ("", "", set()),
    ],
)
def test_matches(gold: str, predicted: str, held: set[str]) -> None:
    assert matches(gold, predicted) == held


def test_ratcliff_needs_letters() -> None:
    assert not is_ratcliff_similar("", "")


@settings(deadline=None)
@given(st.text("abc", max_size=9), st.text("abc", max_size=9))
def test_levenshtein_is_the_textbook_distance(a: str, b: str) -> None:
    assert levenshtein(a, b) == textbook(a, b)


def textbook(a: str, b: str) -> int:
    table = {(i, 0): i for i in range(len(a) + 1)} | {(0, j): j for j in range(len(b) + 1)}
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            changed = table[i - 1, j - 1] + (a[i - 1] != b[j - 1])
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, changed)
    return table[len(a), len(b)]
