"""What `translate` answers is about as long as a translation is."""

from typing import Any

SHORT = 200
"""Characters below which lengths say little."""


def as_long_as_it_should_be(output: str, columns: dict[str, Any]) -> str | None:
    """Languages differ by a factor of three at most; beyond that something is left out, or was added."""
    source, length = len(columns["source"]), len(output)
    if source < SHORT or source / 4 <= length <= source * 4:
        return None
    what = "left out" if length < source else "added"
    return f"The text has {source} characters and the translation {length}: something was {what}. Translate all of it."
