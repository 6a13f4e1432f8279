"""Pools of real values (titles, journals, publishers) read from a data folder at run time."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

_STOPWORDS: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "de": "der die das und des zur zum im für von eine ein einer als mit über dem den bei nach",
        "en": "the of and in for on to an with from by as at its how what is",
        "fr": "le la les des du et une dans en sur au aux pour par l d",
        "it": "il lo gli della dei delle nel di del e la alla nella sul dal degli",
        "es": "el los las y del en una por para sobre la con al",
        "pt": "o os da do dos das e em uma para na no à ao",
        "ru": "и в на о с по как для",
        "nl": "het van een de en voor in op met",
    }.items()
}
_DOMAINS: Mapping[str, str] = {
    "entrez": "medicine",
    "medicus": "medicine",
    "lifescience": "zoology",
    "inspire-refextract": "physics",
    "acs": "physics",
    "ams": "maths",
    "mathematics": "maths",
    "geology_physics": "zoology",
    "sociology": "en",
    "aea": "en",
    "general": "en",
    "ubc": "en",
    "annee-philologique": "humanities",
    "dainst": "humanities",
}
"""The domain of the journals of each list."""

_WORD = re.compile(r"[^\W\d_]+")
_MARKUP = re.compile(r"[{}\\$<>^~�]|&[a-z]+;|\s{2,}|\w - [^\W\dA-Z]")
_NOT_TITLE = re.compile(r"\.\.\.|, (?:in|vol|t|pagg?|pp?|cit|ser)\b|, «|\b[Vv]ol\.?$")
"""Annotated titles that hold more than the title."""


def guess_language(title: str) -> str | None:
    """The language of a title by its function words, or `None` when they do not tell."""
    words = _WORD.findall(title.lower())
    scores = sorted(((sum(w in stop for w in words), language) for language, stop in _STOPWORDS.items()), reverse=True)
    return scores[0][1] if scores[0][0] > scores[1][0] else None


@dataclass
class Pools:
    """Values by language or domain; every pool may be empty, and then made-up values take its place."""

    titles: dict[str, list[str]] = field(default_factory=dict)
    books: dict[str, list[str]] = field(default_factory=dict)
    journals: dict[str, list[str]] = field(default_factory=dict)
    families: list[str] = field(default_factory=list)
    places: list[str] = field(default_factory=list)
    publishers: list[str] = field(default_factory=list)
    conferences: list[str] = field(default_factory=list)
    dois: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)

    @classmethod
    def load(cls, data: Path) -> "Pools":
        """Read a data folder: train.jsonl, meta/ and lists/, nothing else."""
        pools = cls()
        for row in _rows([data / "train.jsonl"]):
            pools._add_annotated(row["fields"])
        for row in _rows(sorted((data / "meta").glob("*.jsonl"))):
            pools._add_item(row)
        for row in _rows([data / "lists" / "journals.jsonl"]):
            pools._add_journal(row)
        pools._unique()
        return pools

    def _add_annotated(self, fields: Mapping[str, Any]) -> None:
        for title in _texts(fields.get("title")):
            self._add_title(self.titles, title)
        for name in _texts(fields.get("container_title")):
            if usable(name, 4, 90) and (language := guess_language(name)):
                self.journals.setdefault(language, []).append(_clean(name))
        for place in _texts(fields.get("location")):
            if usable(place, 3, 30) and place[0].isupper() and not any(c.isdigit() for c in place):
                self.places.append(_clean(place))
        for publisher in _texts(fields.get("publisher")):
            if usable(publisher, 3, 50) and publisher[0].isupper() and ":" not in publisher:
                self.publishers.append(_clean(publisher))

    def _add_item(self, item: Mapping[str, Any]) -> None:
        title, container = str(item.get("title", "")), str(item.get("container-title", ""))
        kind = item.get("type")
        self._add_title(self.books if kind == "book" else self.titles, title)
        if kind == "chapter":
            self._add_title(self.books, container)
        elif kind == "paper-conference" and usable(container, 3, 120):
            self.conferences.append(_clean(container))
        if item.get("DOI"):
            self.dois.append(str(item["DOI"]))
        url = str(item.get("URL", ""))
        if url.startswith("http") and 12 < len(url) < 120 and "doi.org" not in url and not re.search(r"\s", url):
            self.urls.append(url)
        for person in item.get("author", []):
            family = str(person.get("family", ""))
            if re.fullmatch(r"[^\W\d_]+(?:[-'’][^\W\d_]+)?", family) and family.istitle() and len(family) > 2:
                self.families.append(family)

    def _add_title(self, pool: dict[str, list[str]], title: str) -> None:
        if usable(title, 12, 180) and not _NOT_TITLE.search(title) and (language := guess_language(title)):
            pool.setdefault(language, []).append(_clean(title))

    def _add_journal(self, row: Mapping[str, Any]) -> None:
        domain = _DOMAINS.get(row["source"])
        for name in (row["title"], row["abbrev"]):
            if domain and name and usable(name, 3, 90):
                self.journals.setdefault(domain, []).append(name.strip())

    def _unique(self) -> None:
        """Drop doubles and keep the order, so that a seed gives the same references every time."""
        for pool in (self.titles, self.books, self.journals):
            for key, values in pool.items():
                pool[key] = list(dict.fromkeys(values))
        for name in ("places", "publishers", "conferences", "dois", "urls", "families"):
            setattr(self, name, list(dict.fromkeys(getattr(self, name))))


def usable(text: str, least: int, most: int) -> bool:
    """Whether a value is neither markup, nor debris, nor too short or long, nor has a quotation mark open."""
    if any(text.count(opening) != text.count(closing) for opening, closing in ("“”", "«»", "()", "[]")):
        return False
    return least <= len(text) <= most and not _MARKUP.search(text) and text[0].isalnum() and not text.isupper()


def _clean(text: str) -> str:
    """A value without what belongs to the text around it."""
    return text.strip(" .,;:\"'‘’„-–")


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for text in value or [] if isinstance(text, str)]


def _rows(paths: Iterable[Path]) -> Iterator[dict[str, Any]]:
    for path in paths:
        with path.open("rb") as lines:
            for line in lines:
                yield orjson.loads(line)
