"""Synthetic references with exact labels: CSL-JSON items printed in CSL styles.

    python -m gleanery.models.references.training.synthesis.csl DATA N

prints N samples, DATA being a folder with `meta/*.jsonl` and `csl/*.csl`. Nothing of it is part of this project.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path
from typing import Any

from gleanery.models.references.training.synthesis.csl_item import clean, vary
from gleanery.models.references.training.synthesis.csl_render import Renderer
from gleanery.models.references.training.synthesis.csl_style import CslError, Style, has_locale
from gleanery.models.references.training.synthesis.csl_text import Segment
from gleanery.models.references.training.synthesis.markup import marked

__all__ = ["CslError", "Segment", "Style", "clean", "pick_locale", "render", "vary"]

_LOCALES = ("de-DE", "fr-FR", "es-ES", "it-IT", "pt-PT", "nl-NL", "en-GB", "en-US")
_FOREIGN_SHARE = 0.25
_NOTE_SHARE = 0.4


def pick_locale(style: Style, rng: random.Random) -> str:
    """The style's own language three times in four, else one of the large European ones."""
    if rng.random() >= _FOREIGN_SHARE:
        return style.default_locale
    return rng.choice([name for name in _LOCALES if has_locale(name)] or [style.default_locale])


def render(
    style: Style, item: dict[str, Any], rng: random.Random, number: int | None = None, locale: str | None = None
) -> list[Segment]:
    """The reference for an item; the texts of the segments, joined, are the printed string.

    `number` is the citation number of a numeric style. Without a `locale` one is picked. Raises `CslError` when the
    item has no title or the style prints nothing for it.
    """
    fit = clean(item, rng)
    if number is not None:
        fit["citation-number"] = str(number)
    name = locale or pick_locale(style, rng)
    english = name.startswith("en") and str(fit.get("language", "en")).lower().startswith("en")
    terms = style.locale(name)
    # The humanities print references in footnotes as well as in lists, in two forms.
    if style.note is not None and (style.bibliography is None or rng.random() < _NOTE_SHARE):
        segments = Renderer(style, terms, english, fit, rng, in_note=True).entry()
        if style.bibliography is None or any(label == "title" for label, _ in segments):
            return segments
    return Renderer(style, terms, english, fit, rng, in_note=False).entry()


def main(data: Path, count: int) -> None:
    """Print samples: random items, every style in turn."""
    rng = random.Random(0)
    styles = [Style.load(path) for path in sorted((data / "csl").glob("*.csl"))]
    lines = [line for path in sorted((data / "meta").glob("*.jsonl")) for line in path.open(encoding="utf-8")]
    for index in range(count):
        style = styles[index % len(styles)]
        try:
            segments = render(style, vary(json.loads(rng.choice(lines)), rng), rng, number=index + 1)
        except CslError as error:
            print(f"{style.name}: {error}")
        else:
            print(f"{style.name}: {marked(segments)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
