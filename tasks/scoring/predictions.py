"""A Result of the bibliography task as the scorer reads it: every value as it is printed in the input."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, TypedDict

from gleanery.tasks.records import Result, Span
from gleanery.tasks.scoring.fields import CSL_KEYS, NAME_FIELDS

_YEAR = re.compile(r"\d{4}")


class Prediction(TypedDict):
    """A line of predictions: `fields` by their gold names, `printed` the author and editor strings as they stand."""

    raw: str
    fields: dict[str, Any]
    printed: dict[str, str]


def prediction(result: Result) -> Prediction:
    """What a result says is printed in its input; nothing where the record failed.

    A grounded value is the slice of the input at its span ("230-65", not "230-265"), an ungrounded one is itself, and
    an inferred one is left out: it is not printed. A DOI that is only a part of the printed URL is left out too.
    """
    output: Mapping[str, Any] = result.output if isinstance(result.output, dict) else {}
    fields = {field: value for field in CSL_KEYS if (value := _value(result, output, field))}
    if _is_within(result.spans.get("DOI"), result.spans.get("URL")):
        fields.pop("doi", None)
    names = {field: _printed_names(result, field) for field in NAME_FIELDS if field in fields}
    return {"raw": result.input, "fields": fields, "printed": {field: text for field, text in names.items() if text}}


def _value(result: Result, output: Mapping[str, Any], field: str) -> Any:
    key = CSL_KEYS[field]
    value = output.get(key)
    if not value:
        return None
    if field in NAME_FIELDS:
        return [_name(result, f"{key}.{place}", name) for place, name in enumerate(value)]
    if field == "year":
        year = _YEAR.search(_printed(result, key, _first_year(value)))
        return year and year.group()
    return _printed(result, key, str(value))


def _name(result: Result, path: str, name: Mapping[str, str]) -> str | dict[str, str]:
    """A person as family (its particle in front) and given name, anybody else as one string."""
    if "literal" in name:
        return _printed(result, f"{path}.literal", name["literal"])
    parts = {part: _printed(result, f"{path}.{part}", value) for part, value in name.items()}
    family = " ".join(filter(None, (parts.get("non-dropping-particle"), parts.get("family"))))
    return {part: text for part, text in (("family", family), ("given", parts.get("given"))) if text}


def _printed(result: Result, path: str, value: str) -> str:
    span = result.spans.get(path)
    return value if span is None else _slice(result.input, span)


def _slice(source: str, span: Span) -> str:
    """What stands at a span: its pieces, where it has several, with a space between them; nothing when inferred."""
    pieces = span.parts or ([(span.start, span.end)] if span.start is not None else [])
    return " ".join(source[start:end] for start, end in pieces)


def _printed_names(result: Result, field: str) -> str:
    """The names as one printed string: at the field's own span, else from the first to the last name's."""
    if whole := result.spans.get(field):
        return _slice(result.input, whole)
    spans = [span for path, span in result.spans.items() if path.startswith(f"{field}.")]
    starts = [span.start for span in spans if span.start is not None]
    ends = [span.end for span in spans if span.end is not None]
    return result.input[min(starts) : max(ends)] if starts and ends else ""


def _first_year(issued: Mapping[str, Any]) -> str:
    return str(issued["date-parts"][0][0]) if issued.get("date-parts") else str(issued.get("literal", ""))


def _is_within(inner: Span | None, outer: Span | None) -> bool:
    if inner is None or outer is None or inner.start is None or outer.start is None:
        return False
    return outer.start <= inner.start and (inner.end or 0) <= (outer.end or 0)
