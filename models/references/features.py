"""What the network sees of a reference: its words, and around each word the punctuation it stands in.

A token is a run of letters, a run of digits, one CJK character, or a whole URL or DOI; punctuation and space are not
tokens but *gaps*, features of the words on both sides. That halves the sequence at no loss: punctuation inside
a value belongs to it, and punctuation at its edges is decided by rule. Each token has `WIDTH` features, every one a row
of one common embedding table (hashing trick: Weinberger et al. 2009; two hashes a word: Svenstrup et al. 2017).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from itertools import accumulate
from typing import TypeVar
from zlib import crc32

TOKEN = re.compile(
    r"""(https?://[^\s<>"“”«»]*[^\s<>"“”«».,;:!?)\]}'’]             # a URL, without the punctuation that follows it
      | www\.[^\s<>"“”«»]*[^\s<>"“”«».,;:!?)\]}'’]
      | 10\.\d{4,9}/[^\s<>"“”«»]*[^\s<>"“”«».,;:!?)\]}'’]          # a DOI
      | [a-zA-Z]++(?![^\x00-\x7f])                                    # plain letters, as most are: the quick way
      | [\u3040-\u30ff\u3400-\u9fff]                                  # one CJK character
      | [^\W\d_\u3040-\u30ff\u3400-\u9fff]+                           # letters, with their combining accents
        (?:[\u0300-\u036f]+[^\W\d_\u3040-\u30ff\u3400-\u9fff]*)*
      | \d+)""",
    re.VERBOSE,
)
"""A token, as a group: splitting a text at it gives gaps and tokens in turn."""

WORDS, AFFIXES, SHAPES, GAPS, PLACES = 28_672, 4_096, 1_024, 1_024, 64
_PREFIX = WORDS
_SUFFIX = _PREFIX + AFFIXES
_EDGES = _SUFFIX + AFFIXES
_SHAPE = _EDGES + AFFIXES
_BEFORE = _SHAPE + SHAPES
_AFTER = _BEFORE + GAPS
_STATE = _AFTER + GAPS
_START = _STATE + 4
_END = _START + PLACES
ROWS = _END + PLACES
"""Rows of the embedding table."""
WIDTH = 11
"""Features of a token."""
WORD_COLUMNS = 5
"""The first columns of a token's features tell which word it is; the others tell its shape and place."""

_CACHE_SIZE, _CACHED_LENGTH = 100_000, 64
_Value = TypeVar("_Value")
_DIGIT, _SPACES = re.compile(r"\d"), re.compile(r"\s+")
_ROMAN = re.compile(r"M{0,3}(CM|CD|D?C{0,3})(XC|XL|L?X{0,3})(IX|IV|V?I{0,3})")
_QUOTES = str.maketrans("“”„‟«»‹›‘’‚′`´‐‑‒–—−\u00a0\u2009\t", '""""""""' + "''''''" + "------" + "   ")


def word_features(word: str) -> tuple[int, ...]:
    """The rows for a word itself: two hashes of it, its edges, and its shape."""
    if not word.isascii():
        word = unicodedata.normalize("NFC", word)
    folded = word.lower() if word.isalpha() else _DIGIT.sub("0", word.lower())
    key = folded.encode("utf-8", "surrogatepass")
    if len(key) == len(folded):
        prefix, suffix, edges = key[:3], key[-3:], key[:2] + b" " + key[-2:]
    else:
        ends = (folded[:3], folded[-3:], folded[:2] + " " + folded[-2:])
        prefix, suffix, edges = (end.encode("utf-8", "surrogatepass") for end in ends)
    return (
        crc32(key) % WORDS,
        crc32(key, 0x9E3779B9) % WORDS,
        _PREFIX + crc32(prefix) % AFFIXES,
        _SUFFIX + crc32(suffix) % AFFIXES,
        _EDGES + crc32(edges) % AFFIXES,
        _SHAPE + _shape_row(shape(word)),
    )


@cache
def _shape_row(outline: str) -> int:
    return crc32(outline.encode()) % SHAPES


def shape(word: str) -> str:
    """The outline of a word: `X.`-like capitals and length, numerals told apart by what they may be."""
    first = word[0]
    if first.isdigit():
        return f"year{word[:2]}" if len(word) == 4 and "1400" <= word <= "2099" else f"digits{min(len(word), 9)}"
    if "/" in word or word[:4].lower() == "www.":
        return "doi" if "10." in word else "url"
    length = min(len(word), 12)
    if word.isupper():
        return f"roman{length}" if _ROMAN.fullmatch(word) else f"upper{length}"
    if word.islower():
        return f"lower{length}" if not _ROMAN.fullmatch(word.upper()) else f"small{length}"
    if first.isupper() and word[1:].islower():
        return f"title{length}"
    return f"mixed{length}" if first.isascii() or (first.isalpha() and first.lower() != first.upper()) else "cjk"


_Gap = tuple[int, int, tuple[int, ...]]


def gap_features(gap: str) -> _Gap:
    """The rows for a gap (seen from the word after it, and from the word before it), and the state it makes of each.

    State: bit 0 = inside brackets, bit 1 = inside quotation marks.
    """
    plain = _SPACES.sub(" ", gap.translate(_QUOTES))
    if len(plain) > 8:
        plain = plain[:4] + "~" + plain[-4:]
    value = crc32(plain.encode("utf-8", "surrogatepass")) % GAPS
    opening, closing = max(plain.rfind(c) for c in "([{"), max(plain.rfind(c) for c in ")]}")
    keep, put = (3, 0) if opening == closing else (2, 0) if closing > opening else (3, 1)
    flip = 2 * (plain.count('"') % 2)
    return _BEFORE + value, _AFTER + value, tuple(((state & keep) | put) ^ flip for state in range(4))


class Features:
    """Turns a text into tokens and their feature rows; remembers words and gaps that it has seen.

    What it remembers only saves time: the same text always gives the same features.
    """

    def __init__(self) -> None:
        self._words: dict[str, tuple[int, ...]] = {}
        self._gaps: dict[str, _Gap] = {}

    def __call__(self, text: str) -> tuple[list[tuple[int, int]], list[int]]:
        """The tokens of `text` (start, end in code points) and their features, `WIDTH` rows each, flat."""
        pieces = TOKEN.split(text)
        ends = list(accumulate(map(len, pieces)))
        tokens = list(zip(ends[::2], ends[1::2], strict=False))
        rows: list[int] = []
        words, gaps, farthest = self._words, self._gaps, PLACES - 1
        last, state = len(tokens) - 1, 0
        before, _, states = gaps.get(pieces[0]) or self._gap(pieces[0])
        for place, (word, gap) in enumerate(zip(pieces[1::2], pieces[2::2], strict=True)):
            state = states[state]
            following = last - place
            rows += words.get(word) or self._word(word)
            next_before, after, states = gaps.get(gap) or self._gap(gap)
            rows += (
                before,
                after,
                _STATE + state,
                _START + (place if place < farthest else farthest),
                _END + (following if following < farthest else farthest),
            )
            before = next_before
        return tokens, rows

    def _word(self, word: str) -> tuple[int, ...]:
        features = word_features(word)
        _remember(self._words, word, features)
        return features

    def _gap(self, gap: str) -> _Gap:
        features = gap_features(gap)
        _remember(self._gaps, gap, features)
        return features


def _remember(seen: dict[str, _Value], key: str, value: _Value) -> None:
    """Keep what was worked out, in bounded memory: what is long hardly comes again."""
    if len(key) > _CACHED_LENGTH:
        return
    if len(seen) >= _CACHE_SIZE:
        seen.clear()
    seen[key] = value
