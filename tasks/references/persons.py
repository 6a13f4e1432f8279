"""A printed string of names, in whatever order a style prints them, to persons with the place of every part.

Pieces between commas are read as initials, words, or both; the separators and what stands beside a piece then tell
"Family, Given", "Given Family", "Family GG" and the mixed order of MLA and Chicago apart.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from gleanery.tasks.references.cjk_names import cjk_persons
from gleanery.tasks.references.name_pieces import Part, Person, Piece, Token, read_pieces
from gleanery.tasks.references.name_words import (
    ACRONYMS,
    CAPITAL_PARTICLES,
    GIVEN,
    ORGANISATION_ENDS,
    ORGANISATION_LINKS,
    ORGANISATIONS,
    REPEATS,
    SUFFIXES,
)

_PREFIX = re.compile(
    r"\W{0,4}(?:in\s?:|in\b(?=\s[A-Z])"
    r"|(?:edited|ed\.|compiled|translated|trans\.|directed|written)\s+(?:and\s+\w+\s+)?by\b"
    r"|(?:(?:hrsg|hg|herausgegeben|übersetzt)\.?\s(?:und|u\.)\s)?(?:hrsg|hg|herausgegeben|[üu]bersetzt|[üu]bers|bearbeitet|bearb|eingeleitet"
    r"|aus dem \w+)\.?\s+v(?:on|\.)|a\s+c(?:ura|\.)\s+d(?:i|el|ella|egli)\b"
    r"|sous la dir(?:ection|\.)?\s+d[e'’]|diretta da\b|(?:trad|éd)\.\s+(?:par|de|di|por)\b"
    r"|traduction de\b|traducción de\b|traduzione di\b|edición de\b|par\b|by\b|von(?=\s[A-Z]\.))",
    re.IGNORECASE,
)
REPEAT = re.compile(r"\s{0,3}([—–_-]{2,}|—)")
"""A mark at the beginning that stands for the author of the reference before."""
_UNDIVIDED = re.compile(
    r"AA\s?\.\s?VV\s?\.?"
    r"|[\w-]{3,60}(?:\.[\w-]{2,60}){0,4}\.(?:com|org|net|edu|gov|info|eu|de|at|ch|fr|it|es|uk|nl|pl|ru)"
)
"""Strings that are no persons: Italian for "various authors", and the address of a website."""
_CJK = re.compile(r"[\u3400-\u9fff\uac00-\ud7af\u3040-\u30ff]")


def split_persons(text: str, start: int, end: int) -> list[Person]:
    """The persons and organisations printed in text[start:end], in order, each as its parts with their places.

    Parts are `family`, `given`, `non-dropping-particle`, `suffix`, or one `literal` for an organisation, a name that
    cannot be divided, or a mark that repeats the author before. Roles ("Hrsg.") and "et al." are no persons.
    """
    prefix = _PREFIX.match(text, start, end)
    if prefix and prefix.end() < end:
        start = prefix.end()
    if not text[start:end].isascii() and _CJK.search(text, start, end):
        return cjk_persons(text, start, end)
    if _UNDIVIDED.fullmatch(text, start, end):
        return [[Part("literal", start, end)]]
    persons: list[Person] = []
    if mark := REPEAT.match(text, start, end):
        persons.append([Part("literal", mark.start(1), mark.end(1))])
        start = mark.end()
    pieces = read_pieces(text, start, end)
    if not pieces:
        return persons
    if organisation := _organisation(text, pieces):
        return persons + organisation
    if _families_only(pieces):
        return persons + [_whole(text, piece, _Style([], False)) for piece in pieces]
    style = _Style(pieces, text.find(";", start, end) >= 0)
    chunk: list[Piece] = []
    for piece in _double_barrelled(pieces):
        if piece.hard and chunk:
            _read_chunk(text, chunk, persons, style)
            chunk = []
        chunk.append(piece)
    _read_chunk(text, chunk, persons, style)
    return persons


class _Style(NamedTuple):
    """What the whole string shows about every name in it."""

    pieces: list[Piece]
    semicolons: bool  # persons are parted by semicolons, so commas stand inside names

    def given_first(self) -> bool:
        """Whether some name is plainly "Given Family"."""
        return any(map(_given_first, self.pieces))


def _given_first(piece: Piece) -> bool:
    tokens = piece.tokens
    if len(tokens) < 2 or tokens[-1].kind != "word" or tokens[-1].word in GIVEN:
        return False
    return tokens[0].kind == "initial" or tokens[0].word.partition("-")[0] in GIVEN


def _families_only(pieces: list[Piece]) -> bool:
    """Whether an odd number of single words, like "Okafor, Lindqvist, and Moreau", leaves no room for given names."""
    if len(pieces) == 1 or len(pieces) % 2 == 0 or any(p.words != 1 or p.initials for p in pieces):
        return False
    return pieces[-1].hard or not any(p.hard for p in pieces[1:])


def _double_barrelled(pieces: list[Piece]) -> list[Piece]:
    """Joins "Ortega y Gasset, José": two single words around a conjunction, then a comma and a given name."""
    if len(pieces) != 3 or pieces[2].hard or not pieces[1].hard:
        return pieces
    first, second, given = pieces
    if (first.words, first.initials, second.words, second.initials) != (1, 0, 1, 0) or given.words > 2:
        return pieces
    gap_is_word = second.tokens[0].start - first.tokens[-1].end == 3
    if not gap_is_word:
        return pieces
    joined = Piece(True)
    a, b = first.tokens[-1], second.tokens[0]
    joined.tokens = [*first.tokens[:-1], Token(a.start, b.end, f"{a.word} {b.word}", "word"), *second.tokens[1:]]
    joined.words = 1
    return [joined, given]


def _organisation(text: str, pieces: list[Piece]) -> list[Person]:
    """The organisations, where the whole string names no person; empty where it does."""
    for piece in pieces:
        if piece.initials and any(token.kind == "initial" for token in piece.tokens):
            return []
    named = [_names_organisation(piece) for piece in pieces]
    if not any(named):
        return []
    if all(named):
        return [_literal(piece.tokens) for piece in pieces]
    joined = [pieces[0].tokens]
    for piece in pieces[1:]:
        gap = text[joined[-1][-1].end : piece.tokens[0].start]
        if ";" in gap or "/" in gap:
            joined.append(piece.tokens)
        else:
            joined[-1] = joined[-1] + piece.tokens
    return [_literal(tokens) for tokens in joined]


def _names_organisation(piece: Piece) -> bool:
    tokens = piece.tokens
    for at, token in enumerate(tokens):
        word = token.word
        if len(word) == 1:
            continue
        lower = word.lower()
        if lower in ORGANISATIONS or (len(word) > 7 and lower.endswith(ORGANISATION_ENDS)):
            return len(tokens) > 1 or len(word) > 7
        if at and token.kind == "particle" and word in ORGANISATION_LINKS:
            return True
    return len(tokens) == 1 and _acronym(tokens[0].word)


def _acronym(word: str) -> bool:
    """OECD, BMFSFJ: known, or capitals with too few vowels to be a family name."""
    vowels = sum(c in "AEIOUYÄÖÜ" for c in word)
    return word in ACRONYMS or (
        word.isupper() and 3 <= len(word) <= 8 and (vowels == 0 or (len(word) > 3 and vowels * 4 <= len(word)))
    )


def _literal(tokens: list[Token]) -> Person:
    return [Part("literal", tokens[0].start, tokens[-1].end)]


def _read_chunk(text: str, chunk: list[Piece], persons: list[Person], style: _Style) -> None:
    """Reads the comma-separated pieces between two strong separators."""
    at = 0
    while at < len(chunk):
        piece = chunk[at]
        following = chunk[at + 1] if at + 1 < len(chunk) else None
        at += 1
        if persons and _is_suffix(piece):
            persons[-1].append(Part("suffix", piece.tokens[0].start, _dot_end(text, piece.tokens[0].end)))
        elif not piece.words and not (following and piece.tokens[0].kind == "caps"):
            _alone(text, piece, persons)
        elif following is None or (piece.words and piece.initials):
            persons += _one_or_more(text, piece, style)
        elif _inverted(piece, following, at + 1 == len(chunk)) or (style.semicolons and len(chunk) == 2):
            persons.append(_family_first(text, piece.tokens, following.tokens))
            at += 1
        elif at + 1 < len(chunk) and _comma_lost(piece, following, chunk[at + 1]):
            cut = following.initials
            persons.append(_family_first(text, piece.tokens, following.tokens[:cut]))
            persons.append(_family_first(text, following.tokens[cut:], chunk[at + 1].tokens))
            at += 2
        else:
            persons += _one_or_more(text, piece, style)


def _comma_lost(family: Piece, middle: Piece, given: Piece) -> bool:
    """Whether print has lost the comma between two persons: "Okafor, A. Lindqvist, B."."""
    if family.words != 1 or not middle.words or given.words or not middle.initials:
        return False
    return all(token.kind in ("initial", "caps") for token in middle.tokens[: middle.initials])


def _one_or_more(text: str, piece: Piece, style: _Style) -> list[Person]:
    """The person in a piece; several where family names and initials take turns: "Okafor A. Lindqvist B."."""
    tokens = piece.tokens
    if piece.initials < 2 or piece.words < 2 or tokens[0].kind != "word" or tokens[-1].kind != "initial":
        return [_whole(text, piece, style)]
    persons: list[Person] = []
    first = 0
    for at in range(1, len(tokens)):
        if tokens[at - 1].kind == "initial" and tokens[at].kind in ("word", "particle"):
            persons.append(_initials_last(text, tokens[first:at]))
            first = at
    return [*persons, _initials_last(text, tokens[first:])]


def _initials_last(text: str, tokens: list[Token]) -> Person:
    cut = next(at for at, token in enumerate(tokens) if token.kind in ("initial", "caps"))
    return _family_first(text, tokens[:cut], tokens[cut:])


def _alone(text: str, piece: Piece, persons: list[Person]) -> None:
    """Initials or particles alone in their piece: the given name still missing before, or a name cut off."""
    tokens = piece.tokens
    if piece.initials and persons and len(persons[-1]) == 1 and persons[-1][0].key == "family":
        persons[-1].append(Part("given", tokens[0].start, tokens[-1].end))
    elif tokens[0].kind == "caps" and (len(tokens[0].word) > 2 or tokens[0].word in ACRONYMS):
        persons.append(_literal(tokens))
    elif len(tokens) == 1 and tokens[0].word.lower() in REPEATS:
        persons.append([Part("literal", tokens[0].start, _dot_end(text, tokens[0].end))])
    elif piece.initials and len(tokens[-1].word) > 1:
        persons.append([Part("family", tokens[0].start, tokens[-1].end)])
    else:
        persons.append(_literal(tokens))


def _is_suffix(piece: Piece) -> bool:
    return len(piece.tokens) == 1 and piece.tokens[0].word.lower() in SUFFIXES


def _dot_end(text: str, end: int) -> int:
    return end + 1 if text[end : end + 1] == "." else end


def _inverted(piece: Piece, following: Piece, last: bool) -> bool:
    """Whether `piece` is a family name and `following` the given name that belongs to it."""
    if _is_suffix(following):
        return False
    kinds = [token.kind for token in following.tokens]
    if not following.words:
        return True
    if following.initials and kinds[0] != "word":  # "J. Smith" is a person of its own; "J. van der" is not
        return False
    if piece.words == 1 or piece.tokens[0].kind == "particle":
        return True
    if _names_organisation(piece):
        return False
    return following.words == 1 and not following.initials and last


def _family_first(text: str, family: list[Token], given: list[Token]) -> Person:
    person = _family(text, family)
    while len(given) > 1 and given[-1].word.lower() in SUFFIXES:
        person.append(Part("suffix", given[-1].start, _dot_end(text, given[-1].end)))
        given = given[:-1]
    cut = len(given)
    while cut > 1 and given[cut - 1].kind == "particle":
        cut -= 1
    person.append(Part("given", given[0].start, given[cut - 1].end))
    if cut < len(given) and all(part.key != "non-dropping-particle" for part in person):
        person.append(Part("non-dropping-particle", given[cut].start, given[-1].end))
    return person


def _family(text: str, tokens: list[Token]) -> Person:
    """Family name with the particles before it and the suffix after it."""
    person: Person = []
    if len(tokens) > 1 and tokens[-1].word.lower() in SUFFIXES:
        person.append(Part("suffix", tokens[-1].start, _dot_end(text, tokens[-1].end)))
        tokens = tokens[:-1]
    first = 0
    while first < len(tokens) - 1 and tokens[first].kind == "particle":
        first += 1
    if first:
        person.append(Part("non-dropping-particle", tokens[0].start, tokens[first - 1].end))
    person.insert(0, Part("family", tokens[first].start, tokens[-1].end))
    return person


def _whole(text: str, piece: Piece, style: _Style) -> Person:
    """One piece that holds a whole name."""
    tokens = piece.tokens
    if len(tokens) > 1 and _names_organisation(piece):
        return _literal(tokens)
    if len(tokens) == 1:
        key = "literal" if tokens[0].word.lower() in REPEATS or _acronym(tokens[0].word) else "family"
        return [Part(key, tokens[0].start, tokens[0].end)]
    suffix: Person = []
    if len(tokens) > 2 and tokens[-1].word.lower() in SUFFIXES:
        suffix = [Part("suffix", tokens[-1].start, _dot_end(text, tokens[-1].end))]
        tokens = tokens[:-1]
    cut, family_first = _cut(tokens, style)
    if cut in (0, len(tokens)):
        return _family(text, tokens) + suffix
    if family_first:
        return _family_first(text, tokens[:cut], tokens[cut:]) + suffix
    person = _family(text, tokens[cut:])
    person.append(Part("given", tokens[0].start, tokens[cut - 1].end))
    return person + suffix


def _cut(tokens: list[Token], style: _Style) -> tuple[int, bool]:
    """Where a name divides, and whether its first half is the family name."""
    kinds = [token.kind for token in tokens]
    initials = [i for i, kind in enumerate(kinds) if kind in ("initial", "caps")]
    if initials:
        last = initials[-1]
        if "word" in kinds[last + 1 :]:  # J. R. Smith, Elizabeth C. Botha
            cut = last + 1
            if kinds[cut] == "word" and cut + 1 < len(tokens) and tokens[cut].word in GIVEN:
                cut += 1
            return cut, False
        while last > 0 and kinds[last - 1] in ("initial", "caps"):
            last -= 1
        return last, True  # Smith J. R.
    return _cut_words(tokens, kinds, style)


def _cut_words(tokens: list[Token], kinds: list[str], style: _Style) -> tuple[int, bool]:
    """Where a name without initials divides: at capitals, particles, known given names, else before its last word."""
    capitals = [len(token.word) > 1 and token.word.isupper() for token in tokens]
    if any(capitals) and not all(capitals):
        if capitals[0] and not capitals[-1]:
            return capitals.index(False), True
        if capitals[-1] and not capitals[0]:
            return capitals.index(True), False
    for i, kind in enumerate(kinds):
        if i and kind == "particle" and i + 1 < len(tokens):
            return i, False
    last = len(tokens) - 1
    if kinds.count("word") == 1 and kinds[last] == "word":  # van der Berg
        return 0, False
    turned = tokens[last].word in GIVEN and tokens[0].word not in GIVEN and last <= 2 and not style.given_first()
    if kinds[0] == "particle" or turned:
        return last, kinds[0] != "particle" or tokens[last].word in GIVEN
    while last > 1 and tokens[last - 1].word in CAPITAL_PARTICLES:
        last -= 1
    return last, False
