"""A JSON Schema in a few words, as a model is told what to answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from gleanery.tasks.subschemas import Node, variants

_TYPES = {"boolean": "true or false", "null": ""}
_PLURALS = {"string": "strings", "integer": "integers", "number": "numbers", "boolean": "true or false"}


def outline(schema: Node) -> str:
    """The fields of the object, or of the array of objects, that `schema` asks for, a line each; empty: it has none."""
    nodes = variants(schema, schema)
    if not _properties(nodes):
        nodes = _item_nodes(nodes, schema)
    return "\n".join(_Outline(schema).lines(nodes, ""))


def whole(schema: Node) -> str:
    """What the answer is as a whole: "object", "array" or another JSON value."""
    nodes = variants(schema, schema)
    if _properties(nodes):
        return "object"
    types = [node["type"] for node in nodes if isinstance(node.get("type"), str)]
    return types[0] if types and types[0] in ("object", "array") else "value"


def may_be_null(schema: Node) -> bool:
    """Whether a field at the top must be there and may be null."""
    nodes = variants(schema, schema)
    required = _required(nodes)
    properties = _properties(nodes)
    return any("null" in _types(variants(properties[name], schema)) for name in required if name in properties)


class _Outline:
    """The lines of one schema. Objects of one kind are described where the first of them stands."""

    def __init__(self, root: Node) -> None:
        self._root = root
        self._described: dict[tuple[str, ...], str] = {}

    def lines(self, nodes: list[Node], indent: str) -> Iterator[str]:
        required = _required(nodes)
        for name, schema in _properties(nodes).items():
            of = variants(schema, self._root)
            below = of if _properties(of) else _item_nodes(of, self._root)
            fields = tuple(_properties(below))
            known = self._described.get(fields)
            said = self._type(of) + (f", with the fields of {known}" if fields and known else "")
            said += ", required" if name in required else ""
            description = next((" ".join(str(node["description"]).split()) for node in of if "description" in node), "")
            yield f"{indent}- {name} ({said}){': ' if description else ''}{description}"
            if fields and not known:
                self._described[fields] = name
                yield from self.lines(below, indent + "  ")

    def _type(self, nodes: list[Node], *, several: bool = False) -> str:
        values = _values(nodes)
        if values:
            shown = ", ".join(orjson.dumps(value).decode() for value in values)
            return shown if len(values) == 1 else f"one of {shown}"
        words: list[str] = []
        for node in nodes:
            types = node.get("type", ())
            for name in [types] if isinstance(types, str) else types:
                if name == "array":
                    inner = self._type(variants(node.get("items"), self._root), several=True)
                    words.append(f"{'lists' if several else 'list'} of {inner}")
                elif name == "string" and node.get("format") == "date":
                    words.append("dates YYYY-MM-DD" if several else "date YYYY-MM-DD")
                elif several:
                    words.append(_PLURALS.get(name, "" if name == "null" else f"{name}s"))
                else:
                    words.append(_TYPES.get(name, name))
        return " or ".join(dict.fromkeys(word for word in words if word)) or ("values" if several else "any value")


def _properties(nodes: list[Node]) -> dict[str, Any]:
    return {name: schema for node in nodes for name, schema in (node.get("properties") or {}).items()}


def _required(nodes: list[Node]) -> set[str]:
    """What every object of the variants must have."""
    named = [set(node.get("required", ())) for node in nodes if "properties" in node]
    return set.intersection(*named) if named else set()


def _item_nodes(nodes: list[Node], root: Node) -> list[Node]:
    return [variant for node in nodes for variant in variants(node.get("items"), root)]


def _types(nodes: list[Node]) -> set[str]:
    types = (node.get("type", ()) for node in nodes)
    return {name for type_ in types for name in ([type_] if isinstance(type_, str) else type_)}


def _values(nodes: list[Node]) -> list[Any]:
    """The only values allowed, null apart; empty where others are too."""
    allowed = [
        [node["const"]] if "const" in node else node["enum"] for node in nodes if {"enum", "const"} & node.keys()
    ]
    return [value for values in allowed for value in values if value is not None]
