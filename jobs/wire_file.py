"""The wire record of a run beside its output, for people and their tools: one exchange a line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from gleanery.errors import UsageError
from gleanery.jobs.ledger.wire import read_groups
from gleanery.tasks.exports.whole import whole_file


def wire_file_of(output: Path) -> Path:
    """Where the exchanges of the results in `output` are: `refs.jsonl` has them in `refs.wire.jsonl`."""
    return output.with_suffix(".wire.jsonl")


def write_wire_file(kept: Path, output: Path) -> None:
    """Write the exchanges that a job's wire record holds beside its output, for its owner's eyes only.

    Where there are none, an older file of that name is removed: it is none of this output.
    """
    target = wire_file_of(output)
    groups = read_groups(kept) if kept.exists() else iter(())
    first = next(groups, None)
    if first is None:
        target.unlink(missing_ok=True)
        return
    with whole_file(target) as stream:
        os.fchmod(stream.fileno(), 0o600)
        for record, exchanges in chain((first,), groups):
            for exchange in exchanges:
                stream.write(orjson.dumps({"record": record, **exchange}, option=orjson.OPT_APPEND_NEWLINE))


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
