"""What a function must say to be a tool, and what a model is told of its calls."""

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import pytest
from pydantic import Field

import gleanery.tools.tool as room
from gleanery.errors import UsageError
from gleanery.tools.finding import find_tools
from gleanery.tools.tool import Tool, tool


@pytest.fixture
def registered() -> Iterator[Callable[[Callable[..., Any]], Tool]]:
    """Registers a function, for this test."""
    before = dict(find_tools())

    def register(function: Callable[..., Any]) -> Tool:
        tool(function)
        return find_tools()[function.__name__]

    yield register
    room._tools.clear()
    room._tools.update(before)


def test_a_tool_is_its_signature_and_docstring(registered: Callable[..., Tool]) -> None:
    def look_up(word: Annotated[str, Field(description="as printed")], times: int = 1) -> list[str]:
        """Look
        a word up."""
        return [word] * times

    found = registered(look_up)
    assert (found.name, found.description) == ("look_up", "Look a word up.")
    schema = found.arguments.model_json_schema()
    assert (schema["required"], schema["additionalProperties"]) == (["word"], False)
    assert schema["properties"]["word"]["description"] == "as printed"
    assert found.call({"word": "Émile", "times": 2}) == '["Émile","Émile"]'
    assert "times: Input should be a valid integer" in found.call({"word": "a", "times": "b"})


def test_what_it_raises_or_cannot_say_is_told(registered: Callable[..., Tool]) -> None:
    def divide(by: int) -> object:
        """Divide one."""
        return object() if by == 1 else 1 / by

    found = registered(divide)
    assert found.call({"by": 0}) == "Error: divide failed. ZeroDivisionError: division by zero"
    assert found.call({"by": 1}).startswith("Error: divide failed. TypeError")


def _without_docstring(word: str) -> str:
    return word


def _without_type(word) -> str:
    """Look a word up."""
    return str(word)


def _of_any_name(**words: str) -> str:
    """Look words up."""
    return str(words)


@pytest.mark.parametrize(
    ("function", "says"),
    [(_without_docstring, "no docstring"), (_without_type, "`word` has no type"), (_of_any_name, "no fixed name")],
)
def test_what_a_model_could_not_know_is_refused(function: Callable[..., Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        tool(function)
    assert function.__name__ not in find_tools()
