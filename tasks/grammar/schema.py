"""The rules of a grammar that a JSON Schema gives: all but what a text may be."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import count
from typing import Any, NamedTuple

from gleanery.errors import UsageError
from gleanery.tasks.grammar.pieces import TEXT
from gleanery.tasks.grammar.rules import INTEGER, NUMBER, SPACE, Rule, choice, literal

Node = Mapping[str, Any]

_QUOTE, _CLOSE = literal('"'), literal("}")

# What gives a value its structure. The rest (lengths, bounds, patterns, formats) is left to validation.
_STRUCTURE = frozenset(
    (
        *("$ref", "allOf", "anyOf", "oneOf", "type", "enum", "const", "properties", "required"),
        *("additionalProperties", "patternProperties", "items", "prefixItems", "minItems", "maxItems"),
    )
)
_SCALARS = {
    "string": TEXT,
    "integer": INTEGER,
    "number": NUMBER,
    "boolean": '("true" | "false")',
    "null": '"null"',
}


ITEMS = 500
"""So many items are in an array at most: llama.cpp gives up a grammar with repetitions of 2,000 and more."""


class Array(NamedTuple):
    """An array's open rule `name`: its rule `following`, repeated `least` to `most` times.

    `most` is None where the schema does not say; then it is the source that bounds it.
    """

    name: str
    following: str
    least: int
    most: int | None

    def rule(self, items: int) -> Rule:
        """The rule, where an array that says nothing else has `items` at most."""
        most = items - 1 if self.most is None else self.most
        return self.name, f"{self.following}{{{self.least},{max(self.least, most)}}}"


class SchemaRules:
    """The rules of a schema, as they are found from its root on.

    `rules` starts with `root`. What follows the first item of an array is left open, because it hangs on the source
    how many there can be: `arrays` has them.
    """

    def __init__(self, schema: Node) -> None:
        self.rules: list[Rule] = []
        self.arrays: list[Array] = []
        self._schema = schema
        self._items: dict[str, str] = {}
        self._numbers = count(1)
        root = self._value(schema, "", ())
        self.rules.insert(0, ("root", root))

    def _value(self, schema: Any, path: str, refs: tuple[str, ...]) -> str:
        """A value of the schema, as an item of a rule's body; `refs` are the $refs that led here."""
        if not isinstance(schema, Mapping):
            raise _unsupported(path, "says nothing of its value")
        node = {key: value for key, value in schema.items() if key in _STRUCTURE}
        key = json.dumps(node, sort_keys=True)
        if key not in self._items:
            self._items[key] = self._item(node, path, refs)
        return self._items[key]

    def _item(self, node: Node, path: str, refs: tuple[str, ...]) -> str:
        if "$ref" in node:
            ref = str(node["$ref"])
            if ref in refs:
                raise _unsupported(path, f"holds itself (`{ref}`) at any depth")
            return self._value(_merged(self._target(ref, path), _without(node, "$ref")), path, (*refs, ref))
        if "allOf" in node:
            merged: Node = _without(node, "allOf")
            for part in node["allOf"]:
                merged = _merged(merged, part)
            return self._value(merged, path, refs)
        if "const" in node or "enum" in node:
            values = node.get("enum", [node.get("const")])
            return f"({choice((json.dumps(value, ensure_ascii=False), '') for value in values)})"
        for key in ("anyOf", "oneOf"):
            if key in node:
                rest = _without(node, key)
                return self._one_of([_merged(rest, part) for part in node[key]], path, refs)
        kind = node.get("type", "object" if "properties" in node else None)
        if isinstance(kind, list):
            return self._one_of([{**node, "type": one} for one in kind], path, refs)
        if kind == "object":
            return self._object(node, path, refs)
        if kind == "array":
            return self._array(node, path, refs)
        if kind not in _SCALARS:
            raise _unsupported(path, "says nothing of its value")
        return _SCALARS[kind]

    def _one_of(self, nodes: list[Node], path: str, refs: tuple[str, ...]) -> str:
        return f"({' | '.join(dict.fromkeys(self._value(node, path, refs) for node in nodes))})"

    def _object(self, node: Node, path: str, refs: tuple[str, ...]) -> str:
        """Its properties in their order, those that are not required there or not; and no others."""
        properties, required = node.get("properties", {}), set(node.get("required", ()))
        if node.get("patternProperties") or node.get("additionalProperties", not properties) is not False:
            raise _unsupported(path, "takes keys that it does not name")
        if unnamed := sorted(required - set(properties)):
            raise _unsupported(path, f"requires `{unnamed[0]}`, which it does not describe")
        name, keys = f"object-{next(self._numbers)}", list(properties)
        last = len(keys) - 1
        for place, key in enumerate(keys):
            value = self._value(properties[key], f"{path}.{key}".lstrip("."), refs)
            body = f"{literal(json.dumps(key, ensure_ascii=False)[1:] + ':')} {SPACE} {value} {name}-after-{place}"
            skipped = f" | {name}-key-{place + 1}" if key not in required and place < last else ""
            self.rules.append((f"{name}-key-{place}", body + skipped))
            after = [_CLOSE] if required.isdisjoint(keys[place + 1 :]) else []
            after += [f'"," {SPACE} {_QUOTE} {name}-key-{place + 1}'] if place < last else []
            self.rules.append((f"{name}-after-{place}", " | ".join(after)))
        inside = ([] if required else [_CLOSE]) + ([f"{_QUOTE} {name}-key-0"] if keys else [])
        self.rules.append((name, f'"{{" ({" | ".join(inside)})'))
        return name

    def _array(self, node: Node, path: str, refs: tuple[str, ...]) -> str:
        name = f"array-{next(self._numbers)}"
        if "prefixItems" in node:
            values = [self._value(one, f"{path}[{place}]", refs) for place, one in enumerate(node["prefixItems"])]
            self.rules.append((name, '"[" ' + f' "," {SPACE} '.join(values) + ' "]"'))
            return name
        least, most = node.get("minItems", 0), node.get("maxItems")
        if least > ITEMS:
            raise _unsupported(path, f"wants {least:,} items, more than {ITEMS}")
        if most == 0:
            return '"[]"'
        item, more = self._value(node.get("items"), f"{path}[]", refs), f"{name}-more"
        self.rules.append((f"{name}-next", f'"," {SPACE} {item}'))
        self.arrays.append(
            Array(more, f"{name}-next", max(0, least - 1), None if most is None else min(most, ITEMS) - 1)
        )
        self.rules.append((name, f'"[" {item} {more} "]"' if least else f'"[" ({item} {more})? "]"'))
        return name

    def _target(self, ref: str, path: str) -> Node:
        """What a reference within the schema points at."""
        found: Any = self._schema
        parts = ref.split("/")
        for part in parts[1:]:
            found = found.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
        if parts[0] != "#" or not isinstance(found, Mapping):
            raise _unsupported(path, f"refers to `{ref}`, which is not in it")
        return found


def _without(node: Node, key: str) -> dict[str, Any]:
    return {name: value for name, value in node.items() if name != key}


def _merged(first: Node, second: Any) -> Node:
    """Both at once: the properties and the required of both, else what the second says."""
    if not isinstance(second, Mapping):
        return first
    merged = {**first, **second}
    if "properties" in first and "properties" in second:
        merged["properties"] = {**first["properties"], **second["properties"]}
    if "required" in first and "required" in second:
        merged["required"] = [*first["required"], *second["required"]]
    return merged


def _unsupported(path: str, problem: str) -> UsageError:
    where = f"`{path}`" if path else "the output"
    return UsageError(f"A grammar cannot say this schema: {where} {problem}. Describe it, or do without the grammar.")
