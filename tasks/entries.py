"""The entries of a YAML file, read key by key with the line each stands on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

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

    def __init__(self, file: Path, nodes: Mapping[str, Node], lines: Mapping[str, int], above: str = "") -> None:
        self._file, self._nodes, self._lines, self._above = file, nodes, lines, above

    def __contains__(self, key: object) -> bool:
        return key in self._nodes

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys, in their order."""
        return tuple(self._nodes)

    def error(self, key: str, message: str, *, down: int = 0) -> DeclarationError:
        """An error about `key`, to be raised, at the key's line or so many lines further down."""
        line = self._lines.get(key)
        return DeclarationError(message, file=self._file, line=line and line + down, key=f"{self._above}{key}")

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

    def marked(self, key: str, marks: tuple[str, ...]) -> tuple[tuple[str, str | None], ...]:
        """The list of texts at `key`, each alone or with one of `marks`: `[one, {two: mark}]`; a text stands once."""
        node = self._nodes[key]
        if _kind(node) != "seq" or not node.value:
            raise self.error(key, f"must be a list, like `[one, two]`, and is {_described(node)}.")
        found: dict[str, str | None] = {}
        for item in node.value:
            text, mark = self._marked(key, item, marks)
            if text in found:
                raise self.error(key, f"names `{text}` twice. Keep one.")
            found[text] = mark
        return tuple(found.items())

    def number(self, key: str) -> float:
        """The number at `key`."""
        node = self._nodes[key]
        try:
            if _kind(node) not in ("int", "float"):
                raise ValueError
            return float(node.value)
        except ValueError:
            raise self.error(key, f"must be a number, like 0.9, and is {_described(node)}.") from None

    def whole(self, key: str, least: int = 0) -> int:
        """The whole number at `key`, `least` or more."""
        return self._whole(key, self._nodes[key], least)

    def wholes(self, key: str, least: int = 0) -> tuple[int, ...]:
        """The list of whole numbers at `key`, which must not be empty."""
        node = self._nodes[key]
        if _kind(node) != "seq" or not node.value:
            raise self.error(key, f"must be a list of whole numbers, like `[1, 2]`, and is {_described(node)}.")
        return tuple(self._whole(key, item, least) for item in node.value)

    def flag(self, key: str) -> bool:
        """The `true` or `false` at `key`."""
        node = self._nodes[key]
        if _kind(node) != "bool" or node.value.lower() not in ("true", "false"):
            raise self.error(key, f"must be true or false, and is {_described(node)}.")
        return bool(node.value.lower() == "true")

    def is_a(self, key: str, kind: Literal["text", "list", "mapping"]) -> bool:
        """Whether what stands at `key` is of that kind."""
        return _kind(self._nodes[key]) == {"text": "str", "list": "seq", "mapping": "map"}[kind]

    def says_nothing(self, key: str) -> bool:
        """Whether what stands at `key` asks for nothing: it is false, null or empty."""
        node = self._nodes[key]
        kind = _kind(node)
        return kind == "null" or not node.value or (kind == "bool" and node.value.casefold() in ("false", "no", "off"))

    def below(self, key: str) -> Entries:
        """The keys and values of the mapping at `key`."""
        return self._mapping(key, self._nodes[key], f"{self._above}{key}.")

    def parts(self, key: str) -> list[str | Entries]:
        """The texts and mappings of the list at `key`; what is no list counts as one of a single part."""
        node = self._nodes[key]
        items = node.value if _kind(node) == "seq" else [node]
        if not items:
            raise self.error(key, "must not be empty.")
        above = f"{self._above}{key}."
        return [self._mapping(key, item, above) if _kind(item) == "map" else self._text(key, item) for item in items]

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

    def _mapping(self, key: str, node: Node, above: str) -> Entries:
        if _kind(node) != "map":
            raise self.error(key, f"must hold keys and values, and is {_described(node)}.")
        return Entries(self._file, *_pairs(self._file, node), above)

    def _whole(self, key: str, node: Node, least: int) -> int:
        if _kind(node) != "int" or not node.value.isdecimal() or int(node.value) < least:
            raise self.error(key, f"must be a whole number, {least} or more, and is {_described(node)}.")
        return int(node.value)

    def _marked(self, key: str, node: Node, marks: tuple[str, ...]) -> tuple[str, str | None]:
        if _kind(node) != "map":
            return self._text(key, node), None
        if len(node.value) != 1:
            raise self.error(key, f"must have one name in each pair of braces, like `{{one: {marks[0]}}}`.")
        [(name, marked)] = node.value
        text, mark = self._text(key, name), self._text(key, marked)
        if mark not in marks:
            raise self.error(
                key, f"`{text}` must be one of {', '.join(marks)}, and is `{mark}`.{did_you_mean(mark, marks)}"
            )
        return text, mark

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
    return Entries(file, *_pairs(file, root))


def _pairs(file: Path, mapping: Node) -> tuple[dict[str, Node], dict[str, int]]:
    """The values of a mapping by their keys, and the line of each key."""
    import yaml

    nodes: dict[str, Node] = {}
    lines: dict[str, int] = {}
    for key_node, value in mapping.value:
        line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise DeclarationError("a key must be a plain word.", file=file, line=line)
        key = key_node.value
        if key in nodes:
            raise DeclarationError(
                f"stands here twice; first in line {lines[key]}. Keep one.", file=file, line=line, key=key
            )
        nodes[key], lines[key] = value, line
    return nodes, lines


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
