"""Readable keys for references: vaswani2017attention."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

from gleanery.tasks.exports.item import Item

# Letters that Unicode does not take apart into a base and a mark.
_FOLDED = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})
_NO_ASCII = re.compile("[^a-z0-9]+")
_ARTICLES = frozenset(
    "a an the der die das ein eine le la les l un une el los las il lo gli i o os as de het".split()  # noqa: SIM905
)


class Citekeys:
    """Gives each item of one file its key: family name, year, first word of the title, all in ASCII.

    The same items in the same order get the same keys. The second of a key is told apart by `-a`, the third by `-b`;
    the hyphen stands in no first key, so none of these can meet another item's.
    """

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()

    def key(self, item: Item) -> str:
        """The item's key, given to no other item of this file, whatever the case of its letters."""
        key = _readable(item)
        earlier = self._given[key]
        self._given[key] += 1
        return f"{key}-{_letters(earlier)}" if earlier else key


def _readable(item: Item) -> str:
    key = _family(item) + _year(item) + _title_word(item)
    return key if key.strip("0123456789") else f"ref{key or _folded(item.id)}"


def _family(item: Item) -> str:
    people = item.names.get("author") or item.names.get("editor") or ()
    if not people:
        return ""
    return _folded(people[0].family) or next(filter(None, map(_folded, people[0].literal.split())), "")


def _year(item: Item) -> str:
    issued = item.dates.get("issued")
    return str(abs(issued.parts[0][0])) if issued and issued.parts else ""


def _title_word(item: Item) -> str:
    words = [word for word in map(_folded, re.split(r"[\s'’\-–—]+", item.get("title"))) if word]
    return next((word for word in words if word not in _ARTICLES), "")


def _folded(text: str) -> str:
    """The text in small ASCII letters and digits; empty where its script has no such form."""
    return _NO_ASCII.sub("", unicodedata.normalize("NFKD", text.lower().translate(_FOLDED)))


def _letters(number: int) -> str:
    """1 is a, 26 is z, 27 is aa."""
    letters = ""
    while number:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("a") + letter) + letters
    return letters
