"""The words of a text, as they are compared: whole words in lower case, without accents."""

from __future__ import annotations

import re
import unicodedata

# Scripts without spaces between words: each character counts as one.
UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff"
)
_MARKS = "\u0591-\u05c7\u0610-\u065f\u0900-\u0dff"  # signs that are no letters, but part of a word
_WORD = re.compile(rf"[{UNSPACED}]|(?:(?![{UNSPACED}])[^\W_]|[{_MARKS}])+")
_ACCENTS = re.compile("[\u0300-\u036f]+")
_HYPHENATED = re.compile(r"(?<=[^\W\d_])[-\u2010\u00ad]\r?\n[ \t]*(?=[^\W\d_])|\u00ad")


def words(text: str) -> list[str]:
    """The words, in their order; one that is hyphenated at a line's end is one word."""
    if "-" in text or not text.isascii():
        text = _HYPHENATED.sub("", text)
    if text.isascii():
        return _WORD.findall(text.lower())
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text.casefold()))
    return _WORD.findall(unicodedata.normalize("NFKC", plain))
