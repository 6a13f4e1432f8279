"""Synthetic references with exact labels, printed in random styles of many languages and traditions.

`python -m gleanery.models.references.training.synthesis.templates DATA N` prints samples for the eye.
"""

import random
import sys
from pathlib import Path

from gleanery.models.references.training.synthesis.languages import QUOTES, TERMS
from gleanery.models.references.training.synthesis.markup import Segment, expand, marked
from gleanery.models.references.training.synthesis.noise import disturb
from gleanery.models.references.training.synthesis.records import Wish, make_record
from gleanery.models.references.training.synthesis.traditions import TRADITIONS, WEIGHTS, Tradition, make_name_styles
from gleanery.models.references.training.synthesis.values import Pools

__all__ = ["Pools", "Segment", "disturb", "render"]

_DISTURBED = 0.35
_TWO_IN_ONE = 0.02


def render(pools: Pools, rng: random.Random) -> list[Segment]:
    """One random reference in one random style; about a third are disturbed, a few are two in one string."""
    segments = _print(pools, rng.choices(TRADITIONS, WEIGHTS)[0], rng)
    if rng.random() < _TWO_IN_ONE:
        tradition = rng.choices(TRADITIONS, WEIGHTS)[0]
        segments = [*segments, (None, rng.choice(("; ", " ", ";", ". "))), *_print(pools, tradition, rng)]
    if rng.random() < _DISTURBED:
        segments = disturb(segments, rng)
    return _merge(segments)


def _merge(segments: list[Segment]) -> list[Segment]:
    """No two unlabelled neighbours."""
    result: list[Segment] = []
    for label, text in segments:
        if label is None and result and result[-1][0] is None:
            result[-1] = (None, result[-1][1] + text)
        else:
            result.append((label, text))
    return result


def _print(pools: Pools, tradition: Tradition, rng: random.Random) -> list[Segment]:
    """A record in one of the templates of a tradition."""
    while True:
        language = rng.choices(list(tradition.languages), list(tradition.languages.values()))[0]
        kind = rng.choices(list(tradition.kinds), list(tradition.kinds.values()))[0]
        authors, editors = make_name_styles(tradition, language, rng)
        wish = Wish(kind, language, rng.choice(tradition.domains), authors, editors)
        fields, several = make_record(pools, wish, rng)
        # A style's terms may be those of the paper's language, not the work's.
        terms_language = "de" if language == "en" and kind != "partial" and rng.random() < 0.02 else language
        terms = _terms(terms_language, several, rng)
        segments = expand(rng.choice(tradition.templates[kind]), fields, terms, rng)
        if segments:
            return segments


def _terms(language: str, several: bool, rng: random.Random) -> dict[str, tuple[str, ...]]:
    """The terms of a language, with one pair of quotation marks for the whole reference."""
    terms = dict(TERMS.get(language, TERMS["en"]))
    opening, closing = rng.choice(QUOTES.get(language, QUOTES["en"]))
    terms["lq"], terms["rq"] = (opening,), (closing,)
    if language == "en":
        plural = tuple(role for role in terms["eds"] if ("s" in role) == several)
        terms["eds"] = plural or terms["eds"]
    return terms


def main() -> None:
    """Print samples: the data folder and their number are the arguments."""
    pools = Pools.load(Path(sys.argv[1]))
    rng = random.Random()
    for _ in range(int(sys.argv[2])):
        sys.stdout.write(marked(render(pools, rng)) + "\n")


if __name__ == "__main__":
    main()
