"""The pieces of a printed string of names: what stands between separators, as initials, words and particles."""

from __future__ import annotations

import re
from typing import NamedTuple

from gleanery.tasks.references.name_words import (
    CAPITAL_PARTICLES,
    CONJUNCTIONS,
    GIVEN,
    HONORIFICS,
    OTHERS,
    PARTICLES,
    ROLES,
    SUFFIXES,
)


class Part(NamedTuple):
    """One part of a name: its CSL key and where it stands in the text."""

    key: str
    start: int
    end: int


Person = list[Part]


class Token(NamedTuple):
    """A word of a name, its place (with the dot of an initial), and what kind of word it is."""

    start: int
    end: int
    word: str
    kind: str  # "initial", "caps" (capitals that may be initials), "word", "particle"


class Piece:
    """What stands between two separators; `hard` says that the separator before it was stronger than a comma."""

    __slots__ = ("hard", "initials", "tokens", "words")

    def __init__(self, hard: bool) -> None:
        self.hard = hard
        self.tokens: list[Token] = []
        self.words = 0
        self.initials = 0

    def add(self, token: Token) -> None:
        """Takes one more word."""
        self.tokens.append(token)
        if token.kind == "word":
            self.words += 1
        elif token.kind != "particle":
            self.initials += 1

    def close(self) -> None:
        """A family name that print left without its capital ("L. derling") is no particle."""
        last = self.tokens[-1]
        if self.initials and not self.words and last.kind == "particle" and last.word not in PARTICLES:
            self.tokens[-1] = last._replace(kind="word")
            self.words = 1


_TOKEN = re.compile(
    r"(?P<joined>(?:and|und|et)(?=[A-Z]\s?\.))"
    r"|(?P<word>[^\W\d_][\w\u0300-\u036f]*"
    r"(?:(?:['’ʼ‘`´¨~ˆˇ˜¸‐‑-]{1,2}|\s?[¨´ˆˇ˜]\s?|\s-(?=\w)|-\s(?=[a-z])|(?<=\b[DLOdl])\s['’]\s?)[^\W\d_][\w\u0300-\u036f]*)*)"
    r"(?P<dot>\s?\.)?"
    r"|(?P<soft>[,，、])|(?P<hard>[;；&/|•+\n]|\s[-–—]+\s)|(?P<group>[(\[][^()\[\]]{0,80}[)\]])"
)


def read_pieces(text: str, start: int, end: int) -> list[Piece]:
    """The pieces of names in text[start:end], without roles, honorifics, brackets and "et al."."""
    pieces: list[Piece] = []
    piece = Piece(True)
    has_lower = not text[start:end].isupper()
    conjunction = False
    for found in _TOKEN.finditer(text, start, end):
        group = found.lastgroup
        if group == "word" or group == "dot":
            word = found[2]
            dotted = group == "dot"
            if len(word) == 1 and word.isupper():  # most tokens are plain initials or plain words
                piece.tokens.append(Token(found.start(2), found.end(), word, "initial"))
                piece.initials += 1
                conjunction = False
                continue
            if len(word) > 4 and not dotted and word[0].isupper() and word.lower() not in _SPECIAL:
                piece.tokens.append(Token(found.start(2), found.end(2), word, "word"))
                piece.words += 1
                conjunction = False
                continue
            if conjunction and (word.lower() in OTHERS or (dotted and word == "a")):  # "u. a."
                continue
            conjunction = word in CONJUNCTIONS and (not dotted or word == "u")  # "u." is "und"
            if conjunction:
                piece = _next_piece(pieces, piece, True)
                continue
            if not _dropped(word, dotted):
                _add(piece, found, word, dotted, has_lower)
        elif group == "soft":
            piece = _next_piece(pieces, piece, False)
        elif group == "group":
            if piece.words and not piece.initials:
                piece = _bracketed(pieces, piece, found)
        else:
            piece = _next_piece(pieces, piece, True)
            conjunction = found[0] == "&"
    if piece.tokens:
        piece.close()
        pieces.append(piece)
    if has_lower:
        pieces = [piece for piece in pieces if piece.words or piece.initials] or pieces
    return pieces


