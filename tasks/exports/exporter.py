"""What every export format does: take results one at a time, and close."""

from __future__ import annotations

from typing import Protocol

from gleanery.tasks.records import Result


class Exporter(Protocol):
    """Writes results to a binary stream as they come, holding none of them; the stream stays its owner's to close.

    `left_out` counts the results that the format had no way to say: failed ones, and answers that are no reference.
    Nothing is promised about the bytes before `close`, which writes what the format wants at its end.
    """

    left_out: int

    def write(self, result: Result) -> None:
        """Write one result."""

    def close(self) -> None:
        """Write the end of the document; called once, after the last result and only when all went well."""
