"""Modelfiles: how Ollama makes a model of another one, or of a GGUF file.

The form is Ollama's: an instruction and its value on a line, `#` comments, quoted values may go on over
several lines, those in three quotes may hold quotes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, NoReturn

from gleanery.errors import UsageError

Parameter = str | int | float | bool | tuple[str, ...]

_ROLES = ("system", "user", "assistant")
_ONCE = ("from", "adapter", "system", "template", "renderer", "parser", "requires")
KEYWORDS = (*_ONCE, "parameter", "message", "license")

_INTEGERS = (
    "num_ctx", "num_predict", "num_keep", "num_batch", "num_gpu", "num_thread", "main_gpu", "seed", "top_k",
    "repeat_last_n", "mirostat",
)  # fmt: skip
_NUMBERS = (
    "temperature", "top_p", "min_p", "typical_p", "tfs_z", "repeat_penalty", "presence_penalty", "frequency_penalty",
    "mirostat_tau", "mirostat_eta",
)  # fmt: skip
_SWITCHES = ("use_mmap", "use_mlock", "numa", "low_vram", "f16_kv", "penalize_newline")
PARAMETERS = ("stop", *_INTEGERS, *_NUMBERS, *_SWITCHES)


@dataclass(frozen=True, slots=True)
class Modelfile:
    """What a Modelfile says. `base` is a model's name or a GGUF file's path, as written; what is absent is None.

    `messages` are pairs of a role and a text; `parameters` hold `stop` as all the stops there are.
    """

    file: Path
    base: str
    adapter: str | None = None
    system: str | None = None
    template: str | None = None
    renderer: str | None = None
    parser: str | None = None
    requires: str | None = None
    parameters: tuple[tuple[str, Parameter], ...] = ()
    messages: tuple[tuple[str, str], ...] = ()
    licenses: tuple[str, ...] = ()

    @classmethod
    def read(cls, file: Path) -> Modelfile:
        """The Modelfile in a file; UsageError where there is none, or it is wrong."""
        try:
            return cls.parse(file.read_text("utf-8-sig"), file)
        except OSError as error:
            raise UsageError(f"{file}: cannot be read: {error.strerror}. Give the path of a Modelfile.") from None
        except UnicodeDecodeError:
            raise UsageError(f"{file}: is not UTF-8. Save it as UTF-8.") from None

    @classmethod
    def parse(cls, text: str, file: Path) -> Modelfile:
        """The Modelfile in a text; `file` is what relative paths and error messages refer to."""
        return _Parsing(file).modelfile(text)

    @property
    def base_file(self) -> Path | None:
        """The GGUF file that FROM names; None where it names a model. UsageError where the file is not there."""
        path = self._path(self.base)
        if path.is_file():
            return path
        if self.base.startswith((".", "/", "~")) or self.base.lower().endswith(".gguf"):
            raise UsageError(f"{self.file}: FROM {self.base}: {_missing(path)} Give a GGUF file, or a model's name.")
        return None

    @property
    def adapter_file(self) -> Path | None:
        """The file that ADAPTER names; UsageError where it is not there."""
        if self.adapter is None:
            return None
        path = self._path(self.adapter)
        if not path.is_file():
            raise UsageError(f"{self.file}: ADAPTER {self.adapter}: {_missing(path)} Give a GGUF file.")
        return path

    def _path(self, written: str) -> Path:
        return self.file.parent / Path(written).expanduser()


class _Parsing:
    """A Modelfile on its way from text to values."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._once: dict[str, str] = {}
        self._parameters: dict[str, Parameter] = {}
        self._messages: list[tuple[str, str]] = []
        self._licenses: list[str] = []

    def modelfile(self, text: str) -> Modelfile:
        """The whole."""
        for line, keyword, value in self._instructions(text):
            self._take(line, keyword, value)
        if "from" not in self._once:
            raise UsageError(f"{self._file}: has no FROM. Say which model it starts from: FROM qwen3:4b")
        values: dict[str, Any] = dict(self._once)
        return Modelfile(
            self._file,
            values.pop("from"),
            **values,
            parameters=tuple(self._parameters.items()),
            messages=tuple(self._messages),
            licenses=tuple(self._licenses),
        )

    def _instructions(self, text: str) -> Iterator[tuple[int, str, str]]:
        """Line number, keyword in lower case, and the value as written, its lines joined where it has several."""
        lines = enumerate(text.replace("\r\n", "\n").split("\n"), 1)
        for number, line in lines:
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            word, rest = _cut(line)
            keyword = word.lower()
            if keyword not in KEYWORDS:
                self._wrong(number, f"`{word}` is no instruction.{_nearest(word.upper(), map(str.upper, KEYWORDS))}")
            name = ""
            if keyword in ("parameter", "message"):  # a name or a role stands before the value
                name, rest = _cut(rest)
            while _is_open(rest):
                following = next(lines, None)
                if following is None:
                    self._wrong(number, f"the quotes of {keyword.upper()} are never closed.")
                rest += "\n" + following[1]
            yield number, f"{keyword} {name}".rstrip(), _unquoted(rest)

    def _take(self, line: int, instruction: str, value: str) -> None:
        keyword, _, name = instruction.partition(" ")
        if not value and keyword in ("from", "adapter", "parameter", "message"):
            self._wrong(line, f"{keyword.upper()} {name}".rstrip() + " has no value.")
        if keyword == "parameter":
            self._parameter(line, name, value)
        elif keyword == "message":
            if name not in _ROLES:
                self._wrong(line, f"`{name}` is no role of a MESSAGE.{_nearest(name, _ROLES)}")
            self._messages.append((name, value))
        elif keyword == "license":
            self._licenses.append(value)
        elif keyword == "from" and keyword in self._once:
            self._wrong(line, "there is a second FROM. A model is made from one.")
        else:
            self._once[keyword] = value

    def _parameter(self, line: int, name: str, value: str) -> None:
        if name == "stop":
            stops = self._parameters.get("stop", ())
            assert isinstance(stops, tuple)
            self._parameters["stop"] = (*stops, value)
        elif name in PARAMETERS:
            self._parameters[name] = self._converted(line, name, value)
        else:
            self._wrong(line, f"`{name}` is no PARAMETER.{_nearest(name, PARAMETERS)}")

    def _converted(self, line: int, name: str, value: str) -> Parameter:
        kind, convert = _kind(name)
        try:
            return convert(value)
        except (ValueError, KeyError):
            self._wrong(line, f"PARAMETER {name} must be {kind}, and is `{value}`.")

    def _wrong(self, line: int, message: str) -> NoReturn:
        raise UsageError(f"{self._file}:{line}: {message}")


