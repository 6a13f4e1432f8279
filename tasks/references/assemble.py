"""From labelled spans of a reference string to one CSL record in which every value knows where it is printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NamedTuple, Protocol

from gleanery.tasks.records import INFERRED, Issue, Match, Span
from gleanery.tasks.references import identifiers
from gleanery.tasks.references.checks import check, two_references
from gleanery.tasks.references.dates import join_dates, read_date
from gleanery.tasks.references.identifiers import Found
from gleanery.tasks.references.kinds import infer_language, infer_type
from gleanery.tasks.references.pages import page_edges, read_pages
from gleanery.tasks.references.persons import REPEAT, split_persons
from gleanery.tasks.references.printed import tidy, trim


class Labelled(Protocol):
    """A labelled part of a text: text[start:end] (Unicode code points), and how sure the labeller is (0 to 1)."""

    @property
    def label(self) -> str:
        """One of the labeller's labels; unknown ones are passed over."""

    @property
    def start(self) -> int:
        """The first code point."""

    @property
    def end(self) -> int:
        """The code point after the last."""

    @property
    def confidence(self) -> float:
        """Between 0 and 1."""


class Assembled(NamedTuple):
    """A reference as plain JSON values in CSL-JSON keys; spans and confidence by path; what is wrong with it."""

    reference: dict[str, Any]
    spans: dict[str, Span]
    confidence: dict[str, float]
    issues: list[Issue]


class _Run(NamedTuple):
    """A stretch of one label, trimmed."""

    label: str
    start: int
    end: int
    confidence: float


