"""A text in the form in which two printings of the same words are alike, with the way back to the original."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_DASHES = "-‐‑‒–—―−﹘﹣－"
_SINGLE, _DOUBLE = "'‘’‚‛′`´ʼ", '"“”„‟«»″＂'
_INVISIBLE = "\0\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_BREAK = re.compile(r"(?<=[^\W\d_])[-‐\u00ad¬](?=\s+[^\W\d_])")


class Folded(NamedTuple):
    """A folded text; `starts[i]:ends[i]` is what its character i stands for in the original (code points)."""

    text: str
    starts: list[int]
    ends: list[int]

    def original(self, start: int, end: int) -> tuple[int, int] | None:
        """Where text[start:end] stands in the original; None where it takes only a part of a character."""
        if start and self.starts[start] == self.starts[start - 1]:
            return None
        if end < len(self.starts) and self.starts[end] == self.starts[end - 1]:
            return None
        return self.starts[start], self.ends[end - 1]


def fold(text: str, *, rejoined: bool = True) -> Folded:
    """The text without differences of case, spacing, ligatures, invisible characters and kinds of dashes and quotes.

    Spaces stay only between digits. `rejoined` also takes away a hyphen before a space inside a word, as line breaks
    leave them ("biblio- graphy"); without it such a hyphen is one of the word's own ("well- known").
    """
    breaks = {found.start() for found in _BREAK.finditer(text)} if rejoined else ()
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    space: int | None = None
    for at, char in enumerate(text):
        folded = _FORMS[char]
        if folded == " ":
            space = at if space is None else space
            continue
        if at in breaks:
            continue
        if space is not None and folded:
            if out and out[-1].isdigit() and folded[0].isdigit():
                out.append(" ")
                starts.append(space)
                ends.append(at)
            space = None
        for piece in folded:
            out.append(piece)
            starts.append(at)
            ends.append(at + 1)
    return Folded("".join(out), starts, ends)


def has_breaks(text: str) -> bool:
    """Whether a hyphen stands before a space inside a word: only then the two ways of folding differ."""
    return _BREAK.search(text) is not None


class _Forms(dict[str, str]):
    """The folded form of each character met so far."""

    def __missing__(self, char: str) -> str:
        form = unicodedata.normalize("NFKD", char).casefold().replace(" ", "")
        self[char] = " " if char.isspace() else form
        return self[char]


_FORMS = _Forms()
for _chars, _form in ((_DASHES, "-"), (_SINGLE, "'"), (_DOUBLE, '"'), (_INVISIBLE, "")):
    _FORMS.update(dict.fromkeys(_chars, _form))
