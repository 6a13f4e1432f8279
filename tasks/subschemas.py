"""The parts of a JSON Schema that a value can mean, through its references and choices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import unquote

Node = Mapping[str, Any]


def variants(schema: Any, root: Node) -> list[Node]:
    """What a value of `schema` may be: itself, and all that `$ref`, `anyOf`, `oneOf` and `allOf` lead to, each once.

    Only references into `root` are followed; what leads nowhere is passed over.
    """
    found: list[Node] = []
    waiting = [schema]
    while waiting:
        node = waiting.pop(0)
        if not isinstance(node, Mapping) or any(node is known for known in found):
            continue
        found.append(node)
        if "$ref" in node:
            waiting.append(_target(str(node["$ref"]), root))
        for choice in ("anyOf", "oneOf", "allOf"):
            choices = node.get(choice)
            waiting += choices if isinstance(choices, list) else []
    return found


def below(nodes: Iterable[Node], key: str | int, root: Node) -> list[Node]:
    """What the value under a key of an object, or at a place in an array, may be; `nodes` are the whole's variants."""
    return [variant for node in nodes for variant in variants(_child(node, key), root)]


def _child(node: Node, key: str | int) -> Any:
    if isinstance(key, str):
        properties = node.get("properties")
        if isinstance(properties, Mapping) and key in properties:
            return properties[key]
        return node.get("additionalProperties")
    first = node.get("prefixItems")
    if isinstance(first, list) and key < len(first):
        return first[key]
    return node.get("items")


def _target(ref: str, root: Node) -> Any:
    if not ref.startswith("#"):
        return None
    node: Any = root
    for step in unquote(ref[1:]).split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        node = node.get(key) if isinstance(node, Mapping) else None
    return node
