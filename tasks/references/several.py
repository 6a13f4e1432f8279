"""Whether one text holds two references: a check on the order of its runs, for it shows in no single value."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from gleanery.tasks.records import Issue
from gleanery.tasks.references.runs import Run

_HEADS = ("author", "editor")
_WORKS = ("title", "container-title")
_NEAR = 12  # characters from names to their date: room for " (Eds.) ("


def two_references(text: str, runs: Sequence[Run]) -> list[Issue]:
    """An issue if the runs show two references, by any one of three signs.

    As many different dates, authors or titles, and pages as two references have; names and date in front of a title
    twice in the author-date style; or two citation numbers of which the second follows the first.
    """
    if _counted_twice(text, runs) or _begins_twice(text, runs) or _numbered_twice(text, runs):
        return [Issue("two-references", None, "This text seems to hold more than one reference.")]
    return []


def _counted_twice(text: str, runs: Sequence[Run]) -> bool:
    seen: dict[str, set[str]] = {"date": set(), "author": set(), "title": set(), "page": set()}
    for run in runs:
        if run.label in seen:
            seen[run.label].add(text[run.start : run.end])
    dates, authors, titles, pages = map(len, seen.values())
    return dates >= 2 and pages >= 2 and max(authors, titles) >= 2


def _begins_twice(text: str, runs: Sequence[Run]) -> bool:
    begun: dict[str, tuple[str, str]] = {}
    for head, dated, work in zip(runs, runs[1:], runs[2:], strict=False):
        if head.label not in _HEADS or dated.label != "date" or work.label not in _WORKS:
            continue
        if dated.start - head.end > _NEAR:
            continue
        here = text[head.start : head.end], text[dated.start : dated.end]
        if begun.setdefault(head.label, here)[1] != here[1]:
            return True
    return False


def _numbered_twice(text: str, runs: Sequence[Run]) -> bool:
    numbers = [text[run.start : run.end] for run in runs if run.label == "citation-number"]
    heads = sum(run.label in _HEADS for run in runs)
    return heads >= 2 and any(
        first.isdecimal() and second.isdecimal() and len(second) < 6 and int(second) == int(first[:6]) + 1
        for first, second in pairwise(numbers)
    )
