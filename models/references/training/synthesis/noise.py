# ruff: noqa: E501, SIM905 -- words read best as words on one line, not as a column of quoted strings
"""What happens to references on the way out of a PDF or an editor's hands, with the labels kept in step."""

import random
import re
from collections.abc import Callable

from gleanery.models.references.training.synthesis.markup import Segment

_LEADS = tuple(
    "See |Vgl. |Cf. |siehe |Siehe auch |see also |Vgl. auch |cf. |Voir |Cfr. |See, e.g., |Dazu |* |- |• ".split("|")
)
_TAILS = tuple(
    ";@)@,@ ;@]@ .@..@ (Original work published)@ 12@. Zugriff@ p.@ In:@*@|@ S.@; vgl.@ und@ and references therein.".split(
        "@"
    )
)
_LIGATURES = (("ffi", "ﬃ"), ("fi", "ﬁ"), ("fl", "ﬂ"), ("ff", "ﬀ"))
_CONFUSIONS = tuple(pair.split("/") for pair in "ü/ii l/1 rn/m ß/B e/c ö/o ä/a I/l é/e h/b".split())
_QUOTES = str.maketrans({"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "«": '"', "»": '"'})

Change = Callable[[list[Segment], random.Random], list[Segment]]


def _map(segments: list[Segment], change: Callable[[str], str], labels: frozenset[str] | None = None) -> list[Segment]:
    """Change the texts, all of them or those of some labels."""
    return [(label, change(text) if labels is None or label in labels else text) for label, text in segments]


_WORDY = frozenset(("title", "container-title", "publisher", "collection-title"))


def number_in_front(segments: list[Segment], rng: random.Random) -> list[Segment]:
    """A citation number."""
    number = str(rng.randint(1, 120))
    before, after = rng.choice((("[", "] "), ("", ". "), ("(", ") "), ("", " "), ("[", "]"), ("", ".\t"), ("", ") ")))
    head: list[Segment] = [(None, before)] if before else []
    return [*head, ("citation-number", number), (None, after), *segments]


def lead_in(segments: list[Segment], rng: random.Random) -> list[Segment]:
    """Words of a footnote before the reference."""
    note = str(rng.randint(1, 200)) + " " if rng.random() < 0.25 else ""
    return [(None, note + rng.choice(_LEADS)), *segments]


def trailing_junk(segments: list[Segment], rng: random.Random) -> list[Segment]:
    """What stood behind the reference."""
    return [*segments, (None, rng.choice(_TAILS))]


def no_final_stop(segments: list[Segment], rng: random.Random) -> list[Segment]:
    """No stop at the end."""
    label, text = segments[-1]
    return [*segments[:-1], (label, text.rstrip("."))] if label is None else segments


def hyphenation(segments: list[Segment], rng: random.Random) -> list[Segment]:
    """Words broken at the ends of lines that are gone ("Kommuni- kation")."""
    mark = rng.choice(("- ", "- ", "-", "\u00ad", "\u00ad ", " - "))

    def change(text: str) -> str:
        return re.sub(r"([^\W\d_]{3,})([bcdfgklmnprstvz][aeiouyäöü][^\W\d_]+)", _breaker(mark, rng), text)

    return _map(segments, change, _WORDY)


def _breaker(mark: str, rng: random.Random) -> Callable[[re.Match[str]], str]:
    def broken(match: re.Match[str]) -> str:
        return f"{match[1]}{mark}{match[2]}" if rng.random() < 0.15 else match[0]

    return broken


def spaces(segments: list[Segment], rng: random.Random) -> list[Segment]:
    """Missing or extra spaces around punctuation."""
    how = rng.randrange(4)

    def change(text: str) -> str:
        if how == 0:
            return re.sub(r"([,.:;]) ", lambda m: m[1] if rng.random() < 0.4 else m[0], text)
        if how == 1:
            return re.sub(r"(\S) ", lambda m: f"{m[1]}  " if rng.random() < 0.3 else m[0], text)
        if how == 2:
            return re.sub(r"(?<=\S)([,.:;)])(?= |$)", lambda m: f" {m[1]}" if rng.random() < 0.5 else m[0], text)
        return re.sub(r"\(", "( ", text)

    return _map(segments, change) if how in (0, 1) else [(lab, change(t) if lab is None else t) for lab, t in segments]


def dashes(segments: list[Segment], rng: random.Random) -> list[Segment]:
    """Other dashes in ranges of pages."""
    dash = rng.choice(("–", "-", "−", "—", " - ", "‐", "--", " – ", "- ", " -"))
    return _map(segments, lambda text: re.sub(r"(?<=\d)[-–—](?=\d)", dash, text), frozenset(("page",)))


def straight_quotes(segments: list[Segment], rng: random.Random) -> list[Segment]:
    """Typewriter quotation marks."""
    return _map(segments, lambda text: text.translate(_QUOTES))


def letters(segments: list[Segment], rng: random.Random) -> list[Segment]:
    """A few misread letters, or ligatures."""
    if rng.random() < 0.4:
        for plain, joined in _LIGATURES:
            segments = _map(segments, _replacing(plain, joined), _WORDY)
        return segments
    right, wrong = rng.choice(_CONFUSIONS)
    labels = _WORDY | {"author"} if not wrong.isdigit() else _WORDY
    return _map(segments, lambda text: text.replace(right, wrong, 1) if rng.random() < 0.5 else text, frozenset(labels))


def _replacing(old: str, new: str) -> Callable[[str], str]:
    return lambda text: text.replace(old, new)


def capitals(segments: list[Segment], rng: random.Random) -> list[Segment]:
    """Authors or titles in capitals, or everything in small letters."""
    how = rng.random()
    if how < 0.45:
        return _map(segments, str.upper, frozenset(("author",)))
    if how < 0.8:
        return _map(segments, str.upper, frozenset((rng.choice(("title", "container-title")),)))
    return _map(segments, str.lower)


def lost_punctuation(segments: list[Segment], rng: random.Random) -> list[Segment]:
    """A space where punctuation between two fields stood."""
    return [
        (label, " ") if label is None and text.strip() in (",", ".", ":", ";") and rng.random() < 0.5 else (label, text)
        for label, text in segments
    ]


def glued_note(segments: list[Segment], rng: random.Random) -> list[Segment]:
    """The number of a footnote glued to the beginning."""
    return [(None, str(rng.randint(1, 300))), *segments]


def cut(segments: list[Segment], rng: random.Random) -> list[Segment]:
    """The end is lost."""
    length = sum(len(text) for _, text in segments)
    keep = rng.randint(max(1, length // 3), length)
    left, result = keep, []
    for label, text in segments:
        if left <= 0:
            break
        result.append((label, text[:left].rstrip() if len(text) >= left else text))
        left -= len(text)
    return [(label, text) for label, text in result if text]


_CHANGES: tuple[tuple[float, Change], ...] = (
    (0.30, number_in_front),
    (0.08, lead_in),
    (0.10, trailing_junk),
    (0.18, no_final_stop),
    (0.20, hyphenation),
    (0.20, spaces),
    (0.15, dashes),
    (0.10, straight_quotes),
    (0.06, letters),
    (0.07, capitals),
    (0.06, lost_punctuation),
    (0.03, glued_note),
    (0.08, cut),
)
"""Chances that a reference which is disturbed suffers each change."""


def disturb(segments: list[Segment], rng: random.Random) -> list[Segment]:
    """A dirtier print of a reference: the labels stay with their characters."""
    if not segments:
        return segments
    for chance, change in reversed(_CHANGES):
        if rng.random() < chance:
            segments = change(segments, rng) or segments
    return [(label, text) for label, text in segments if text]