def _kind(name: str) -> tuple[str, Callable[[str], Parameter]]:
    if name in _INTEGERS:
        return "a whole number", int
    if name in _NUMBERS:
        return "a number", float
    return "true or false", lambda value: {"true": True, "false": False}[value.lower()]


def _cut(text: str) -> tuple[str, str]:
    """The first word, and the rest."""
    word, *rest = text.strip(" \t").split(None, 1) or [""]
    return word, rest[0] if rest else ""


def _quotes(text: str) -> Literal["", '"', '"""']:
    text = text.lstrip()
    return '"""' if text.startswith('"""') else '"' if text.startswith('"') else ""


def _is_open(text: str) -> bool:
    """Whether the value begins with quotes and does not end with them, so that it goes on in the next line."""
    quotes, text = _quotes(text), text.strip()
    return bool(quotes) and not (len(text) >= 2 * len(quotes) and text.endswith(quotes))


def _unquoted(text: str) -> str:
    quotes, text = _quotes(text), text.strip()
    return text[len(quotes) : len(text) - len(quotes)]


def _nearest(word: str, among: Any) -> str:
    names = list(among)
    near = get_close_matches(word, names, 1)
    return f" Did you mean `{near[0]}`?" if near else f" There are {', '.join(names)}."


def _missing(path: Path) -> str:
    return f"{path} is a folder." if path.is_dir() else f"there is no file {path}."
