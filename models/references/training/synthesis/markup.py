r"""The small template language in which citation styles are written.

`{name}` is a field of the record (`{name:label}` under another label), `@name` a term of the language
("Hrsg.", "pp."), `[...]` is left out when a field in it has no value, `<a|b|c>` is one of its
alternatives by chance (one whose fields all have values),
and a backslash makes the next character literal.
"""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

Segment = tuple[str | None, str]
"""A label (or `None`) and its text; the texts of a reference joined are its string."""

LABEL_OF_FIELD: Mapping[str, str | None] = {
    "book": "container-title",
    "journal": "container-title",
    "site": "container-title",
    "series": "collection-title",
    "seriesnum": "volume",
    "place": "publisher-place",
    "year": "date",
    "doiurl": "url",
    "arxivclass": "note",
    "total": None,
    "mr": None,
    "shelf": "archive",
}
"""Fields whose label has another name than the field."""

_SPECIAL = re.compile(r"\\(.)|\{([a-z]+)(?::([a-z-]+))?\}|@([a-z]+)|([\[\]<>|])", re.DOTALL)


@dataclass(frozen=True)
class Text:
    """Literal text."""

    text: str


@dataclass(frozen=True)
class Field:
    """A value of the record."""

    name: str
    label: str | None


@dataclass(frozen=True)
class Term:
    """A word of the language of the style."""

    name: str


@dataclass(frozen=True)
class Group:
    """An optional group (one option) or a choice (two or more)."""

    options: tuple[tuple["Node", ...], ...]
    optional: bool


Node = Text | Field | Term | Group


@lru_cache(maxsize=4096)
def parse(template: str) -> tuple[Node, ...]:
    """The nodes of a template."""
    nodes, position = _parse(template, 0, "")
    if position < len(template):
        raise ValueError(f"unbalanced bracket at {position} in template {template!r}")
    return nodes[0]


def _parse(template: str, position: int, closer: str) -> tuple[list[tuple[Node, ...]], int]:
    """Options up to `closer`, and the position after it."""
    options: list[tuple[Node, ...]] = []
    nodes: list[Node] = []
    while position < len(template):
        match = _SPECIAL.search(template, position)
        end = match.start() if match else len(template)
        if end > position:
            nodes.append(Text(template[position:end]))
        if match is None:
            position = end
            break
        position = match.end()
        literal, field, label, term, bracket = match.groups()
        if literal is not None:
            nodes.append(Text(literal))
        elif field:
            nodes.append(Field(field, label or LABEL_OF_FIELD.get(field, field)))
        elif term:
            nodes.append(Term(term))
        elif bracket == closer:
            return [*options, tuple(nodes)], position
        elif bracket == "|":
            options.append(tuple(nodes))
            nodes = []
        elif bracket in "[<":
            inner, position = _parse(template, position, "]" if bracket == "[" else ">")
            nodes.append(Group(tuple(inner), bracket == "["))
        else:
            raise ValueError(f"unexpected {bracket!r} at {position} in template {template!r}")
    if closer:
        raise ValueError(f"missing {closer!r} in template {template!r}")
    return [*options, tuple(nodes)], position


class _MissingError(Exception):
    """A field that the template needs has no value."""


def expand(
    template: str, fields: Mapping[str, str], terms: Mapping[str, Sequence[str]], rng: random.Random
) -> list[Segment] | None:
    """The segments of a record in a template, or `None` when a field that it needs is missing."""
    try:
        return tidy(_expand(parse(template), fields, terms, rng))
    except _MissingError:
        return None


def _expand(
    nodes: tuple[Node, ...], fields: Mapping[str, str], terms: Mapping[str, Sequence[str]], rng: random.Random
) -> list[Segment]:
    segments: list[Segment] = []
    for node in nodes:
        if isinstance(node, Text):
            segments.append((None, node.text))
        elif isinstance(node, Field):
            value = fields.get(node.name)
            if not value:
                raise _MissingError(node.name)
            # The stop of an ordinal ("2. Aufl.") is no part of the edition.
            bare = value.removesuffix(".") if node.label == "edition" else value
            segments.append((node.label, bare))
            segments.append((None, value[len(bare) :]))
        elif isinstance(node, Term):
            segments.append((None, rng.choice(terms[node.name])))
        else:
            segments.extend(_choose(node, fields, terms, rng))
    return segments


def _choose(
    group: Group, fields: Mapping[str, str], terms: Mapping[str, Sequence[str]], rng: random.Random
) -> list[Segment]:
    options = list(group.options)
    while options:
        chosen = options.pop(rng.randrange(len(options)))
        try:
            return _expand(chosen, fields, terms, rng)
        except _MissingError:
            continue
    if group.optional:
        return []
    raise _MissingError


def tidy(segments: list[Segment]) -> list[Segment]:
    """Merge unlabelled neighbours, and print no second stop after a stop, or space after a space."""
    result: list[Segment] = []
    last = ""
    for label, text in segments:
        if label is None:
            if last and last in ".?!" and text.startswith("."):
                text = text[1:]
            if last == " ":
                text = text.lstrip(" ")
            if result and result[-1][0] is None and result[-1][1].endswith(" ") and text[:1] in (",", ".", ";"):
                result[-1] = (None, result[-1][1].rstrip())
        if not text:
            continue
        last = text[-1]
        if label is None and result and result[-1][0] is None:
            result[-1] = (None, result[-1][1] + text)
        else:
            result.append((label, text))
    while result and result[0][0] is None and not result[0][1].strip():
        result.pop(0)
    if result and result[-1][0] is None:
        trailing = result[-1][1].rstrip()
        result[-1:] = [(None, trailing)] if trailing else []
    return result


def marked(segments: Sequence[Segment]) -> str:
    """The reference with its labels shown, for the eye: `[author Smith, J.] ([date 2001])`."""
    return "".join(text if label is None else f"[{label} {text}]" for label, text in segments)
