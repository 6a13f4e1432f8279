"""Scholarly traditions: which languages, kinds of work, domains, forms of names and templates go together."""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from gleanery.models.references.training.synthesis.languages import TERMS
from gleanery.models.references.training.synthesis.names import NameStyle
from gleanery.models.references.training.synthesis.styles import ENGLISH, GERMAN
from gleanery.models.references.training.synthesis.styles_science import MEDICINE, NATURAL_HISTORY, PREPRINT
from gleanery.models.references.training.synthesis.styles_world import (
    CHINESE,
    JAPANESE,
    KOREAN,
    PARTIAL,
    RUSSIAN,
    WORLD,
)

# order, initials, comma, delimiters
_Form = tuple[str, str, str, tuple[str, ...]]

_FORMS: Mapping[str, tuple[_Form, ...]] = {
    "full": (
        ("family-given", "full", ", ", ("; ", "/", " / ", ", ", "; ")),
        ("first-inverted", "full", ", ", (", ", ", ", "/")),
        ("given-family", "full", "", (", ", ", ", "/", " / ")),
        ("family-given", "full", ", ", ("; ", "/", ", ")),
    ),
    "initials": (
        ("family-given", "A. B.", ", ", (", ", "; ", "/", ", ")),
        ("family-given", "A.B.", ", ", (", ", "; ", "/")),
        ("given-family", "A. B.", "", (", ", ", ", "; ")),
        ("first-inverted", "A. B.", ", ", (", ",)),
        ("family-given", "A. B.", " ", (", ",)),
    ),
    "natural": (
        ("given-family", "full", "", (", ",)),
        ("given-family", "A. B.", "", (", ", ", ", " and ")),
        ("given-family", "A.B.", "", (", ",)),
    ),
    "vancouver": (
        ("family-given", "AB", " ", (", ", ", ", ", ", "; ")),
        ("family-given", "AB", " ", (", ",)),
        ("family-given", "A.B.", " ", (", ",)),
        ("family-given", "A B", " ", (", ",)),
        ("family-given", "A. B.", ", ", (", ",)),
    ),
    "cjk": (("given-family", "full", "", (", ",)),),
}


@dataclass(frozen=True)
class Tradition:
    """One way of citing, with its share of all references."""

    weight: float
    languages: Mapping[str, float]
    kinds: Mapping[str, float]
    domains: tuple[str, ...]
    templates: Mapping[str, tuple[str, ...]]
    forms: tuple[str, ...]


_SOCIAL = {"article": 30, "chapter": 26, "book": 22, "edited": 4, "thesis": 3, "report": 7, "web": 5, "news": 5}
_MIXED = ("social",)

TRADITIONS: tuple[Tradition, ...] = (
    Tradition(25, {"de": 1}, _SOCIAL, _MIXED, GERMAN, ("full", "full", "initials")),
    Tradition(
        21,
        {"en": 1},
        {**_SOCIAL, "conference": 2},
        _MIXED,
        ENGLISH,
        ("full", "initials", "initials", "natural"),
    ),
    Tradition(
        12,
        {"en": 12, "de": 1},
        {"article": 80, "chapter": 7, "book": 7, "web": 6},
        ("medicine",),
        MEDICINE,
        ("vancouver",),
    ),
    Tradition(
        14,
        {"en": 1},
        {"article": 55, "preprint": 12, "conference": 12, "book": 10, "chapter": 6, "thesis": 2, "report": 3},
        ("physics", "physics", "maths"),
        PREPRINT,
        ("natural", "natural", "initials"),
    ),
    Tradition(
        10,
        {"en": 8, "de": 2, "fr": 1},
        {"article": 75, "book": 13, "chapter": 8, "web": 4},
        ("zoology",),
        NATURAL_HISTORY,
        ("initials", "initials", "vancouver", "full"),
    ),
    Tradition(
        11,
        {"fr": 20, "it": 18, "es": 16, "pt": 14, "nl": 8, "pl": 8, "tr": 5, "sv": 8},
        _SOCIAL,
        _MIXED,
        WORLD,
        ("full", "initials", "natural"),
    ),
    Tradition(
        2.5,
        {"ru": 1},
        {"article": 50, "book": 30, "chapter": 15, "thesis": 5},
        _MIXED,
        RUSSIAN,
        ("initials", "vancouver"),
    ),
    Tradition(
        4.5,
        {"de": 30, "en": 25, "it": 25, "fr": 12, "es": 5, "ru": 3},
        {"partial": 1},
        _MIXED,
        PARTIAL,
        ("full", "natural"),
    ),
    Tradition(1.2, {"zh": 1}, {"article": 60, "book": 30, "chapter": 6, "thesis": 4}, _MIXED, CHINESE, ("cjk",)),
    Tradition(0.9, {"ja": 1}, {"article": 55, "book": 30, "chapter": 15}, _MIXED, JAPANESE, ("cjk",)),
    Tradition(0.9, {"ko": 1}, {"article": 65, "book": 35}, _MIXED, KOREAN, ("cjk",)),
)

WEIGHTS = tuple(tradition.weight for tradition in TRADITIONS)


def make_name_styles(tradition: Tradition, language: str, rng: random.Random) -> tuple[NameStyle, NameStyle]:
    """How the style prints authors, and how editors."""
    order, initials, comma, delimiters = rng.choice(_FORMS[rng.choice(tradition.forms)])
    delimiter = rng.choice(delimiters)
    terms = TERMS.get(language, TERMS["en"])
    word = rng.choice(terms["and"])
    last = delimiter
    if delimiter in (", ", "; ") and initials not in ("AB", "A B") and rng.random() < 0.65:
        space = " " if word != "," else ""
        last = rng.choice((f"{space}{word} ", f"{space}{word} ", f",{space}{word} " if word != "," else ", "))
    authors = NameStyle(
        order=order,
        initials=initials,
        comma=comma,
        delimiter=delimiter,
        last=last,
        capitals="caps" if rng.random() < 0.09 else "",
        most=rng.choice((1, 3, 3, 6, 6, 6)) if rng.random() < 0.4 else 99,
        etal=rng.choice(terms["etal"]),
    )
    if rng.random() < 0.4:
        return authors, authors
    natural = "given-family" if initials in ("full", "A. B.", "A.B.") else order
    editors = NameStyle(natural, initials, comma, delimiter, last, authors.capitals, authors.most, authors.etal)
    return authors, editors
