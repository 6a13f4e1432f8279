"""From labelled spans of a reference string to one CSL record in which every value knows where it is printed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from gleanery.tasks.records import INFERRED, Issue, Span
from gleanery.tasks.references import identifiers
from gleanery.tasks.references.checks import check
from gleanery.tasks.references.fields import READERS, Draft
from gleanery.tasks.references.kinds import infer_language, infer_type
from gleanery.tasks.references.printed import tidy
from gleanery.tasks.references.runs import Labelled, Run, read_runs
from gleanery.tasks.references.several import two_references


class Assembled(NamedTuple):
    """A reference as plain JSON values in CSL-JSON keys; spans and confidence by path; what is wrong with it."""

    reference: dict[str, Any]
    spans: dict[str, Span]
    confidence: dict[str, float]
    issues: list[Issue]


def assemble(text: str, labelled: Sequence[Labelled], *, today: date) -> Assembled:
    """The reference that the labelled spans of `text` make up; never raises, whatever the spans are.

    The first run of a field gives its value, names add up, and what is left over goes to `note`. `type` and `language`
    are inferred. `today` is what years are judged by.
    """
    runs = read_runs(text, labelled, READERS)
    draft = Draft(text)
    for run in runs:
        READERS[run.label](draft, run)
    if draft.leftover:
        _place_second_title(draft)
    if "URL" in draft.reference:
        _links(draft)
    if draft.leftover:
        _note(draft)
    issues = check(draft.reference, today)
    if draft.leftover:
        issues += two_references(text, runs)
    if draft.reference:
        _infer(draft)
    return Assembled(draft.reference, draft.spans, draft.confidence, issues)


def _place_second_title(draft: Draft) -> None:
    """A second title, where no container is named, is the container's."""
    if "container-title" in draft.reference:
        return
    for at, run in enumerate(draft.leftover):
        if run.label == "title":
            READERS["container-title"](draft, run)
            del draft.leftover[at]
            return


def _links(draft: Draft) -> None:
    """A link to a DOI resolver or to arXiv holds the identifier too."""
    span = draft.spans["URL"]
    if span.start is None or span.end is None:
        return
    for key, find in (("DOI", identifiers.doi_of_link), ("arXiv", identifiers.arxiv_of_link)):
        if key not in draft.reference and (found := find(draft.text, span.start, span.end)):
            draft.put(key, found.value, found.start, found.end, draft.confidence["URL"])


_SAYS_NOTHING = re.compile(
    r"(?:(?:available|retrieved|accessed|online|at|from|on|in|of|the|and|or|no|de|und|et|von|der|die|das|aus|doi|url)\W*)+",
    re.IGNORECASE,
)


def _note(draft: Draft) -> None:
    """Everything that found no field, unless it only repeats what did or says nothing."""
    known = {value for value in draft.reference.values() if isinstance(value, str)}
    known.update(draft.text[span.start : span.end] for span in draft.spans.values())
    kept: list[Run] = []
    values: list[str] = []
    for run in draft.leftover:
        value = tidy(draft.text[run.start : run.end])
        if value and value not in known and not (len(value) < 40 and _SAYS_NOTHING.fullmatch(value)):
            known.add(value)
            kept.append(run)
            values.append(value)
    if not kept:
        return
    first, last = min(run.start for run in kept), max(run.end for run in kept)
    draft.put("note", "; ".join(values), first, last, min(run.confidence for run in kept))
    if len(kept) > 1:
        draft.spans["note"] = Span(first, last, "normalised", tuple((run.start, run.end) for run in kept))


def _infer(draft: Draft) -> None:
    """Type and language, which are conclusions and have no place in the text."""
    reference = draft.reference
    if kind := infer_type(reference):
        reference["type"] = kind
        draft.spans["type"] = INFERRED
    if (title := reference.get("title")) and (language := infer_language(title)):
        reference["language"] = language
        draft.spans["language"] = INFERRED
