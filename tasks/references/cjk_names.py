"""Chinese, Japanese and Korean names in a printed string: family name first, few separators, no initials."""

from __future__ import annotations

import re

from gleanery.tasks.references.name_pieces import Part, Person
from gleanery.tasks.references.name_words import DOUBLE_FAMILY

_NAME = re.compile(r"[\u3400-\u9fff\uac00-\ud7af]{2,5}(?:\s[\u3400-\u9fff\uac00-\ud7af]{1,4})?")
_PIECE = re.compile(r"[^,，、;；·・‧./&\n()（）\[\]]+")
_OTHERS = re.compile(r"(?:외|등|等|他|ほか)(?:\s?\d+\s?[명인名人])?$|[著編编译譯저역편]$")


def cjk_persons(text: str, start: int, end: int) -> list[Person]:
    """Chinese, Japanese and Korean names, family name first; what is no such name between them stays literal."""
    persons: list[Person] = []
    for piece in _PIECE.finditer(text, start, end):
        left, right = piece.span()
        mark = _OTHERS.search(text[max(left, right - 20) : right].rstrip())
        if mark and (mark.start() == 0 or mark.string[mark.start() - 1].isspace()):
            right = max(left, right - 20) + mark.start()
        while left < right and text[left].isspace():
            left += 1
        while right > left and text[right - 1].isspace():
            right -= 1
        if left < right:
            persons.append(_name(text, left, right))
    return persons


def _name(text: str, start: int, end: int) -> Person:
    name = text[start:end]
    if _NAME.fullmatch(name) is None:
        return [Part("literal", start, end)]
    space = name.find(" ")
    if space > 0:
        return [Part("family", start, start + space), Part("given", start + space + 1, end)]
    if len(name) > 4:
        return [Part("literal", start, end)]
    family = 2 if name[:2] in DOUBLE_FAMILY or len(name) == 4 else 1
    return [Part("family", start, start + family), Part("given", start + family, end)]
