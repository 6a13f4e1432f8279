"""The one exception tree of Gleanery.

    GleaneryError
    ├── UsageError               the command or the call was wrong                     (exit 2)
    │   ├── DeclarationError     a task or a schema file is wrong                      (exit 2)
    │   └── SourceError          an input cannot be read                               (exit 2)
    ├── ModelError               no model, or it cannot be used                        (exit 3)
    └── ExportError              an output cannot be written                           (exit 1)

Every message says what went wrong, where, and what to do next.
"""

from __future__ import annotations

from pathlib import Path


class GleaneryError(Exception):
    """Anything that Gleanery reports in a sentence instead of a traceback."""

    exit_code = 1


class UsageError(GleaneryError):
    """The command or the call was wrong."""

    exit_code = 2


class DeclarationError(UsageError):
    """A task or a schema file is wrong: says the file, the key, the line and the nearest valid name."""

    def __init__(self, message: str, *, file: Path, line: int | None = None, key: str | None = None) -> None:
        self.file, self.line, self.key = file, line, key
        where = f"{file}:{line}" if line else f"{file}"
        super().__init__(f"{where}: {f'`{key}`: ' if key else ''}{message}")


class SourceError(UsageError):
    """An input cannot be read."""


class ModelError(GleaneryError):
    """There is no such model, or it cannot be used."""

    exit_code = 3


class ExportError(GleaneryError):
    """An output cannot be written; whatever stood there before still does."""
