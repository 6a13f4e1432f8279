"""Results as a table on the terminal, a line each, as they come."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.cells import cell_len, set_cell_size

from gleanery.cli.summary import STATUS_COLOURS
from gleanery.tasks.records import Result

_STATUS = ("status", 6)
_FIXED = (_STATUS, ("conf", 4), ("type", 15), ("year", 4))
_NARROW, _WIDE = 60, 100
"""Cells: a table is never narrower than the one, and shows what a work is in from the other on."""
_COLUMN = 12
"""Cells that a field of the task's own has at least; the last ones are not shown where there is no room for them."""
_LONGEST = 400
"""Characters of a cell that are looked at: more than a terminal is wide."""


class TerminalTable:
    """An exporter for eyes: the status and the task's `fields`, or without any what says which work a reference is of.

    Every result is one line, cut to the terminal's width, without the characters that a terminal would obey. One
    without an answer shows its error instead, or else its input.
    """

    left_out = 0

    def __init__(self, fields: Sequence[str] = ()) -> None:
        width = max(_NARROW, shutil.get_terminal_size().columns)
        self._fields = fields
        self._columns = _own_columns(fields, width) if fields else _reference_columns(width)
        self._started = False

    def write(self, result: Result) -> None:
        """Print one result's line."""
        if not self._started:
            click.secho(_line(self._columns, [name for name, _ in self._columns]), bold=True)
            self._started = True
        line = self._line(result)
        size = len(result.status)
        click.echo(click.style(line[:size], fg=STATUS_COLOURS[result.status]) + line[size:])

    def close(self) -> None:
        """Nothing ends a table."""

    def _line(self, result: Result) -> str:
        output: Mapping[str, Any] = result.output if isinstance(result.output, Mapping) else {"answer": result.output}
        if not self._fields:
            return _line(self._columns, [result.status, *_of_reference(result, output)])
        if any(map(_text, output.values())):
            return _line(self._columns, [result.status, *(_text(output.get(field)) for field in self._fields)])
        whole = sum(size + 1 for _, size in self._columns[1:]) - 1
        return _line((_STATUS, ("", whole)), [result.status, result.error or result.input])


def _reference_columns(width: int) -> tuple[tuple[str, int], ...]:
    rest = width - sum(size + 1 for _, size in _FIXED)
    authors = rest * 27 // 100
    container = rest * 25 // 100 if width >= _WIDE else 0
    title = rest - authors - 1 - (container + 1 if container else 0)
    return *_FIXED, ("authors", authors), ("title", title), ("in", container)


def _own_columns(fields: Sequence[str], width: int) -> tuple[tuple[str, int], ...]:
    rest = width - _STATUS[1]
    shown = fields[: rest // (_COLUMN + 1)]
    size, over = divmod(rest - len(shown), len(shown))
    return _STATUS, *((field, size + (at < over)) for at, field in enumerate(shown))


def _of_reference(result: Result, output: Mapping[str, Any]) -> tuple[str, ...]:
    confidence = result.confidence.get("record")
    return (
        "" if confidence is None else f"{confidence:.2f}",
        str(output.get("type", "")),
        _year(output),
        _names(output.get("author") or output.get("editor") or []),
        str(output.get("title") or result.error or result.input),
        str(output.get("container-title") or output.get("publisher") or ""),
    )


def _line(columns: Sequence[tuple[str, int]], cells: Sequence[str]) -> str:
    sized = (_sized(_printable(cell), size) for cell, (_, size) in zip(cells, columns, strict=False) if size)
    return " ".join(sized).rstrip()


def _sized(text: str, size: int) -> str:
    """The text in exactly `size` cells of the terminal; an ellipsis stands for what is cut off."""
    if cell_len(text) > size:
        text = set_cell_size(text, size - 1).rstrip(" ,;:.") + "…"
    return set_cell_size(text, size)


def _printable(text: str) -> str:
    """Text from outside may hold control characters that a terminal would obey."""
    return "".join(character if character.isprintable() else " " for character in text[:_LONGEST]).strip()


def _text(value: Any) -> str:
    """Any value of an answer in a cell: a list as its entries, what is nested further as JSON."""
    if value is None or value == [] or value == {}:
        return ""
    if isinstance(value, list) and not any(isinstance(entry, list | dict) for entry in value):
        return "; ".join(map(_text, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _year(output: Mapping[str, Any]) -> str:
    issued = output.get("issued") or {}
    parts = issued.get("date-parts")
    return str(parts[0][0]) if parts else str(issued.get("literal", ""))


def _names(persons: list[Mapping[str, str]]) -> str:
    names = [person.get("family") or person.get("literal") or person.get("given") or "" for person in persons]
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
