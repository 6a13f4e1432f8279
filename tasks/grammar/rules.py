"""The rules of a grammar as text, in GBNF.

Only what both readers of it, llama.cpp and vLLM's xgrammar, take alike: literals, groups, alternatives, `?`, `{m,n}`
and ranges of characters; names of lower-case letters, digits and hyphens.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

Rule = tuple[str, str]
"""A rule's name and its body."""

SPACE, INTEGER, NUMBER = "space", "integer", "number"
_DEPTH = 8
"""How far alternatives are grouped; readers bound the depth of brackets, and more gains nothing."""

# Digits are bounded so that an answer ends: a model with nothing to say goes on for ever with zeros.
SCALARS: tuple[Rule, ...] = (
    (SPACE, '" "?'),
    (INTEGER, '"-"? ("0" | [1-9] [0-9]{0,15})'),
    (NUMBER, f'{INTEGER} ("." [0-9]{{1,15}})? (("e" | "E") ("+" | "-")? [0-9]{{1,2}})?'),
)


def written(rules: Iterable[Rule]) -> str:
    """The grammar's text."""
    return "".join(f"{name} ::= {body}\n" for name, body in rules)


def literal(text: str) -> str:
    """The literal of a text that has no control characters."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def quoted(text: str) -> str:
    """A text as it stands between the quotes of a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


def choice(options: Iterable[tuple[str, str]], depth: int = _DEPTH) -> str:
    """One of several texts, each with what follows it ("" for nothing), those that begin alike in one group.

    llama.cpp tries every token of its vocabulary against every alternative, so the fewer begin the better.
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    for text, then in dict.fromkeys(options):
        groups.setdefault(text[:1] if depth else text, []).append((text, then))
    return " | ".join(_group(group, depth) for group in groups.values())


def _group(options: list[tuple[str, str]], depth: int) -> str:
    begin = _beginning([text for text, _ in options])
    if not begin:
        return " | ".join(then or '""' for _, then in options)
    if len(options) == 1:
        return f"{literal(begin)} {options[0][1]}".rstrip()
    rest = choice(((text[len(begin) :], then) for text, then in options), max(0, depth - 1))
    return f"{literal(begin)} ({rest})"


def _beginning(texts: list[str]) -> str:
    """How all the texts begin: as the least and the greatest do."""
    least, greatest = min(texts), max(texts)
    same = (place for place, char in enumerate(least) if char != greatest[place])
    return least[: next(same, len(least))]
