"""A record's text cut where its values stand, so that a door can show them in colours or brackets."""

from __future__ import annotations

from collections.abc import Iterator

from gleanery.tasks.records import Result

Piece = tuple[str, str | None]
"""A piece of the text, and the field printed there (None: no field)."""


def pieces(result: Result) -> Iterator[Piece]:
    """The whole input in order, piece by piece; where values overlap, the first and longest is shown."""
    at = 0
    for start, end, field in sorted(_places(result), key=lambda place: (place[0], -place[1])):
        if start < at or start == end:
            continue
        if start > at:
            yield result.input[at:start], None
        yield result.input[start:end], field
        at = end
    if at < len(result.input):
        yield result.input[at:], None


def _places(result: Result) -> Iterator[tuple[int, int, str]]:
    for path, span in result.spans.items():
        field = path.partition(".")[0]
        if span.start is not None and span.end is not None:
            for start, end in span.parts or ((span.start, span.end),):
                yield start, end, field
