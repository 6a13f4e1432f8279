"""Text that a format can carry: well-formed Unicode, and one line of it where the format thinks in lines."""

from __future__ import annotations

import re

_SURROGATE = re.compile("[\ud800-\udfff]")
_SPACES = re.compile(r"\s+")
# Control characters and the two noncharacters that XML forbids; of the former, white space is already gone by then.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")


def well_formed(text: str) -> str:
    """The text as it can be encoded: surrogate pairs joined, lone surrogates replaced by U+FFFD."""
    if not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def one_line(text: str) -> str:
    """The text as a reference format carries it: on one line, white space collapsed, control characters dropped.

    BibTeX and RIS think in lines and citation processors write XML, which has no control characters.
    JSONL keeps every character.
    """
    spaced = _SPACES.sub(" ", well_formed(text))
    return _SPACES.sub(" ", _UNPRINTABLE.sub("", spaced)).strip()
