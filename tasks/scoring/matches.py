"""When a predicted value counts as the gold one: four matches, from equal to nearly equal."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from difflib import SequenceMatcher
from typing import Literal, get_args

Match = Literal["strict", "soft", "lev", "ratcliff"]
MATCHES: tuple[Match, ...] = get_args(Match)


def matches(gold: str, predicted: str) -> frozenset[Match]:
    """Which matches hold between two printed values; none where one of them is empty.

    `strict`: equal. `soft`: equal but for case, punctuation and spacing. `lev` and `ratcliff`: the soft forms are
    similar, by Levenshtein (at least 0.8) or by Ratcliff and Obershelp (difflib's ratio, at least 0.95).
    """
    if not gold or not predicted:
        return frozenset()
    if gold == predicted:
        return frozenset(MATCHES)
    mine, theirs = soft(gold), soft(predicted)
    if mine and mine == theirs:
        return frozenset({"soft", "lev", "ratcliff"})
    held: set[Match] = set()
    if is_levenshtein_similar(mine, theirs):
        held.add("lev")
    if is_ratcliff_similar(mine, theirs):
        held.add("ratcliff")
    return frozenset(held)


def soft(text: str) -> str:
    """The text's letters and digits, lower-case, in compatibility form (NFKC)."""
    return "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).lower()))


def is_levenshtein_similar(a: str, b: str) -> bool:
    """Whether at most a fifth of the longer text needs an edit (in whole numbers: 0.8 has no exact float)."""
    longest = max(len(a), len(b))
    return 5 * abs(len(a) - len(b)) <= longest and 5 * levenshtein(a, b) <= longest


def is_ratcliff_similar(a: str, b: str) -> bool:
    """Whether difflib's ratio is at least 0.95; never for an empty text. The cheap upper bounds are asked first."""
    if not a or not b:
        return False
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    return matcher.real_quick_ratio() >= 0.95 and matcher.quick_ratio() >= 0.95 and matcher.ratio() >= 0.95


def levenshtein(a: str, b: str) -> int:
    """The number of single-character insertions, deletions and substitutions between two texts.

    Method: Myers (1999), in the form of Hyyrö (2003). A column of the usual table is two bit sets, the rows where it
    rises and where it falls by one, so that a character of `b` costs a few operations on whole numbers.
    """
    if not a:
        return len(b)
    rows_of: defaultdict[str, int] = defaultdict(int)
    for row, character in enumerate(a):
        rows_of[character] |= 1 << row
    every, last = (1 << len(a)) - 1, 1 << (len(a) - 1)
    rises, falls, distance = every, 0, len(a)
    for character in b:
        equal = rows_of.get(character, 0)
        level = (((equal & rises) + rises) ^ rises) | equal
        right_rises, right_falls = falls | ~(level | rises), rises & level
        distance += bool(right_rises & last) - bool(right_falls & last)
        right_rises, right_falls = right_rises << 1 | 1, right_falls << 1
        crossed = equal | falls
        rises = (right_falls | ~(crossed | right_rises)) & every
        falls = right_rises & crossed & every
    return distance
