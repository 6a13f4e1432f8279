"""Why records failed, many sentences as few."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Quoted text of any kind, then numbers, signs and decimals with them.
_QUOTED = re.compile(r"`[^`\n]*`|\"[^\"\n]*\"|“[^”\n]*”|‘[^’\n]*’|(?<!\w)'[^'\n]*'(?!\w)")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")


def grouped(sentences: Iterable[str]) -> list[tuple[str, int]]:
    """Sentences that differ only in numbers and quoted text as one, the most frequent first, and how often.

    A sentence that never varies stands as it is; in others, what varies is an ellipsis.
    """
    counts: dict[str, int] = {}
    first: dict[str, str | None] = {}
    for sentence in sentences:
        pattern = _NUMBER.sub("…", _QUOTED.sub(lambda quoted: f"{quoted[0][0]}…{quoted[0][-1]}", sentence))
        counts[pattern] = counts.get(pattern, 0) + 1
        if first.setdefault(pattern, sentence) != sentence:
            first[pattern] = None
    ordered = sorted(counts, key=lambda pattern: (-counts[pattern], pattern))
    return [(first[pattern] or pattern, counts[pattern]) for pattern in ordered]
