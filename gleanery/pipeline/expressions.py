"""The expressions of pipelines: paths into a record's values, and comparisons of them. Nothing else is evaluated."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gleanery.errors import UsageError

LONGEST = 1000
"""Characters of an expression."""
_DEEPEST = 100
_CONSTANTS = {"true": True, "false": False, "null": None}
_ORDERS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression such as `status == "review" and output.title`, read once and evaluated for each record.

    There are paths (`output.author[0].family`), constants, lists of constants, comparisons, `in`, `and`, `or`, `not`,
    and nothing else. A path that leads nowhere is null. What cannot be compared is unequal, and neither less nor more.
    """

    text: str
    _tree: ast.expr

    @classmethod
    def read(cls, text: str) -> Expression:
        """The expression that a text is; UsageError says what in it is none."""
        text = text.strip()
        if len(text) > LONGEST:
            raise UsageError(f"an expression has at most {LONGEST} characters, and this one {len(text)}.")
        try:
            tree = ast.parse(text, mode="eval").body
            _check(tree)
        except SyntaxError as error:
            raise UsageError(f"`{text}` is no expression: {error.msg}. Write one like `status == 'review'`.") from None
        except (ValueError, MemoryError, RecursionError):
            raise UsageError(f"`{text[:60]}` is no expression. Write one like `status == 'review'`.") from None
        return cls(text, tree)

    @property
    def names(self) -> frozenset[str]:
        """The names that its paths begin with."""
        found = {node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name)}
        return frozenset(found - _CONSTANTS.keys())

    def value(self, names: Mapping[str, Any]) -> Any:
        """Its value, given those of the names. Never raises."""
        return _value(self._tree, names)

    def holds(self, names: Mapping[str, Any]) -> bool:
        """Whether its value is true: not null, false, zero or empty."""
        return bool(self.value(names))


def _check(node: ast.expr, depth: int = 0) -> None:
    """UsageError where something of a tree is not of the language."""
    if depth > _DEEPEST:
        raise UsageError(f"an expression is nested at most {_DEEPEST} deep.")
    if isinstance(node, ast.BoolOp):
        parts = node.values
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        parts = [node.operand]
    elif isinstance(node, ast.Compare):
        _check_operators(node)
        parts = [node.left, *node.comparators]
    elif isinstance(node, ast.Attribute) or (isinstance(node, ast.Subscript) and _is_key(node.slice)):
        parts = [node.value]
    elif isinstance(node, ast.List | ast.Tuple):
        parts = node.elts
    elif isinstance(node, ast.Name) or _is_constant(node):
        parts = []
    else:
        raise UsageError(
            f"`{ast.unparse(node)}` is more than an expression may say: paths such as output.title, texts, numbers, "
            "comparisons, `in`, `and`, `or`, `not`."
        )
    for part in parts:
        _check(part, depth + 1)


def _check_operators(node: ast.Compare) -> None:
    for op in node.ops:
        if isinstance(op, ast.Is | ast.IsNot):
            raise UsageError("`is` is not known here: write `==` or `!=`, as in `output.title == null`.")


def _is_constant(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return isinstance(node.operand, ast.Constant) and type(node.operand.value) in (int, float)
    return isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | None)


def _is_key(node: ast.expr) -> bool:
    return _is_constant(node) and isinstance(ast.literal_eval(node), str | int)


def _value(node: ast.expr, names: Mapping[str, Any]) -> Any:
    match node:
        case ast.BoolOp(op=ast.And()):
            return all(_value(part, names) for part in node.values)
        case ast.BoolOp():
            return any(_value(part, names) for part in node.values)
        case ast.UnaryOp(op=ast.Not()):
            return not _value(node.operand, names)
        case ast.Compare():
            return _compared(node, names)
        case ast.Name():
            return _CONSTANTS[node.id] if node.id in _CONSTANTS else _named(node.id, names)
        case ast.Attribute():
            return _at(_value(node.value, names), node.attr)
        case ast.Subscript():
            return _at(_value(node.value, names), ast.literal_eval(node.slice))
        case ast.List() | ast.Tuple():
            return [_value(part, names) for part in node.elts]
    return ast.literal_eval(node)


def _compared(node: ast.Compare, names: Mapping[str, Any]) -> bool:
    left = _value(node.left, names)
    for op, part in zip(node.ops, node.comparators, strict=True):
        right = _value(part, names)
        if not _holds(op, left, right):
            return False
        left = right
    return True


def _holds(op: ast.cmpop, left: Any, right: Any) -> bool:
    if isinstance(op, ast.Eq | ast.NotEq):
        return bool(_equal(left, right)) == isinstance(op, ast.Eq)
    if isinstance(op, ast.In | ast.NotIn):
        return _within(left, right) == isinstance(op, ast.In)
    comparable = (_is_number(left) and _is_number(right)) or (isinstance(left, str) and isinstance(right, str))
    return comparable and _ORDERS[type(op)](left, right)


def _equal(left: Any, right: Any) -> bool:
    return (isinstance(left, bool) == isinstance(right, bool)) and bool(left == right)  # 1 is not true


def _within(left: Any, right: Any) -> bool:
    if isinstance(right, str):
        return isinstance(left, str) and left in right
    if isinstance(right, list | Mapping):  # the keys of a mapping
        return any(_equal(left, part) for part in right)
    return False


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _named(name: str, names: Mapping[str, Any]) -> Any:
    """The value of a name; where it is that of a step with hyphens, they are written as `_`."""
    if name in names:
        return names[name]
    return next((value for key, value in names.items() if key.replace("-", "_") == name), None)


def _at(value: Any, key: str | int) -> Any:
    """What a value has at a key or an index; null where it has nothing there."""
    if isinstance(value, Mapping):
        return value.get(key)
    if isinstance(value, list) and isinstance(key, int) and -len(value) <= key < len(value):
        return value[key]
    return None
