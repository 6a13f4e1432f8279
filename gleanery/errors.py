"""The one exception tree of Gleanery.

    GleaneryError
    ├── UsageError               the command or the call was wrong                     (exit 2)
    │   ├── DeclarationError     a task or a schema file is wrong                      (exit 2)
    │   ├── SettingsError        a settings file or variable is wrong                  (exit 2)
    │   └── SourceError          an input cannot be read                               (exit 2)
    ├── ModelError               no model, or it cannot be used                        (exit 3)
    │   ├── EndpointError        its server is not there, or went away
    │   │   └── OverloadedError  its server is there and takes no more
    │   ├── ModelNotFoundError   its server does not have it
    │   ├── UnsupportedError     it cannot do what was asked: tools, a grammar, a picture
    │   ├── ContextWindowError   the prompt does not fit its window, or was cut
    │   ├── StalledError         it sent nothing for too long, or took too long in all
    │   └── ReplyError           its answer is torn, empty, or none
    │       └── CutReplyError    its answer ended for want of tokens
    ├── ExportError              an output cannot be written                           (exit 1)
    ├── LedgerError              the ledger cannot be opened, read or written          (exit 1)
    └── WorkerError              the worker cannot start, or does not answer           (exit 1)

Every message says what went wrong, where, and what to do next.
"""

from __future__ import annotations

import copyreg
from pathlib import Path
from typing import Any


class GleaneryError(Exception):
    """Anything that Gleanery reports in a sentence instead of a traceback."""

    exit_code = 1

    def __reduce__(self) -> tuple[Any, ...]:
        # It crosses to other processes as it is: not made anew, whose arguments may be others than its message.
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]


class UsageError(GleaneryError):
    """The command or the call was wrong."""

    exit_code = 2


class _FileError(UsageError):
    """A file that people write is wrong: says the file, the line and the key."""

    def __init__(self, message: str, *, file: Path | str, line: int | None = None, key: str | None = None) -> None:
        self.file, self.line, self.key = file, line, key
        where = f"{file}:{line}" if line else f"{file}"
        super().__init__(f"{where}: {f'`{key}`: ' if key else ''}{message}")


class DeclarationError(_FileError):
    """A task or a schema file is wrong: says the file, the key, the line and the nearest valid name."""


class SettingsError(_FileError):
    """A settings file or an environment variable is wrong: says which, the key and the line."""


class SourceError(UsageError):
    """An input cannot be read."""


class ModelError(GleaneryError):
    """There is no such model, or it cannot be used."""

    exit_code = 3


class EndpointError(ModelError):
    """A model's server is not there, went away in the midst of a reply, or refuses us."""


class OverloadedError(EndpointError):
    """A model's server takes no more requests (429, 503). `after` is how many seconds it asks us to wait."""

    def __init__(self, message: str, *, after: float | None = None) -> None:
        self.after = after
        super().__init__(message)


class ModelNotFoundError(ModelError):
    """The server does not have the model."""


class UnsupportedError(ModelError):
    """The model, or its server, cannot do what was asked of it."""


class ContextWindowError(ModelError):
    """A prompt does not fit the model's window, or was cut: `tokens` it has (at most), `window` there is."""

    def __init__(self, message: str, *, tokens: int | None, window: int | None) -> None:
        self.tokens, self.window = tokens, window
        super().__init__(message)


class StalledError(ModelError):
    """A model sent nothing for too long, or took too long in all."""


class ReplyError(ModelError):
    """A model's answer is torn, empty, or not an answer at all."""


class CutReplyError(ReplyError):
    """A model's answer ended because its tokens ran out."""


class ExportError(GleaneryError):
    """An output cannot be written; whatever stood there before still does."""


class LedgerError(GleaneryError):
    """The ledger cannot be opened, read or written: what is committed in it stays."""


class WorkerError(GleaneryError):
    """The worker cannot be started, or does not answer."""
