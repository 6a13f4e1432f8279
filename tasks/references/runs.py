"""The labelled spans of a reference string as runs: in printed order, of one label each, with tidy edges."""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from typing import NamedTuple, Protocol

from gleanery.tasks.references.identifiers import joins_link, link_end
from gleanery.tasks.references.persons import REPEAT
from gleanery.tasks.references.printed import keep_quotes, trim


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


class Run(NamedTuple):
    """A stretch of one label, trimmed."""

    label: str
    start: int
    end: int
    confidence: float


def read_runs(text: str, labelled: Sequence[Labelled], known: Container[str]) -> list[Run]:
    """Trimmed runs of the known labels in printed order; neighbours of one label that print has cut are one run."""
    runs: list[Run] = []
    length = len(text)
    linked = False
    for span in labelled:
        label = span.label
        if label not in known:
            continue
        start, end, confidence = span.start, span.end, span.confidence
        if start < 0 or end > length:
            start, end = max(start, 0), min(end, length)
        if runs and runs[-1].label == label and _is_cut(text, label, runs[-1].end, start):
            before = runs.pop()
            start, confidence = before.start, min(before.confidence, confidence)
        printed_start, printed_end = start, end
        start, end = trim(text, start, end, keep_dot=label in _ABBREVIATED)
        if label in _NAMES:
            start, end = _names_edges(text, start, end, printed_start, printed_end)
        elif start >= end:
            continue
        elif label in _QUOTING:
            start, end = keep_quotes(text, start, end)
        elif label in _PUBLISHING and text[end : end + 1] == "." and _SHORTENED.search(text, max(start, end - 8), end):
            end += 1
        elif label == "url":
            linked = True
        if start < end:
            runs.append(Run(label, start, end, confidence))
    return _whole_links(text, runs) if linked else runs


_NAMES = frozenset(("author", "editor", "translator"))
_SEPARATE = frozenset(("citation-number", "isbn", "issn", "pmid", "arxiv"))
_ABBREVIATED = frozenset(
    ("container-title", "collection-title", "publisher", "publisher-place", "page", "genre", "date")
)
_QUOTING = frozenset(("title", "container-title", "collection-title"))
_PUBLISHING = frozenset(("publisher", "publisher-place"))
_SHORTENED = re.compile(r"(?:\.\s?[^\W\d_]|\b(?:Co|Inc|Ltd|Corp|Bros|Mass|Cal|Calif|Conn|Univ|Pr))$")


def _is_cut(text: str, label: str, end: int, start: int) -> bool:
    """Whether nothing but punctuation parts two runs of one label, or what parts them belongs to a web address."""
    if label == "url":
        return joins_link(text, end, start)
    if not 0 <= start - end <= 3 or label in _SEPARATE:
        return False
    between = text[end:start]
    if len(between.strip()) > 2 or any(map(str.isalnum, between)):
        return False
    # "454, 83" is a page and an article number, not one page range
    return not ("," in between and label in ("page", "volume", "issue"))


def _names_edges(text: str, start: int, end: int, printed_start: int, printed_end: int) -> tuple[int, int]:
    """The edges of trimmed names, with what belongs to a name after all: "———" before, the dot of initials after."""
    if mark := REPEAT.match(text, printed_start, printed_end):
        start, end = mark.start(1), max(end, mark.end(1))
    if start < end < printed_end and text[end] == ".":
        end += 1
    return start, end


def _whole_links(text: str, runs: list[Run]) -> list[Run]:
    """The runs with every web address as long as it is printed, up to the next run at most."""
    out: list[Run] = []
    for at, run in enumerate(runs):
        if run.label == "url":
            limit = runs[at + 1].start if at + 1 < len(runs) else len(text)
            run = run._replace(end=link_end(text, run.end, limit))
        out.append(run)
    return out
