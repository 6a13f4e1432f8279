"""What commands print besides results: tables for eyes or for pipes, and JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click


def print_json(value: Any) -> None:
    """The value as indented JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> None:
    """A table for eyes on a terminal, aligned plain text elsewhere; the columns named in `right` hold numbers.

    What came from outside may hold characters that a terminal would obey: they are left out.
    """
    rows = [[printable(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        _print_rich(columns, rows, right)
        return
    widths = [max(map(len, cells)) for cells in zip(columns, *rows, strict=True)]
    for row in (columns, *rows):
        cells = zip(columns, row, widths, strict=True)
        line = (cell.rjust(width) if column in right else cell.ljust(width) for column, cell, width in cells)
        click.echo("  ".join(line).rstrip())


def printable(text: str) -> str:
    """The text in one line, without control characters."""
    return "".join(character if character.isprintable() else " " for character in text)


def _print_rich(columns: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left")
    for row in rows:
        table.add_row(*map(Text, row))
    Console().print(table)


def size(number: float | None) -> str:
    """Bytes as people say them: "2.5 GB"; empty where nobody knows."""
    if number is None:
        return ""
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.3g} {unit}"
        number /= 1000
    return f"{number:.1f} GB"