_DROPPED = ROLES | HONORIFICS | {"al", "etal", "etc"}
_SPECIAL = _DROPPED | OTHERS
_INITIALS = re.compile(r"[(\[]\s?([^\W\d_a-zß-ÿ]\s?\.(?:[\s-]{0,2}[^\W\d_a-zß-ÿ]\s?\.){0,3})\s?[)\]]")
_GIVEN = re.compile(r"[(\[]([^\W\d_]+)(?:-[^\W\d_]+)?[)\]]")


def _bracketed(pieces: list[Piece], piece: Piece, found: re.Match[str]) -> Piece:
    """French and ethnographic styles print given names in brackets: OKAFOR (A.), Okafor (Anna)."""
    group = found[0]
    if initials := _INITIALS.fullmatch(group):
        kind, (start, end) = "initial", initials.span(1)
    elif (given := _GIVEN.fullmatch(group)) and given[1] in GIVEN:
        kind, (start, end) = "word", (1, len(group) - 1)
    else:
        return piece
    piece = _next_piece(pieces, piece, False)
    piece.add(Token(found.start() + start, found.start() + end, group[start:end], kind))
    return piece


def _next_piece(pieces: list[Piece], piece: Piece, hard: bool) -> Piece:
    if piece.tokens:
        piece.close()
        pieces.append(piece)
        return Piece(hard)
    piece.hard = piece.hard or hard
    return piece


def _dropped(word: str, dotted: bool) -> bool:
    """Whether a word belongs to no name: a role, an honorific, a stray "al."."""
    lower = word.lower()
    if lower not in _DROPPED:
        return False
    if lower in ROLES:
        return dotted or word == lower or len(word) > 3
    return dotted or word == lower or word == "PhD"


def _add(piece: Piece, found: re.Match[str], word: str, dotted: bool, has_lower: bool) -> None:
    start, end = found.span(2)
    size = end - start
    if dotted and size > 3 and word[-1].isupper() and word[-2].islower():  # "KellerB." lost its space
        piece.add(Token(start, end - 1, word[:-1], "word"))
        piece.add(Token(end - 1, found.end(), word[-1], "initial"))
        return
    first_upper = word[0].isupper()
    if size == 1 and not first_upper and not dotted and piece.words and piece.tokens[-1].kind == "word":
        before = piece.tokens.pop()  # "Suaré s": an accent has cut the word
        piece.tokens.append(Token(before.start, end, f"{before.word} {word}", "word"))
        return
    if not first_upper and (word in PARTICLES or word[:2] in ("d'", "d’")) and not (dotted and size == 1):
        kind = "particle"
    elif (
        size == 1
        or (size == 3 and word[1] in "-‐‑" and word.isupper())
        or (dotted and size <= 3 and first_upper and word.lower() not in SUFFIXES)
    ):
        kind = "initial"
    elif size <= 4 and word.isupper() and "'" not in word and "’" not in word:
        kind = "caps"
    elif not first_upper and has_lower and word.islower():
        kind = "particle"
    else:
        kind = "word"
    if kind == "caps":
        kind = _initials_or_word(piece, size, has_lower)
    piece.add(Token(start, found.end() if kind == "initial" and dotted else end, word, kind))


def _initials_or_word(piece: Piece, size: int, has_lower: bool) -> str:
    """Capitals are initials after a family name ("Smith JR"), or alone between commas in a string of mixed case."""
    if not piece.tokens:
        return "caps" if has_lower else "word"
    before = piece.tokens[-1]
    if before.kind == "initial":
        return "word" if size > 2 or not has_lower or before.word != before.word.upper() else "caps"
    if has_lower:
        return "word" if before.word.isupper() or (size > 2 and before.word in GIVEN) else "initial"
    return "initial" if size <= 2 and len(before.word) > 2 and before.word not in CAPITAL_PARTICLES else "word"
