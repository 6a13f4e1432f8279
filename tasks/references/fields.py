"""Each label's field: how the text of a run becomes a value of the record, with the place it is printed at."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from gleanery.tasks.records import Match, Span
from gleanery.tasks.references import identifiers
from gleanery.tasks.references.dates import join_dates, read_date
from gleanery.tasks.references.identifiers import Found
from gleanery.tasks.references.pages import page_edges, read_pages
from gleanery.tasks.references.persons import split_persons
from gleanery.tasks.references.printed import join_numbers, tidy
from gleanery.tasks.references.runs import Run


class Draft:
    """The record while it grows."""

    __slots__ = ("confidence", "leftover", "reference", "spans", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.reference: dict[str, Any] = {}
        self.spans: dict[str, Span] = {}
        self.confidence: dict[str, float] = {}
        self.leftover: list[Run] = []

    def put(self, key: str, value: Any, start: int, end: int, confidence: float) -> None:
        """Takes a value for a field together with its place."""
        self.reference[key] = value
        match: Match = "exact" if self.text[start:end] == value else "normalised"
        self.spans[key] = Span(start, end, match)
        self.confidence[key] = confidence


Reader = Callable[[Draft, Run], None]


def _text_field(key: str, prefix: re.Pattern[str] | None = None, tidy: Callable[[str], str] = tidy) -> Reader:
    """A reader for a field whose value is what is printed, without a leading word such as "Vol."."""

    def read(draft: Draft, run: Run) -> None:
        start = run.start
        if prefix and (found := prefix.match(draft.text, start, run.end)) and found.end() < run.end:
            start = found.end()
        if key in draft.reference:
            draft.leftover.append(run)
            return
        printed = draft.text[start : run.end]
        if value := tidy(printed):
            draft.reference[key] = value
            draft.spans[key] = Span(start, run.end, "exact" if value == printed else "normalised")
            draft.confidence[key] = run.confidence

    return read


def _persons_field(key: str) -> Reader:
    """A reader for a list of persons; a second run adds to the list."""

    def read(draft: Draft, run: Run) -> None:
        text, spans = draft.text, draft.spans
        persons: list[dict[str, str]] = draft.reference.get(key, [])
        known = len(persons)
        for person in split_persons(text, run.start, run.end):
            path = f"{key}.{len(persons)}."
            values: dict[str, str] = {}
            for part, start, end in person:
                printed = text[start:end]
                if part == "family" and printed[-1].isdigit():
                    printed = _without_mark(printed)
                    end = start + len(printed)
                value = _name(printed)
                if value and part not in values:
                    values[part] = value
                    spans[path + part] = Span(start, end, "exact" if value == printed else "normalised")
            if values:
                persons.append(values)
        if len(persons) == known:
            return
        span, confidence = Span(run.start, run.end, "normalised"), run.confidence
        if known:
            before = spans[key]
            parts = (*(before.parts or ((before.start or 0, before.end or 0),)), (run.start, run.end))
            starts, ends = zip(*parts, strict=True)
            span = Span(min(starts), max(ends), "normalised", parts)
            confidence = min(confidence, draft.confidence[key])
        draft.reference[key], spans[key], draft.confidence[key] = persons, span, confidence

    return read


def _without_mark(family: str) -> str:
    """A family name without the number of a footnote or an affiliation behind it: "Okafor12" is "Okafor"."""
    at = len(family)
    while at and family[at - 1].isdigit():
        at -= 1
    return family[:at] if at > 1 else family


_SPACED_DOT = re.compile(r"\s{1,3}(?=[.-])")
_SPACED_APOSTROPHE = re.compile(r"\s?(['’])\s?")


def _name(printed: str) -> str:
    """A part of a name with the spaces put right that PDF extraction leaves: "J .-Y ." is "J.-Y.", "D ’ A" is "D’A"."""
    if printed.isalpha():
        return printed
    if " " in printed:
        if " ." in printed or " -" in printed:
            printed = _SPACED_DOT.sub("", printed)
        if " ’" in printed or " '" in printed:
            printed = _SPACED_APOSTROPHE.sub(r"\1", printed)
    return tidy(printed)


_UNDATED = re.compile(r"(?:o|n|s)\.\s?[a-zJ]|(?:n|s)d")


def _date_field(key: str) -> Reader:
    """A reader for a date; month and day may stand apart from the year."""

    def read(draft: Draft, run: Run) -> None:
        text = draft.text
        start, end = run.start, run.end
        if key not in draft.reference:
            date = read_date(text[start:end])
            if "literal" in date and text[end : end + 1] == "." and _UNDATED.fullmatch(text, start, end):
                end += 1  # "o. J."
                date = {"literal": tidy(text[start:end])}
            draft.put(key, date, start, end, run.confidence)
            return
        span = draft.spans[key]
        joined = None if span.parts else join_dates(text[span.start : span.end], text[start:end])
        if joined is None:
            draft.leftover.append(run)
            return
        draft.reference[key] = joined
        first, last = sorted(((span.start or 0, span.end or 0), (start, end)))
        draft.spans[key] = Span(first[0], max(first[1], last[1]), "normalised", (first, last))
        draft.confidence[key] = min(draft.confidence[key], run.confidence)

    return read


def _page(draft: Draft, run: Run) -> None:
    if "page" in draft.reference:
        draft.leftover.append(run)
        return
    start, end = page_edges(draft.text, run.start, run.end)
    if value := tidy(read_pages(draft.text[start:end])):
        draft.put("page", value, start, run.end, run.confidence)  # "44 p.": the p says what 44 counts


def _identifier_field(
    key: str, find: Callable[[str, int, int], Found | None], prefix: re.Pattern[str] | None = None
) -> Reader:
    """A reader for an identifier; what was labelled so but is none is kept as printed, for the checks to judge."""

    def read(draft: Draft, run: Run) -> None:
        start = run.start
        if key in draft.reference:
            draft.leftover.append(run)
        elif found := find(draft.text, start, run.end):
            draft.put(key, found.value, found.start, found.end, run.confidence)
        else:
            if prefix and (word := prefix.match(draft.text, start, run.end)) and word.end() < run.end:
                start = word.end()
            if value := tidy(draft.text[start : run.end]):
                draft.put(key, value, start, run.end, run.confidence)

    return read


_EDITION = re.compile(
    r"(\d{1,3})\s?(?:\.|st|nd|rd|th|e|ème|eme|ª|a|º)?\s?(?:ed|edn|edition|aufl|auflage|éd|édition|edición|edição|edizione|druk)?\.?",
    re.IGNORECASE,
)


def _edition(draft: Draft, run: Run) -> None:
    """The number alone of a numbered edition ("3rd ed." is 3), else its words."""
    if "edition" not in draft.reference and (found := _EDITION.fullmatch(draft.text, run.start, run.end)):
        draft.put("edition", found[1], found.start(1), found.end(1), run.confidence)
    else:
        _plain_edition(draft, run)


def _keep_for_note(draft: Draft, run: Run) -> None:
    draft.leftover.append(run)


_plain_edition = _text_field("edition")
_VOLUME = re.compile(
    r"(?:(?:volumes?|vols?|band|bde?|jahrgang|jg|tomes?|tomos?|bind)\s?(?:[.:]\s*|\s+|(?=\d))"
    r"|(?:to?|v)\s?(?:[.:]\s*|\s+))",
    re.IGNORECASE,
)
_ISSUE = re.compile(
    r"(?:(?:numbers?|num|nos?|nr|heft|hefte|issues?|iss|fascicolo|fasc|ausgabe|numéros?|número|n[°º])"
    r"\s?(?:[.:]\s*|\s+|(?=\d))"
    r"|[hn]\s?(?:[.:]\s*|\s+))",
    re.IGNORECASE,
)
_IN = re.compile(r"in\s?:\s*", re.IGNORECASE)
_NUMBER = re.compile(r"(?:number|no|nr|n[°º]|#)\s?[.:]?\s*(?=\w*\d)", re.IGNORECASE)
_CITATION = re.compile(r"(?:ref\w*|no)\s?[.:]?\s*(?=\d)", re.IGNORECASE)
_IDENTIFIED_AS = re.compile(r"(?:e-?)?(?:doi|isbn|issn|pmid|arxiv)(?:-1[03])?\s?:?\s*", re.IGNORECASE)

READERS: dict[str, Reader] = {
    "citation-number": _text_field("citation-number", _CITATION),
    "author": _persons_field("author"),
    "editor": _persons_field("editor"),
    "translator": _persons_field("translator"),
    "title": _text_field("title"),
    "container-title": _text_field("container-title", _IN),
    "collection-title": _text_field("collection-title"),
    "date": _date_field("issued"),
    "volume": _text_field("volume", _VOLUME, join_numbers),
    "issue": _text_field("issue", _ISSUE, join_numbers),
    "page": _page,
    "publisher": _text_field("publisher"),
    "publisher-place": _text_field("publisher-place"),
    "edition": _edition,
    "genre": _text_field("genre"),
    "number": _text_field("number", _NUMBER),
    "doi": _identifier_field("DOI", identifiers.find_doi, _IDENTIFIED_AS),
    "isbn": _identifier_field("ISBN", identifiers.find_isbn, _IDENTIFIED_AS),
    "issn": _identifier_field("ISSN", identifiers.find_issn, _IDENTIFIED_AS),
    "url": _identifier_field("URL", identifiers.find_url),
    "arxiv": _identifier_field("arXiv", identifiers.find_arxiv, _IDENTIFIED_AS),
    "pmid": _identifier_field("PMID", identifiers.find_pmid, _IDENTIFIED_AS),
    "accessed": _date_field("accessed"),
    "archive": _text_field("archive"),
    "note": _keep_for_note,
}
"""What is done with a run of each label."""
