"""Grounding: where in the source each value of an answer stands, and which stand nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from gleanery.tasks.alignment import Alignment, Place
from gleanery.tasks.numerals import Numerals, find_dates
from gleanery.tasks.records import INFERRED, Span
from gleanery.tasks.subschemas import Node, below, variants

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_NOTHING = object()


class Grounding(NamedTuple):
    """The spans of an output's values by path (`author.0.family`), and the paths of those that the source lacks."""

    spans: dict[str, Span]
    missing: tuple[str, ...]


class _Leaf(NamedTuple):
    """A value with nothing below it. `parent` is the path of what holds it; `keyed`: that is an object."""

    path: str
    value: Any
    nodes: list[Node]
    parent: str
    keyed: bool

    @property
    def closed(self) -> bool:
        """Whether the schema names the value, so that it may be a conclusion."""
        return any(
            node.get("const", _NOTHING) == self.value or self.value in node.get("enum", ()) for node in self.nodes
        )

    @property
    def is_date(self) -> bool:
        """Whether the schema says that the value is a date."""
        return any(node.get("format") == "date" for node in self.nodes)


def ground(output: Any, source: str, json_schema: Mapping[str, Any]) -> Grounding:
    """Where the values of `output` stand in `source`; never raises.

    Texts are looked for exactly, then in another form, then nearly; numbers as whole numbers; a value of `format: date`
    by its year, month and day. True, False and values of an `enum` that are not printed are inferred; nulls and empty
    texts have no place and want none.
    """
    leaves = [leaf for leaf in _leaves(output, json_schema) if leaf.value is not None and leaf.value != ""]
    placing = _Placing(source)
    placing.settle(leaves)
    spans: dict[str, Span] = {}
    missing: list[str] = []
    for leaf in leaves:
        span = placing.span(leaf)
        if span is not None:
            spans[leaf.path] = span
        elif not (isinstance(leaf.value, str) and not leaf.value.strip()):
            missing.append(leaf.path)
    return Grounding(spans, tuple(missing))


def _leaves(output: Any, schema: Mapping[str, Any]) -> Iterator[_Leaf]:
    waiting = [_Leaf("", output, variants(schema, schema), "", False)]
    while waiting:
        leaf = waiting.pop()
        pairs: list[tuple[str | int, Any]]
        if isinstance(leaf.value, Mapping):
            pairs, keyed = [(str(key), value) for key, value in leaf.value.items()], True
        elif isinstance(leaf.value, list):
            pairs, keyed = list(enumerate(leaf.value)), False
        else:
            yield leaf
            continue
        for key, value in reversed(pairs):
            path = f"{leaf.path}.{key}" if leaf.path else str(key)
            waiting.append(_Leaf(path, value, below(leaf.nodes, key, schema), leaf.path, keyed))


class _Placing:
    """Places the values of one output in their order, each near the one before it."""

    def __init__(self, source: str) -> None:
        self._alignment = Alignment(source)
        self._numerals: Numerals | None = None
        self._settled: dict[str, Span] = {}
        self._near: Place = (0, 0)
        self._parent = ""

    def settle(self, leaves: list[_Leaf]) -> None:
        """Places the texts that are printed once only, so that others keep clear of them."""
        for leaf in leaves:
            if isinstance(leaf.value, str) and leaf.value.strip() and not leaf.closed:
                places = self._alignment.exact(leaf.value)
                if len(places) == 1:
                    self._settled[leaf.path] = Span(*self._alignment.choose(places), "exact")

    def span(self, leaf: _Leaf) -> Span | None:
        """The place of the next value; None where it has none."""
        # The fields of one object are printed near each other, in any order.
        either = leaf.keyed and leaf.parent == self._parent
        self._parent = leaf.parent
        span = self._settled.get(leaf.path) or self._find(leaf, either)
        if span is not None and span.start is not None and span.end is not None:
            self._near = span.start, span.end
        return span

    def _find(self, leaf: _Leaf, either: bool) -> Span | None:
        value = leaf.value
        if isinstance(value, bool):
            return INFERRED
        if isinstance(value, int | float):
            return self._number(value, either) or (INFERRED if leaf.closed else None)
        if not isinstance(value, str) or not value.strip():
            return None
        if leaf.closed:
            places = self._alignment.exact(value)
            return Span(*self._alignment.choose(places, self._near, either=either), "exact") if places else INFERRED
        if leaf.is_date and (found := _ISO.fullmatch(value)) and not self._alignment.exact(value):
            return self._date(*map(int, found.groups()), either=either)
        return self._alignment.text(value, self._near, either=either)

    def _number(self, value: float, either: bool) -> Span | None:
        if self._numerals is None:
            self._numerals = Numerals(self._alignment.source)
        places = self._numerals.find(value)
        if not places:
            return None
        start, end = self._alignment.choose(places, self._near, either=either)
        return Span(start, end, "exact" if self._alignment.source[start:end] == str(value) else "normalised")

    def _date(self, year: int, month: int, day: int, *, either: bool) -> Span | None:
        dates = {
            (pieces[0][0], pieces[-1][1]): pieces for pieces in find_dates(self._alignment.source, year, month, day)
        }
        if not dates:
            return None
        place = self._alignment.choose(list(dates), self._near, either=either)
        pieces = dates[place]
        return Span(*place, "normalised", pieces if len(pieces) > 1 else ())
