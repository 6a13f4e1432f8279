"""A source cut into pieces, and the rules by which a JSON string can only be a run of them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from gleanery.errors import UsageError
from gleanery.tasks.grammar.rules import Rule, choice, literal, quoted

PIECES = 4000
"""So many pieces of a source are taken: a grammar is read anew for every request."""

TEXT, _END = "text", "end-text"

_Kind = Literal["word", "alone", "mark", "opening", "space", "none"]

# Scripts that put no space between words: there each character is a piece, with the marks upon it.
_UNSPACED = (
    *((0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x4DBF)),
    *((0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x3FFFF)),
)


@dataclass(slots=True)
class Piece:
    """A word (letters, digits and the marks upon them) or one punctuation mark: source[start:end].

    `begins`: a value may begin here: at a word, an opening mark, or a mark that is printed at the start of a word.
    `joined`: it belongs to one run with the piece before it.
    """

    start: int
    end: int
    begins: bool
    joined: bool


def pieces(source: str) -> list[Piece]:
    """The source's pieces in their order. White space is between them; a lone surrogate, which no JSON text can
    carry, is in none and parts what stands before it from what stands behind."""
    found: list[Piece] = []
    before: _Kind = "none"
    joined = False
    for place, char in enumerate(source):
        kind = _kind(char)
        if kind == "none":
            joined = False
        elif kind == "word" and (before == "word" or (before == "alone" and unicodedata.category(char)[0] == "M")):
            found[-1].end = place + 1
            kind = before
        elif kind != "space":
            begins = kind != "mark" or before in ("space", "none", "opening")
            found.append(Piece(place, place + 1, begins, joined))
            joined = True
        before = kind
    return found


@lru_cache(maxsize=1 << 16)
def _kind(char: str) -> _Kind:
    if char.isspace():
        return "space"
    category = unicodedata.category(char)
    if category == "Cs":
        return "none"
    if category[0] in "LNM":
        alone = category == "Lo" and any(first <= ord(char) <= last for first, last in _UNSPACED)
        return "alone" if alone else "word"
    return "opening" if category in ("Ps", "Pi") else "mark"


def text_rules(source: str, found: list[Piece]) -> list[Rule]:
    """The rules of `text`, a JSON string that is a run of the source's pieces; of a source without any: "".

    One rule for each piece says what can follow it: the end, or the next piece with the space before it as printed.
    UsageError where there are more pieces than a grammar takes.
    """
    if len(found) > PIECES:
        raise UsageError(
            f"The text has {len(found):,} words and marks, and a source grammar takes {PIECES:,}. "
            "Cut it into several records, or do without the grammar."
        )
    if not found:
        return [(TEXT, literal('""'))]
    starts = ((quoted(source[p.start : p.end]), _after(i)) for i, p in enumerate(found) if p.begins)
    rules = [(TEXT, f"{literal(chr(34))} ({choice(starts)})"), (_END, literal('"'))]
    for i, (piece, following) in enumerate(zip(found, [*found[1:], None], strict=True)):
        more = ""
        if following and following.joined:
            more = f" | {literal(quoted(source[piece.end : following.end]))} {_after(i + 1)}"
        rules.append((_after(i), _END + more))
    return rules


def _after(place: int) -> str:
    return f"after-{place}"
