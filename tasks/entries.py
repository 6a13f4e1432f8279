"""The entries of a YAML file, read key by key with the line each stands on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from gleanery.errors import DeclarationError
from gleanery.tasks.nearest import did_you_mean

if TYPE_CHECKING:
    from yaml import MarkedYAMLError, Node, YAMLError

_TAG = "tag:yaml.org,2002:"
_KINDS = {"str": "text", "int": "a number", "float": "a number", "bool": "true or false", "null": "empty"}
_KINDS |= {"timestamp": "a date", "seq": "a list", "map": "a mapping"}


class Entries:
    """One declaration's keys and values: each is asked for by its key and the type it must have.

    A value of another type, a missing key and an unknown key raise DeclarationError with the file, line and key.
    """

    def __init__(self, file: Path, nodes: Mapping[str, Node], lines: Mapping[str, int]) -> None:
        self._file, self._nodes, self._lines = file, nodes, lines

    def __contains__(self, key: object) -> bool:
        return key in self._nodes

    def error(self, key: str, message: str, *, down: int = 0) -> DeclarationError:
        """An error about `key`, to be raised, at the key's line or so many lines further down."""
        line = self._lines.get(key)
        return DeclarationError(message, file=self._file, line=line and line + down, key=key)

    def only(self, known: Iterable[str], *, required: Iterable[str], later: Mapping[str, str]) -> None:
        """Refuses keys that are not known or come `later` (a reason for each), and misses the required ones."""
        for key in self._nodes:
            if key in later:
                raise self.error(key, later[key])
            if key not in known:
                near = did_you_mean(key, known) or f" The keys are {', '.join(known)}."
                raise self.error(key, f"there is no such key.{near}")
        for key in required:
            if key not in self._nodes:
                raise self.error(key, "is missing: add it.")

    def text(self, key: str) -> str:
        """The text at `key`, which must not be blank."""
        return self._text(key, self._nodes[key])

    def texts(self, key: str) -> tuple[str, ...]:
        """The list of texts at `key`, which must not be empty."""
        node = self._nodes[key]
        if _kind(node) != "seq" or not node.value:
            raise self.error(key, f"must be a list, like `[one, two]`, and is {_described(node)}.")
        return tuple(self._text(key, item) for item in node.value)

    def number(self, key: str) -> float:
        """The number at `key`."""
        node = self._nodes[key]
        try:
            if _kind(node) not in ("int", "float"):
                raise ValueError
            return float(node.value)
        except ValueError:
            raise self.error(key, f"must be a number, like 0.9, and is {_described(node)}.") from None

    def choice(self, key: str, choices: tuple[str, ...]) -> str:
        """The text at `key`, one of `choices`."""
        word = self.text(key)
        if word not in choices:
            near = did_you_mean(word, choices)
            raise self.error(key, f"must be one of {', '.join(choices)}, and is `{word}`.{near}")
        return word

    def lines_down(self, key: str, line: int) -> int:
        """How many lines below its key the given line (from 0) of a text stands; 0 unless the text is a `|` block."""
        return line + 1 if getattr(self._nodes[key], "style", None) == "|" else 0

    def _text(self, key: str, node: Node) -> str:
        if _kind(node) != "str" or not node.value.strip():
            quotes = " Put it in quotes." if _kind(node) in ("int", "float", "bool", "timestamp") else ""
            raise self.error(key, f"must be a text, and is {_described(node)}.{quotes}")
        return str(node.value)


def read_entries(file: Path, source: bytes) -> Entries:
    """The entries of a YAML file whose bytes are `source`; DeclarationError where it is not one mapping of keys."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        root = yaml.compose(source.decode("utf-8-sig"), Loader=loader)
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        raise DeclarationError("is not UTF-8: save the file as UTF-8.", file=file, line=line) from None
    except yaml.YAMLError as error:
        raise _syntax_error(file, source, error) from None
    except RecursionError:
        raise DeclarationError("is nested too deeply.", file=file) from None
    if not isinstance(root, yaml.MappingNode):
        raise DeclarationError("must hold keys and values, like `name: my-task`.", file=file, line=1)
    nodes: dict[str, Node] = {}
    lines: dict[str, int] = {}
    for key_node, value in root.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise DeclarationError("a key must be a plain word.", file=file, line=line)
        key = key_node.value
        if key in nodes:
            raise DeclarationError(
                f"stands here twice; first in line {lines[key]}. Keep one.", file=file, line=line, key=key
            )
        nodes[key], lines[key] = value, line
    return Entries(file, nodes, lines)


def _syntax_error(file: Path, source: bytes, error: YAMLError | MarkedYAMLError) -> DeclarationError:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return DeclarationError(f"is not YAML: {' '.join(str(error).split())}.", file=file)
    problem = str(getattr(error, "problem", None) or error)
    lines = source.split(b"\n")
    text = lines[mark.line] if mark.line < len(lines) else b""
    if b"\t" in text[: len(text) - len(text.lstrip())] or text[mark.column : mark.column + 1] == b"\t":
        problem = "a tab stands where YAML takes spaces only. Replace it by spaces"
    elif "mapping values are not allowed" in problem:
        problem = "a second `:` in one line. Put the value in quotes"
    return DeclarationError(f"is not YAML: {problem}.", file=file, line=mark.line + 1)


def _kind(node: Node) -> str:
    return str(node.tag).removeprefix(_TAG)


def _described(node: Node) -> str:
    kind = _kind(node)
    if kind == "str" and not node.value.strip():
        return "empty"
    named = _KINDS.get(kind, f"`{node.tag}`")
    return f"{named}: `{node.value}`" if kind in ("str", "int", "float", "bool", "timestamp") else named
