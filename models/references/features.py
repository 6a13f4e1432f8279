"""What the network sees of a reference: its words, and around each word the punctuation it stands in.

A token is a run of letters, a run of digits, one CJK character, or a whole URL or DOI; punctuation and space are not
tokens but *gaps*, features of the words on both sides. That halves the sequence at no loss: punctuation inside
a value belongs to it, and punctuation at its edges is decided by rule. Each token has `WIDTH` features, every one a row
of one common embedding table (hashing trick: Weinberger et al. 2009; two hashes a word: Svenstrup et al. 2017).
"""

from __future__ import annotations

import re
import unicodedata
from typing import TypeVar
from zlib import crc32

TOKEN = re.compile(
    r"""(?:https?://|www\.)[^\s<>"“”«»]*[^\s<>"“”«».,;:!?)\]}'’]   # a URL, without the punctuation that follows it
      | 10\.\d{4,9}/[^\s<>"“”«»]*[^\s<>"“”«».,;:!?)\]}'’]          # a DOI
      | [\u3040-\u30ff\u3400-\u9fff]                                  # one CJK character
      | [^\W\d_\u3040-\u30ff\u3400-\u9fff]+                           # letters, with their combining accents
        (?:[\u0300-\u036f]+[^\W\d_\u3040-\u30ff\u3400-\u9fff]*)*
      | \d+""",
    re.VERBOSE,
)

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
    word = unicodedata.normalize("NFC", word)
    folded = _DIGIT.sub("0", word.lower())
    key = folded.encode("utf-8", "surrogatepass")
    return (
        crc32(key) % WORDS,
        crc32(key, 0x9E3779B9) % WORDS,
        _PREFIX + crc32(folded[:3].encode("utf-8", "surrogatepass")) % AFFIXES,
        _SUFFIX + crc32(folded[-3:].encode("utf-8", "surrogatepass")) % AFFIXES,
        _EDGES + crc32((folded[:2] + " " + folded[-2:]).encode("utf-8", "surrogatepass")) % AFFIXES,
        _SHAPE + crc32(shape(word).encode()) % SHAPES,
    )


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


def gap_features(gap: str) -> tuple[int, int, int, int, int]:
    """The rows for a gap (seen from the word after it, and from the word before it), and how it changes the state.

    State: bit 0 = inside brackets, bit 1 = inside quotation marks; new state = ((state & 3rd) | 4th) ^ 5th.
    """
    plain = _SPACES.sub(" ", gap.translate(_QUOTES))
    if len(plain) > 8:
        plain = plain[:4] + "~" + plain[-4:]
    value = crc32(plain.encode("utf-8", "surrogatepass")) % GAPS
    opening, closing = max(plain.rfind(c) for c in "([{"), max(plain.rfind(c) for c in ")]}")
    keep, put = (3, 0) if opening == closing else (2, 0) if closing > opening else (3, 1)
    return _BEFORE + value, _AFTER + value, keep, put, 2 * (plain.count('"') % 2)


class Features:
    """Turns a text into tokens and their feature rows; remembers words and gaps that it has seen.

    What it remembers only saves time: the same text always gives the same features.
    """

    def __init__(self) -> None:
        self._words: dict[str, tuple[int, ...]] = {}
        self._gaps: dict[str, tuple[int, int, int, int, int]] = {}

    def __call__(self, text: str) -> tuple[list[tuple[int, int]], list[int]]:
        """The tokens of `text` (start, end in code points) and their features, `WIDTH` rows each, flat."""
        tokens = [match.span() for match in TOKEN.finditer(text)]
        count, position, state = len(tokens), 0, 0
        last, words, gaps = count - 1, self._words, self._gaps
        rows: list[int] = []
        bounds = [start for start, _ in tokens[1:]]
        bounds.append(len(text))
        gap_text = text[: tokens[0][0]] if tokens else ""
        before, _, keep, put, flip = gaps.get(gap_text) or self._gap(gap_text)
        for index, (start, end) in enumerate(tokens):
            state = ((state & keep) | put) ^ flip
            word, gap_text = text[start:end], text[end : bounds[index]]
            rows += words.get(word) or self._word(word)
            next_before, after, keep, put, flip = gaps.get(gap_text) or self._gap(gap_text)
            position = last - index
            rows += (
                before,
                after,
                _STATE + state,
                _START + (index if index < PLACES else PLACES - 1),
                _END + (position if position < PLACES else PLACES - 1),
            )
            before = next_before
        return tokens, rows

    def _word(self, word: str) -> tuple[int, ...]:
        features = word_features(word)
        _remember(self._words, word, features)
        return features

    def _gap(self, gap: str) -> tuple[int, int, int, int, int]:
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
