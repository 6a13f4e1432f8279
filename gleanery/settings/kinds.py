"""The kinds of values that a setting can have: each reads a value, says what it must be, and gives its JSON Schema."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from gleanery.errors import UsageError
from gleanery.models.endpoint import parse_address
from gleanery.tasks.nearest import did_you_mean


class Kind(Protocol):
    """What a setting's value must be."""

    @property
    def said(self) -> str:
        """What it must be, in words: "a whole number from 0 to 2"."""

    @property
    def schema(self) -> dict[str, Any]:
        """What it must be, as JSON Schema."""

    def read(self, value: object) -> Any:
        """The value as the program uses it; ValueError, which says what is wrong, where it is another kind."""

    def from_text(self, text: str) -> object:
        """The value that a variable or an option holds as text, still to be read."""

    def written(self, value: Any) -> Any:
        """A value that was read as a file would hold it, but without passwords."""


_CREDENTIALS = re.compile(r"(?<=://)[^/?#\s]*@")


class _OfText:
    """What is written as it is."""

    def from_text(self, text: str) -> object:
        """The text itself."""
        return text

    def written(self, value: Any) -> Any:
        """The value itself; a URL's name and password stay out of sight."""
        return _CREDENTIALS.sub("", value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Text(_OfText):
    """A text of some `pattern`. A `secret` one may be a key in the wrong place: it is not repeated in an error."""

    said: str
    pattern: str = r"\S(.*\S)?"
    secret: bool = False

    @property
    def schema(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {"type": "string", "pattern": f"^{self.pattern}$"}

    def read(self, value: object) -> str:
        """The text."""
        if isinstance(value, str) and re.fullmatch(self.pattern, value):
            return value
        raise _wrong(self.said, value, secret=self.secret)


@dataclass(frozen=True, slots=True)
class Url(_OfText):
    """The address of a server. It may hold a password, so it is not repeated in an error."""

    said: str = "a URL, like `http://127.0.0.1:8000/v1`"

    @property
    def schema(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {"type": "string", "format": "uri", "pattern": "^https?://"}

    def read(self, value: object) -> str:
        """The URL, without a slash at its end."""
        if isinstance(value, str) and _is_url(value):
            return value.rstrip("/")
        raise _wrong(self.said, value, secret=True)


@dataclass(frozen=True, slots=True)
class Address(_OfText):
    """The address of a model."""

    said: str = "a model as provider/name"

    @property
    def schema(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {"type": "string", "pattern": "^(ollama|openai|gguf|embedded)/."}

    def read(self, value: object) -> str:
        """The address."""
        if not isinstance(value, str):
            raise _wrong(self.said, value)
        try:
            parse_address(value)
        except UsageError as error:
            raise ValueError(str(error)) from None
        return value


@dataclass(frozen=True, slots=True)
class Folder(_OfText):
    """A folder on this machine, there or not; `~` is the user's home."""

    said: str = "a folder as an absolute path, or one that begins with `~/`"

    @property
    def schema(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {"type": "string", "pattern": "^(/|~/)"}

    def read(self, value: object) -> Path:
        """The path."""
        if isinstance(value, str) and value.startswith(("/", "~/")):
            return Path(value).expanduser()
        raise _wrong(self.said, value)

    def written(self, value: Any) -> Any:
        """The path as text."""
        return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Texts:
    """A list of at least so many texts of some `pattern`; `said` is what they must be. As one text, with commas between
    them."""

    said: str
    pattern: str
    least: int = 0

    @property
    def schema(self) -> dict[str, Any]:
        """As JSON Schema."""
        least = {"minItems": self.least} if self.least else {}
        return {"type": "array", "items": {"type": "string", "pattern": f"^{self.pattern}$"}, **least}

    def read(self, value: object) -> tuple[str, ...]:
        """The texts."""
        if isinstance(value, list | tuple) and len(value) >= self.least and all(map(self._fits, value)):
            return tuple(value)
        raise _wrong(self.said, value)

    def _fits(self, value: object) -> bool:
        return isinstance(value, str) and re.fullmatch(self.pattern, value) is not None

    def from_text(self, text: str) -> object:
        """The texts between commas."""
        return [part.strip() for part in text.split(",") if part.strip()]

    def written(self, value: Any) -> Any:
        """The list."""
        return list(value)


class Choice(_OfText):
    """One of some words."""

    def __init__(self, *words: str) -> None:
        self._words = words

    @property
    def said(self) -> str:
        """In words."""
        return _either([f"`{word}`" for word in self._words])

    @property
    def schema(self) -> dict[str, Any]:
        """As JSON Schema."""
        return {"enum": list(self._words)}

    def read(self, value: object) -> str:
        """The word."""
        if isinstance(value, str) and value in self._words:
            return value
        raise _wrong(self.said, value, self._words)


@dataclass(frozen=True, slots=True)
class Amount:
    """A number from `least` to `most`, or one of `words`, each of which stands for a value of the program's.

    `more`: it must be more than `least`, not just as much.
    """

    least: float = 0
    most: float = math.inf
    words: Mapping[str, Any] = field(default_factory=dict)
    whole: bool = True
    more: bool = False

    @property
    def said(self) -> str:
        """In words."""
        number = "a whole number" if self.whole else "a number"
        if self.more:
            number += f" above {self.least:g}" + ("" if math.isinf(self.most) else f", at most {self.most:g}")
        elif math.isinf(self.most):
            number += f", {self.least:g} or more"
        else:
            number += f" from {self.least:g} to {self.most:g}"
        return _either([*(f"`{word}`" for word in self.words), number])

    @property
    def schema(self) -> dict[str, Any]:
        """As JSON Schema."""
        number: dict[str, Any] = {"type": "integer" if self.whole else "number"}
        number["exclusiveMinimum" if self.more else "minimum"] = self.least
        if not math.isinf(self.most):
            number["maximum"] = self.most
        return {"anyOf": [{"enum": list(self.words)}, number]} if self.words else number

    def read(self, value: object) -> Any:
        """The number, or what its word stands for."""
        if isinstance(value, str) and value in self.words:
            return self.words[value]
        if isinstance(value, int | float) and not isinstance(value, bool) and self._fits(value):
            return value if self.whole else float(value)
        raise _wrong(self.said, value, tuple(self.words))

    def from_text(self, text: str) -> object:
        """The number that the text says, if it says one."""
        for number in (int, float):
            try:
                return number(text)
            except ValueError:
                continue
        return text

    def written(self, value: Any) -> Any:
        """The number, or the word for it."""
        return next((word for word, meant in self.words.items() if meant is value), value)

    def _fits(self, value: float) -> bool:
        if self.whole and not isinstance(value, int):
            return False
        return math.isfinite(value) and self.least <= value <= self.most and not (self.more and value == self.least)


def _wrong(said: str, value: object, words: tuple[str, ...] = (), *, secret: bool = False) -> ValueError:
    near = did_you_mean(value, words) if isinstance(value, str) else ""
    shown = "not shown here, as it may be a secret" if secret and isinstance(value, str) else described(value)
    return ValueError(f"must be {said}, and is {shown}.{near}")


def described(value: object) -> str:
    """What a value of a TOML file is, in words."""
    match value:
        case bool():
            return f"`{str(value).lower()}`"
        case str():
            return f"the text `{value}`" if value.strip() else "empty"
        case int() | float():
            return f"the number {value}"
        case list():
            return "a list"
        case Mapping():
            return "a table"
        case date() | time():
            return "a date or a time"
        case _:
            return f"a {type(value).__name__}"


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and text.isprintable() and " " not in text


def _either(parts: list[str]) -> str:
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} or {parts[-1]}"
