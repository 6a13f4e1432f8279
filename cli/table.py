"""Results of references as a table on the terminal, a line each, as they come."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

import click
from rich.cells import cell_len, set_cell_size

from gleanery.cli.summary import STATUS_COLOURS
from gleanery.tasks.records import Result

_FIXED = (("status", 6), ("conf", 4), ("type", 15), ("year", 4))
_NARROW, _WIDE = 60, 100
"""Cells: a table is never narrower than the one, and shows what a work is in from the other on."""
_LONGEST = 400
"""Characters of a cell that are looked at: more than a terminal is wide."""


class TerminalTable:
    """An exporter for eyes: status, confidence, type, year, authors, title and, where there is room, container.

    Every result is one line, cut to the terminal's width, without the characters that a terminal would obey.
    """

    left_out = 0

    def __init__(self) -> None:
        width = max(_NARROW, shutil.get_terminal_size().columns)
        rest = width - sum(size + 1 for _, size in _FIXED)
        authors = rest * 27 // 100
        container = rest * 25 // 100 if width >= _WIDE else 0
        title = rest - authors - 1 - (container + 1 if container else 0)
        self._columns = (*_FIXED, ("authors", authors), ("title", title), ("in", container))
        self._started = False

    def write(self, result: Result) -> None:
        """Print one result's line."""
        if not self._started:
            click.secho(self._line([name for name, _ in self._columns]), bold=True)
            self._started = True
        output: Mapping[str, Any] = result.output if isinstance(result.output, Mapping) else {}
        line = self._line(
            [
                result.status,
                f"{result.confidence.get('record', 0.0):.2f}",
                str(output.get("type", "")),
                _year(output),
                _names(output.get("author") or output.get("editor") or []),
                str(output.get("title") or result.error or result.input),
                str(output.get("container-title") or output.get("publisher") or ""),
            ]
        )
        size = len(result.status)
        click.echo(click.style(line[:size], fg=STATUS_COLOURS[result.status]) + line[size:])

    def close(self) -> None:
        """Nothing ends a table."""

    def _line(self, cells: list[str]) -> str:
        sized = (_sized(_printable(cell), size) for cell, (_, size) in zip(cells, self._columns, strict=True) if size)
        return " ".join(sized).rstrip()


def _sized(text: str, size: int) -> str:
    """The text in exactly `size` cells of the terminal; an ellipsis stands for what is cut off."""
    if cell_len(text) > size:
        text = set_cell_size(text, size - 1).rstrip(" ,;:.") + "…"
    return set_cell_size(text, size)


def _printable(text: str) -> str:
    """Text from outside may hold control characters that a terminal would obey."""
    return "".join(character if character.isprintable() else " " for character in text[:_LONGEST]).strip()


def _year(output: Mapping[str, Any]) -> str:
    issued = output.get("issued") or {}
    parts = issued.get("date-parts")
    return str(parts[0][0]) if parts else str(issued.get("literal", ""))


def _names(persons: list[Mapping[str, str]]) -> str:
    names = [person.get("family") or person.get("literal") or person.get("given") or "" for person in persons]
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
