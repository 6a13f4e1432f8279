"""Where the wire record of a run is kept until there is a ledger: one exchange a line, beside the output."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal

import orjson

from gleanery.errors import ExportError, UsageError
from gleanery.tasks.records import Recorded, Result

Wire = Literal["full", "failures", "off"]
"""Which exchanges are kept: all, those of results that are not `ok`, or none."""


def wire_file_of(output: Path) -> Path:
    """Where the exchanges of the results in `output` are: `refs.jsonl` has them in `refs.wire.jsonl`."""
    return output.with_suffix(".wire.jsonl")


class WireFile:
    """Writes exchanges as they are done, so that a run which dies leaves what was said until then.

    The file is for its owner's eyes only, and appears with the first exchange; an older one of the same name is
    replaced then. Where there is no `path` (results go to a pipe), nothing is kept.
    """

    def __init__(self, path: Path | None, keep: Wire) -> None:
        self.path, self._keep = path, keep
        self._stream: BinaryIO | None = None

    def write(self, result: Result) -> None:
        """Keep what a result cost, if that is wanted."""
        if self._keep == "full" or (self._keep == "failures" and result.status != "ok"):
            self.note(result.exchanges, result.id)

    def note(self, exchanges: Iterable[Recorded], record: str | None = None) -> None:
        """Keep some exchanges: those of a record, or with None of the run as a whole (what a model can do)."""
        if self._keep == "off" or self.path is None:
            return
        for exchange in exchanges:
            line = {"record": record, **exchange.as_json()}
            self._opened(self.path).write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))

    def settle(self) -> None:
        """The run's output is in place: an older wire record beside it, of a run that it replaced, is none of it."""
        if self._stream is None and self.path is not None:
            self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file."""
        if self._stream is not None:
            self._stream.close()

    def _opened(self, path: Path) -> BinaryIO:
        if self._stream is None:
            try:
                path.unlink(missing_ok=True)
                descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            except OSError as error:
                raise ExportError(f"{path}, the wire record, cannot be written: {error.strerror}.") from error
            self._stream = os.fdopen(descriptor, "wb", buffering=0)
        return self._stream


def read_exchanges(path: Path, record: str) -> Iterator[dict[str, Any]]:
    """The exchanges of one record, in the order of their sending; UsageError where no wire record is."""
    try:
        stream = path.open("rb")
    except OSError as error:
        raise UsageError(
            f"{path}, the wire record, cannot be read: {error.strerror}. A run that asks a chat model writes it, "
            "unless `wire` is off in the settings."
        ) from None
    with stream:
        for line in stream:
            exchange = orjson.loads(line)
            if exchange["record"] == record:
                yield exchange
