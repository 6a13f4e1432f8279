"""A setting's value, with who gave it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from gleanery.errors import SettingsError

Where = tuple[str, ...]
"""The way to a key: ("endpoints", "lab", "url")."""


class Value(NamedTuple):
    """A value as a file would hold it, without passwords, and where it is from: "gleanery.toml:3", "GLEANERY_WIRE",
    "command line" or "default"."""

    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class Given:
    """A value that somebody gave, as it was read, and in what file (or variable) and line.

    `key` is named in an error; None where `file` already is the name of the key.
    """

    value: Any
    file: Path | str
    line: int | None = None
    key: str | None = None

    @property
    def origin(self) -> str:
        """Where it is from."""
        place = shortened(self.file) if isinstance(self.file, Path) else self.file
        return f"{place}:{self.line}" if self.line else place

    def error(self, message: str) -> SettingsError:
        """An error about it, to be raised."""
        return SettingsError(message, file=self.file, line=self.line, key=self.key)


Layer = Mapping[Where, Given]
"""What one file, the environment or the command line gives."""


def shortened(path: Path) -> str:
    """The path as people write it: from here, or from home."""
    for base, sign in ((Path.cwd(), ""), (Path.home(), "~/")):
        if path.is_relative_to(base):
            return sign + str(path.relative_to(base))
    return str(path)
