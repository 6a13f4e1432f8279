"""Bytes as text, whatever their encoding."""

from __future__ import annotations

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before that of UTF-16, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LATIN = "windows-1252"
_SAMPLE = 64_000
_OTHER_SCRIPT = 0.3  # share of bytes beyond ASCII from which a text is not written in Latin letters
_SURROGATES = re.compile("[\ud800-\udfff]")


def decode(content: bytes, declared: str | None = None) -> tuple[str, str]:
    """The text, and a sentence where its encoding had to be guessed, or is not kept.

    By its byte order mark; else UTF-8 if it is that, or nearly; else as `declared`; else by its look.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            text = content[len(mark) :].decode(encoding, "replace")
            return text, _replaced(text.count("\ufffd"))
    if wide := _wide(content):
        return whole(content.decode(wide, "replace")), f"It was read as {wide}, by its look."
    try:
        return content.decode(), ""
    except UnicodeDecodeError:
        pass
    if declared and (known := _known(declared)) and known != "utf-8":
        return whole(content.decode(known, "replace")), ""
    text = content.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    if broken * 2 < sum(not c.isascii() for c in text):
        return text, _replaced(broken)
    guess = _guessed(content)
    return whole(content.decode(guess, "replace")), f"It is not UTF-8: it was read as {guess}, by its look."


def whole(text: str) -> str:
    """The text without half characters (lone surrogates), which nobody can be sent."""
    return _SURROGATES.sub("\ufffd", text)


def _replaced(broken: int) -> str:
    return f"Bytes that are no text were replaced by U+FFFD, {broken} times." if broken else ""


def _wide(content: bytes) -> str | None:
    """UTF-16 without a mark: in most alphabets, every other byte is the same small one."""
    sample = content[:_SAMPLE]
    for encoding, high in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[::2])):
        if high.count(0) * 2 > len(high) > 0:
            return encoding
    return None


def _known(name: str) -> str | None:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _guessed(content: bytes) -> str:
    """What is mostly ASCII is Western, as most such files are: there are too few letters to tell by."""
    sample = content[:_SAMPLE]
    if sum(byte > 127 for byte in sample) < _OTHER_SCRIPT * len(sample):
        return _LATIN
    from charset_normalizer import from_bytes

    best = from_bytes(sample).best()
    return best.encoding if best is not None else _LATIN