class _Draft:
    """The record while it grows."""

    __slots__ = ("confidence", "leftover", "reference", "spans", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.reference: dict[str, Any] = {}
        self.spans: dict[str, Span] = {}
        self.confidence: dict[str, float] = {}
        self.leftover: list[_Run] = []

    def put(self, key: str, value: Any, start: int, end: int, confidence: float) -> None:
        """Takes a value for a field together with its place."""
        self.reference[key] = value
        match: Match = "exact" if self.text[start:end] == value else "normalised"
        self.spans[key] = Span(start, end, match)
        self.confidence[key] = confidence


def assemble(text: str, labelled: Sequence[Labelled], *, today: date) -> Assembled:
    """The reference that the labelled spans of `text` make up; never raises, whatever the spans are.

    The first run of a field gives its value, names add up, and what is left over goes to `note`. `type` and `language`
    are inferred. `today` is what years are judged by.
    """
    runs = _runs(text, labelled)
    draft = _Draft(text)
    for run in runs:
        _READERS[run.label](draft, run)
    _place_second_title(draft)
    _links(draft)
    _note(draft)
    issues = check(draft.reference, today)
    if draft.leftover:
        issues += _several(text, runs)
    _infer(draft)
    return Assembled(draft.reference, draft.spans, draft.confidence, issues)


def _runs(text: str, labelled: Sequence[Labelled]) -> list[_Run]:
    """Trimmed runs in printed order; neighbours of one label with only punctuation between are one run."""
    runs: list[_Run] = []
    length = len(text)
    for span in labelled:
        label = span.label
        if label not in _READERS:
            continue
        start, end, confidence = span.start, span.end, span.confidence
        if start < 0 or end > length:
            start, end = max(start, 0), min(end, length)
        if runs and runs[-1].label == label and 0 <= start - runs[-1].end <= 3 and label not in _SEPARATE:
            between = text[runs[-1].end : start]
            if len(between.strip()) <= 2 and not any(map(str.isalnum, between)) and not _counts_on(label, between):
                before = runs.pop()
                start, confidence = before.start, min(before.confidence, confidence)
        printed_start, printed_end = start, end
        start, end = trim(text, start, end, keep_dot=label in _ABBREVIATED)
        if label in _NAMES:
            start, end = _names_edges(text, start, end, printed_start, printed_end)
        if start < end:
            runs.append(_Run(label, start, end, confidence))
    return runs


def _counts_on(label: str, between: str) -> bool:
    """Whether a comma parts two numbers: "454, 83" is a page and an article number, not one page range."""
    return "," in between and label in ("page", "volume", "issue")


def _names_edges(text: str, start: int, end: int, printed_start: int, printed_end: int) -> tuple[int, int]:
    """The edges of trimmed names, with what belongs to a name after all: "———" before, the dot of initials after."""
    if mark := REPEAT.match(text, printed_start, printed_end):
        start, end = mark.start(1), max(end, mark.end(1))
    if start < end < printed_end and text[end] == ".":
        end += 1
    return start, end


_NAMES = frozenset(("author", "editor", "translator"))
_SEPARATE = frozenset(("citation-number", "isbn", "issn", "pmid", "arxiv"))
_ABBREVIATED = frozenset(("container-title", "collection-title", "publisher", "page", "genre", "date"))


def _text_field(key: str, prefix: re.Pattern[str] | None = None) -> Callable[[_Draft, _Run], None]:
    """A reader for a field whose value is what is printed, without a leading word such as "Vol."."""

    def read(draft: _Draft, run: _Run) -> None:
        start = run.start
        if prefix and (found := prefix.match(draft.text, start, run.end)) and found.end() < run.end:
            start = found.end()
        if key in draft.reference:
            draft.leftover.append(run)
        elif value := tidy(draft.text[start : run.end]):
            draft.put(key, value, start, run.end, run.confidence)

    return read


def _persons_field(key: str) -> Callable[[_Draft, _Run], None]:
    """A reader for a list of persons; a second run adds to the list."""

    def read(draft: _Draft, run: _Run) -> None:
        text, spans = draft.text, draft.spans
        persons: list[dict[str, str]] = draft.reference.get(key, [])
        known = len(persons)
        for person in split_persons(text, run.start, run.end):
            path = f"{key}.{len(persons)}"
            values: dict[str, str] = {}
            for part, start, end in person:
                printed = text[start:end]
                value = _name(printed)
                if value and part not in values:
                    values[part] = value
                    spans[f"{path}.{part}"] = Span(start, end, "exact" if value == printed else "normalised")
            if values:
                persons.append(values)
        if len(persons) == known:
            return
        span, confidence = Span(run.start, run.end, "normalised"), run.confidence
        if known:
            before = spans[key]
            parts = (*(before.parts or ((before.start or 0, before.end or 0),)), (run.start, run.end))
            span = Span(parts[0][0], run.end, "normalised", parts)
            confidence = min(confidence, draft.confidence[key])
        draft.reference[key], spans[key], draft.confidence[key] = persons, span, confidence

    return read


_SPACE_BEFORE_DOT = re.compile(r"\s{1,3}(?=[.-])")


def _name(printed: str) -> str:
    """A part of a name with the spaces put right that PDF extraction leaves before dots: "J .-Y ." is "J.-Y."."""
    if " ." in printed or " -" in printed:
        printed = _SPACE_BEFORE_DOT.sub("", printed)
    return tidy(printed)


def _issued(draft: _Draft, run: _Run) -> None:
    """The date of publication; month and day may stand apart from the year."""
    text = draft.text
    printed = text[run.start : run.end]
    if "issued" not in draft.reference:
        draft.put("issued", read_date(printed), run.start, run.end, run.confidence)
        return
    span = draft.spans["issued"]
    joined = None if span.parts else join_dates(text[span.start : span.end], printed)
    if joined is None:
        draft.leftover.append(run)
        return
    draft.reference["issued"] = joined
    first, last = sorted(((span.start or 0, span.end or 0), (run.start, run.end)))
    draft.spans["issued"] = Span(first[0], max(first[1], last[1]), "normalised", (first, last))
    draft.confidence["issued"] = min(draft.confidence["issued"], run.confidence)


def _accessed(draft: _Draft, run: _Run) -> None:
    if "accessed" in draft.reference:
        draft.leftover.append(run)
    else:
        draft.put("accessed", read_date(draft.text[run.start : run.end]), run.start, run.end, run.confidence)


def _page(draft: _Draft, run: _Run) -> None:
    if "page" in draft.reference:
        draft.leftover.append(run)
        return
    start, end = page_edges(draft.text, run.start, run.end)
    if value := tidy(read_pages(draft.text[start:end])):
        draft.put("page", value, start, run.end, run.confidence)  # "44 p.": the p says what 44 counts


def _identifier_field(key: str, find: Callable[[str, int, int], Found | None]) -> Callable[[_Draft, _Run], None]:
    """A reader for an identifier; what was labelled so but is none is kept as printed, for the checks to judge."""

    def read(draft: _Draft, run: _Run) -> None:
        if key in draft.reference:
            draft.leftover.append(run)
        elif found := find(draft.text, run.start, run.end):
            draft.put(key, found.value, found.start, found.end, run.confidence)
        elif value := tidy(draft.text[run.start : run.end]):
            draft.put(key, value, run.start, run.end, run.confidence)

    return read


_EDITION = re.compile(
    r"(\d{1,3})\s?(?:\.|st|nd|rd|th|e|ème|eme|ª|a|º)?\s?(?:ed|edn|edition|aufl|auflage|éd|édition|edición|edição|edizione|druk)?",
    re.IGNORECASE,
)


def _edition(draft: _Draft, run: _Run) -> None:
    """The number alone of a numbered edition ("3rd ed." is 3), else its words."""
    if "edition" not in draft.reference and (found := _EDITION.fullmatch(draft.text, run.start, run.end)):
        draft.put("edition", found[1], found.start(1), found.end(1), run.confidence)
    else:
        _plain_edition(draft, run)


def _keep_for_note(draft: _Draft, run: _Run) -> None:
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

_READERS: dict[str, Callable[[_Draft, _Run], None]] = {
    "citation-number": _text_field("citation-number", _CITATION),
    "author": _persons_field("author"),
    "editor": _persons_field("editor"),
    "translator": _persons_field("translator"),
    "title": _text_field("title"),
    "container-title": _text_field("container-title", _IN),
    "collection-title": _text_field("collection-title"),
    "date": _issued,
    "volume": _text_field("volume", _VOLUME),
    "issue": _text_field("issue", _ISSUE),
    "page": _page,
    "publisher": _text_field("publisher"),
    "publisher-place": _text_field("publisher-place"),
    "edition": _edition,
    "genre": _text_field("genre"),
    "number": _text_field("number", _NUMBER),
    "doi": _identifier_field("DOI", identifiers.find_doi),
    "isbn": _identifier_field("ISBN", identifiers.find_isbn),
    "issn": _identifier_field("ISSN", identifiers.find_issn),
    "url": _identifier_field("URL", identifiers.find_url),
    "arxiv": _identifier_field("arXiv", identifiers.find_arxiv),
    "pmid": _identifier_field("PMID", identifiers.find_pmid),
    "accessed": _accessed,
    "archive": _text_field("archive"),
    "note": _keep_for_note,
}


def _place_second_title(draft: _Draft) -> None:
    """A second title, where no container is named, is the container's."""
    if "container-title" in draft.reference:
        return
    for at, run in enumerate(draft.leftover):
        if run.label == "title":
            _READERS["container-title"](draft, run)
            del draft.leftover[at]
            return


def _links(draft: _Draft) -> None:
    """A link to a DOI resolver or to arXiv holds the identifier too."""
    span = draft.spans.get("URL")
    if span is None or span.start is None or span.end is None:
        return
    for key, find in (("DOI", identifiers.doi_of_link), ("arXiv", identifiers.arxiv_of_link)):
        if key not in draft.reference and (found := find(draft.text, span.start, span.end)):
            draft.put(key, found.value, found.start, found.end, draft.confidence["URL"])


def _note(draft: _Draft) -> None:
    """Everything that found no field, unless it only repeats what did."""
    if not draft.leftover:
        return
    known = {value for value in draft.reference.values() if isinstance(value, str)}
    kept: list[_Run] = []
    values: list[str] = []
    for run in draft.leftover:
        value = tidy(draft.text[run.start : run.end])
        if value and value not in known:
            known.add(value)
            kept.append(run)
            values.append(value)
    if not kept:
        return
    first, last = min(run.start for run in kept), max(run.end for run in kept)
    draft.put("note", "; ".join(values), first, last, min(run.confidence for run in kept))
    if len(kept) > 1:
        draft.spans["note"] = Span(first, last, "normalised", tuple((run.start, run.end) for run in kept))


def _several(text: str, runs: Sequence[_Run]) -> list[Issue]:
    """Whether the runs show two references: as many different dates, authors or titles, and pages."""
    seen: dict[str, set[str]] = {}
    for run in runs:
        seen.setdefault(run.label, set()).add(text[run.start : run.end])
    dates, authors, titles, pages = (len(seen.get(label, ())) for label in ("date", "author", "title", "page"))
    return two_references(dates, max(authors, titles), pages)


def _infer(draft: _Draft) -> None:
    """Type and language, which are conclusions and have no place in the text."""
    reference = draft.reference
    if not reference:
        return
    if kind := infer_type(reference):
        reference["type"] = kind
        draft.spans["type"] = INFERRED
    if language := infer_language(reference.get("title", "")):
        reference["language"] = language
        draft.spans["language"] = INFERRED
