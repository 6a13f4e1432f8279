"""Results of references as a table on the terminal, a line each, as they come."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

import click
from rich.cells import set_cell_size

from gleanery.tasks.records import Result

_COLOURS = {"ok": "green", "review": "yellow", "failed": "red"}
_FIXED = (("status", 7), ("conf", 5), ("type", 16), ("year", 5))


class TerminalTable:
    """An exporter for eyes: status, confidence, type, year, authors, title and container, cut to the terminal's width."""

    left_out = 0

    def __init__(self) -> None:
        width = max(60, shutil.get_terminal_size().columns)
        rest = width - sum(size + 1 for _, size in _FIXED) - 2
        authors, title = rest * 25 // 100, rest * 48 // 100
        self._columns = (*_FIXED, ("authors", authors), ("title", title), ("in", rest - authors - title))
        self._started = False

    def write(self, result: Result) -> None:
        """Print one result's line."""
        if not self._started:
            click.secho(self._line([name for name, _ in self._columns]), bold=True)
            self._started = True
        output: Mapping[str, Any] = result.output if isinstance(result.output, Mapping) else {}
        cells = [
            result.status,
            f"{result.confidence.get('record', 0.0):.2f}",
            str(output.get("type", "")),
            _year(output),
            _names(output.get("author") or output.get("editor") or []),
            str(output.get("title") or result.error or result.input),
            str(output.get("container-title") or output.get("publisher") or ""),
        ]
        line = self._line([_printable(cell) for cell in cells])
        size = self._columns[0][1]
        click.echo(click.style(line[:size], fg=_COLOURS[result.status]) + line[size:])

    def close(self) -> None:
        """Nothing ends a table."""

    def _line(self, cells: list[str]) -> str:
        sized = (_sized(cell, size) for cell, (_, size) in zip(cells, self._columns, strict=True))
        return " ".join(sized).rstrip()


def _sized(text: str, size: int) -> str:
    cut = set_cell_size(text, size)
    return set_cell_size(text, size - 1) + "…" if len(text) > size and not text.startswith(cut.rstrip() + " " * 9) else cut


def _printable(text: str) -> str:
    """Text from outside may hold control characters that a terminal would obey."""
    return "".join(character if character.isprintable() else " " for character in text[:400])


def _year(output: Mapping[str, Any]) -> str:
    issued = output.get("issued") or {}
    parts = issued.get("date-parts") or [[""]]
    return str(parts[0][0])


def _names(persons: list[Mapping[str, str]]) -> str:
    names = [person.get("family") or person.get("literal") or person.get("given") or "" for person in persons]
    return ", ".join(names[:3]) + (" …" if len(names) > 3 else "")
