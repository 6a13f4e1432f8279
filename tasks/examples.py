"""A task's examples: inputs with the outputs they should give."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from gleanery.errors import DeclarationError
from gleanery.tasks.nearest import did_you_mean

_KEYS = ("input", "output")


@dataclass(frozen=True, slots=True)
class Example:
    """One input and the output it should give, as plain JSON values; `line` is where it stands in its file."""

    input: str
    output: Any
    line: int


def parse_examples(file: Path, source: bytes) -> tuple[Example, ...]:
    """The examples in a JSONL file's bytes; DeclarationError at a line that is none. Blank lines are skipped."""
    lines = source.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    return tuple(_parse(file, number, line) for number, line in enumerate(lines, 1) if line.strip())


def _parse(file: Path, number: int, line: bytes) -> Example:
    def wrong(message: str, key: str | None = None) -> DeclarationError:
        return DeclarationError(message, file=file, line=number, key=key)

    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise wrong(f"is not JSON: {error.msg} (column {error.colno}).") from None
    if not isinstance(value, dict):
        raise wrong('must be an object: {"input": "...", "output": {...}}.')
    for key in value:
        if key not in _KEYS:
            raise wrong(f"an example has `input` and `output`.{did_you_mean(key, _KEYS)}", key)
    for key in _KEYS:
        if key not in value:
            raise wrong("is missing: add it.", key)
    if not isinstance(value["input"], str):
        raise wrong("must be a text.", "input")
    return Example(value["input"], value["output"], number)
