"""Expressions compare what is there, and do nothing else, whatever they say and whatever they are given."""

import ast
import string
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.errors import UsageError
from gleanery.pipeline.expressions import LONGEST, Expression

NAMES = {
    "status": "review",
    "confidence": 0.4,
    "issues": ["isbn-check-digit"],
    "output": {"title": "Emma", "author": [{"family": "Austen"}], "issued": 1815, "open": True},
    "my-step": {"valid": False},
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("status", "review"),
        ('status == "review"', True),
        ("status != 'ok' and confidence < 0.5", True),
        ("status == 'ok' or not output.title", False),
        ('output.title in ["Emma", "Persuasion"]', True),
        ("'isbn-check-digit' in issues", True),
        ("'mm' in output.title", True),
        ("'title' in output", True),
        ("output.author[0].family", "Austen"),
        ("output['author'][-1]['family']", "Austen"),
        ("1800 <= output.issued < 1900", True),
        ("output.issued > -5", True),
        ("output.isbn == null", True),
        ("output.open == true", True),
        ("output.open == 1", False),
        ("my_step.valid", False),
        ("my_step.valid == false", True),
        ("nothing.at.all[7]", None),
        ("output.author[9]", None),
        ("output.title < 3", False),
        ("output.title >= 3", False),
        ("output < output", False),
        ("3 in output.title", False),
        ("output.__class__.__mro__", None),
        ("status.upper", None),
    ],
)
def test_what_it_says(text: str, value: object) -> None:
    found = Expression.read(text).value(NAMES)
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    "text",
    [
        "f(x)", "output.title.upper()", "__import__('os')", "lambda: 1", "x if y else z", "[i for i in x]",
        "{i for i in x}", "{**x}", "{'a': 1}", "{1}", "x + 1", "x * 99999999", "2 ** 2", "-x", "~1", "f'{x}'", "b'x'",
        "1j", "...", "x[1:2]", "x[y]", "x[1.5]", "(y := 1)", "*x", "x is null", "x is not null", "await x", "yield",
        "x @ y", "x, *y", "[*x]", "x = 1", "import os", "", "  ", "and", "x y", "(" * 900, "not " * 240 + "x +",
        "not " * 200 + "x", "x" + ".a" * 400, "x" * (LONGEST + 1), "\0", "x\ny",
    ],
)  # fmt: skip
def test_what_it_may_not_say(text: str) -> None:
    with pytest.raises(UsageError):
        Expression.read(text)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3),
    max_leaves=6,
)
PATHS = st.recursive(
    st.sampled_from(["a", "b", "status", "null", "true"]),
    lambda inner: (
        st.builds("{}.{}".format, inner, st.sampled_from(["a", "b", "__class__"]))
        | st.builds("{}[{}]".format, inner, st.sampled_from(["0", "-1", "'a'", '"b"']))
    ),
    max_leaves=3,
)
TEXTS = st.text(string.ascii_letters, max_size=3).map(repr)
VALUES = PATHS | TEXTS | st.integers(-9, 9).map(str) | st.just("[1, 'a', b]")
OPERATORS = st.sampled_from(["==", "!=", "<", "<=", ">", ">=", "in", "not in"])
CONDITIONS = st.recursive(
    VALUES | st.builds("{} {} {}".format, VALUES, OPERATORS, VALUES),
    lambda inner: (
        st.builds("({}) and ({})".format, inner, inner)
        | st.builds("({}) or ({})".format, inner, inner)
        | st.builds("not ({})".format, inner)
    ),
    max_leaves=4,
)


@given(CONDITIONS, st.dictionaries(st.sampled_from(["a", "b", "status"]), PLAIN, max_size=3))
def test_it_never_raises_and_changes_nothing(text: str, names: dict[str, Any]) -> None:
    before = repr(names)
    expression = Expression.read(text)
    assert expression.holds(names) in (True, False)
    assert repr(expression.value(names)) == repr(expression.value(names))
    assert repr(names) == before


class Trap:
    """A value that gives an alarm when anything but its truth is asked for."""

    def __getattribute__(self, name: str) -> Any:
        if name in ("__class__", "__bool__"):
            return object.__getattribute__(self, name)
        raise AssertionError(name)

    def __call__(self) -> None:
        raise AssertionError


PIECES = [
    *"()[].,:", "a", "b", "status", "f(", "()", " and ", " not ", " in ", "==", "<", "'a'", "1", "lambda", ":=", "*",
    "**", "__import__", " if ", " else ", " for ", "await ", "-", "{", "}",
]  # fmt: skip
CHARACTERS = string.ascii_lowercase + "()[]{}.,:;'\"=<>! +-*/%@&|^~_019\\\n"
SOURCE = st.text(CHARACTERS, max_size=40) | st.lists(st.sampled_from(PIECES), max_size=12).map("".join)
ALLOWED = (
    ast.Expression, ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.Compare, ast.cmpop, ast.Name,
    ast.Load, ast.Attribute, ast.Subscript, ast.Constant, ast.List, ast.Tuple,
)  # fmt: skip


@given(SOURCE)
def test_whatever_is_written_is_refused_or_only_compares(text: str) -> None:
    try:
        expression = Expression.read(text)
    except UsageError:
        return
    tree = ast.parse(expression.text, mode="eval")
    assert all(isinstance(node, ALLOWED) for node in ast.walk(tree))
    expression.value({"a": Trap(), "b": Trap(), "status": Trap()})
