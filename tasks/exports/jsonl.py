"""Every result whole, one JSON object a line: the format that loses nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, BinaryIO

import orjson

from gleanery.tasks.exports.text import well_formed
from gleanery.tasks.records import Result


class JsonlExporter:
    """Writes `Result.as_json()` a line, failed results like any other; `full` adds how the result came about."""

    left_out = 0

    def __init__(self, stream: BinaryIO, *, full: bool = False) -> None:
        self._stream = stream
        self._full = full

    def write(self, result: Result) -> None:
        """Write the result's line."""
        line = result.as_json()
        if self._full:
            line |= {**result.about_json(), "cached": result.cached}
        self._stream.write(json_bytes(line) + b"\n")

    def close(self) -> None:
        """Nothing ends a JSONL file but its last line."""


def json_bytes(value: Any) -> bytes:
    """The value as strict JSON in UTF-8, on one line, whatever a model or a source put into it."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        # Lone surrogates, and integers beyond 64 bits: rare enough to take the slow way.
        return json.dumps(_mended(value), ensure_ascii=False, separators=(",", ":")).encode()


def _mended(value: Any) -> Any:
    """The value as strict JSON can say it; what is no number becomes null, as orjson has it."""
    if isinstance(value, str):
        return well_formed(value)
    if isinstance(value, Mapping):
        return {well_formed(key): _mended(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_mended(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
