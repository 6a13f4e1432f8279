"""Gold references: what a person says stands in a string, one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from gleanery.errors import UsageError


@dataclass(frozen=True, slots=True)
class Gold:
    """One annotated reference: `fields` as printed in `raw`, by the names in `fields.FIELDS`.

    `source` names its corpus, and so which fields are annotated at all; `line` counts from 1.
    """

    line: int
    source: str
    raw: str
    fields: Mapping[str, Any]


def read_gold(path: Path, limit: int | None = None) -> list[Gold]:
    """The references of a JSONL file, the first `limit` of them; empty lines are passed over.

    Raises:
        UsageError: the file cannot be read, is empty, or a line is not `{"raw": "...", "fields": {...}}`.
    """
    try:
        with path.open(encoding="utf-8-sig") as lines:
            gold = list(islice(_references(path, lines), limit))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error}); give a JSONL file in UTF-8") from error
    if not gold:
        raise UsageError(f'{path}: has no references; give one {{"source", "raw", "fields"}} object a line')
    return gold


def _references(path: Path, lines: Iterator[str]) -> Iterator[Gold]:
    return (_reference(path, number, line) for number, line in enumerate(lines, 1) if line.strip())


def _reference(path: Path, number: int, line: str) -> Gold:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise UsageError(f"{path}:{number}: is not JSON ({error.msg}); give one object a line") from error
    if not isinstance(value, dict):
        raise UsageError(f'{path}:{number}: is not an object; give {{"source", "raw", "fields"}}')
    raw, fields, source = value.get("raw"), value.get("fields"), value.get("source", "gold")
    if not isinstance(raw, str):
        raise UsageError(f"{path}:{number}: `raw` is missing or not a string; give the reference as it was printed")
    if not isinstance(fields, dict):
        raise UsageError(f"{path}:{number}: `fields` is missing or not an object; give the values printed in `raw`")
    if not isinstance(source, str):
        raise UsageError(f"{path}:{number}: `source` is not a string; give the name of the corpus, or leave it out")
    return Gold(number, source, raw, fields)
