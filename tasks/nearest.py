"""The name somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """A sentence that proposes the name nearest to `word`, with a space before it; empty when none is near."""
    from difflib import get_close_matches

    spelt = {name.casefold(): name for name in names}
    near = get_close_matches(word.casefold(), spelt, n=1, cutoff=0.6)
    return f" Did you mean `{spelt[near[0]]}`?" if near else ""
