"""In which line of a TOML file each key stands: Python's parser does not tell."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

Where = tuple[str, ...]


def lines_of(text: str) -> dict[Where, int]:
    """The line, from 1, in which each key and table of a text first stands; the text must be valid TOML."""
    lines: dict[Where, int] = {}
    table: Where = ()
    for number, statement in _statements(text):
        found = list(_ways(tomllib.loads(statement)))
        if statement.lstrip(" \t").startswith("["):
            table = found[-1]
            found = [table[:length] for length in range(1, len(table) + 1)]
        else:
            found = [table + way for way in found]
        for way in found:
            lines.setdefault(way, number)
    return lines


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Each statement with the line it begins in: the fewest lines that the parser takes by themselves.

    Values that go on for several lines, strings that hold what looks like a key, and comments are thus told apart by
    the parser itself.
    """
    began, statement = 1, ""
    for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
        statement = f"{statement}\n{line}" if number > began else line
        if _is_whole(statement):
            yield began, statement
            began, statement = number + 1, ""


def _is_whole(statement: str) -> bool:
    try:
        tomllib.loads(statement)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _ways(value: Any, way: Where = ()) -> Iterator[Where]:
    """The ways to all keys of a parsed value, outer ones first; a list of tables counts as its first table."""
    if isinstance(value, list) and value:
        yield from _ways(value[0], way)
    if isinstance(value, dict):
        for key, below in value.items():
            yield (*way, key)
            yield from _ways(below, (*way, key))
