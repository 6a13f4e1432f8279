"""Where results go, and in which form: what `run` and `export` share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from gleanery.tasks.declarations import Task
    from gleanery.tasks.exports.exporter import Exporter

_REFERENCE = "schema:Reference"
_TABLES = ("csv", "tsv")
_OF_REFERENCES = ("bibtex", "csl-json", "ris")


class Destination:
    """Where results go, and in which form: a file, a pipe, or a table on the terminal."""

    def __init__(self, path: str | None, format_name: str | None, full: bool, as_json: bool) -> None:
        from gleanery.errors import UsageError
        from gleanery.tasks.exports.formats import format_for
        from gleanery.tasks.exports.whole import is_stream

        self.path = path
        self.file = None if path is None or is_stream(path) else path
        self.is_terminal = path in (None, "-") and sys.stdout.isatty()
        self.is_table = self.is_terminal and path is None and not (format_name or full or as_json)
        self.format = format_for(path or "-", "jsonl" if full and format_name is None and path is None else format_name)
        self.full = full
        if full and self.format.name != "jsonl":
            raise UsageError(f"--full is a form of JSONL, and {path or '-'} is {self.format.name}. Give -o FILE.jsonl.")

    def __str__(self) -> str:
        if self.is_table:
            return "a table to the terminal"
        return f"{self.format.name} to {self.path or 'standard output'}"

    def check(self, task: Task) -> None:
        """UsageError where the format says references and the task answers with something else."""
        if self.format.name not in _OF_REFERENCES or task.output == _REFERENCE:
            return
        from gleanery.errors import UsageError
        from gleanery.tasks.references.reference import Reference

        if Reference.model_json_schema()["properties"].keys().isdisjoint(_fields(task)):
            raise UsageError(
                f"{self.format.name} says references, and `{task.name}` answers with {', '.join(_fields(task))}. "
                "Give -o FILE.jsonl or FILE.csv."
            )

    @property
    def untouched(self) -> str:
        """What an interruption left of the output."""
        if self.file is None:
            return "What was written holds only these."
        return f"{self.file} {'is as it was before' if Path(self.file).exists() else 'was not written'}."

    @contextmanager
    def open(self, task: Task) -> Iterator[Exporter]:
        """The exporter; on a file, nothing is seen of it before it is whole."""
        if self.is_table:
            from gleanery.cli.table import TerminalTable

            yield TerminalTable(self._columns(task))
            return
        from gleanery.tasks.exports.whole import whole_file

        with whole_file(self.path or "-") as stream:
            yield self._exporter(stream, task)

    def _exporter(self, stream: BinaryIO, task: Task) -> Exporter:
        if self.full:
            from gleanery.tasks.exports.jsonl import JsonlExporter

            return JsonlExporter(stream, full=True)
        return self.format.open(stream, self._columns(task))

    def _columns(self, task: Task) -> list[str]:
        """The keys of the task's own output, where a table needs them."""
        wanted = self.is_table or self.format.name in _TABLES
        return _fields(task) if wanted and task.output != _REFERENCE else []


def _fields(task: Task) -> list[str]:
    """The top-level keys of a task's answers; `answer` where they are no objects."""
    from gleanery.tasks.schemas import load_schema

    return [field.name for field in load_schema(task).fields()] or ["answer"]
