"""What a tool is: a typed function that an agent may call, with the JSON Schema of its arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar, get_type_hints

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from gleanery.errors import UsageError

_Function = TypeVar("_Function", bound=Callable[..., Any])
_LIBRARY = ("gleanery.tools.identifiers",)
_tools: dict[str, Tool] = {}


@dataclass(frozen=True, slots=True)
class Tool:
    """A function with what a model is told of it: its name, its docstring and the fields of `arguments`."""

    name: str
    description: str
    arguments: type[BaseModel]
    function: Callable[..., Any]

    def call(self, arguments: Mapping[str, Any]) -> str:
        """What the function returns for these arguments, as the text a model is shown.

        Wrong arguments are told too, and what the function raises.
        """
        try:
            given = self.arguments.model_validate(arguments)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors())
            return f"Error: {wrong}. Call {self.name} again with arguments that fit its schema."
        try:
            answer = self.function(**{name: getattr(given, name) for name in type(given).model_fields})
            return answer if isinstance(answer, str) else orjson.dumps(answer).decode()
        except Exception as error:
            return f"Error: {self.name} failed. {type(error).__name__}: {error}"


def tool(function: _Function) -> _Function:
    """Register a typed function as a tool, under its own name; its docstring is what a model reads about it.

    UsageError where it has no docstring, or a parameter without a type or of no fixed name.
    """
    name, description = function.__name__, " ".join((function.__doc__ or "").split())
    if not description:
        raise UsageError(f"Tool `{name}` has no docstring: write one, since it is what a model reads about it.")
    hints = get_type_hints(function, include_extras=True)
    parameters = inspect.signature(function).parameters.values()
    fields: dict[str, Any] = {p.name: _field(name, p, hints) for p in parameters}
    arguments = create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
    _tools[name] = Tool(name, description, arguments, function)
    return function


def _field(name: str, parameter: inspect.Parameter, hints: Mapping[str, Any]) -> tuple[Any, Any]:
    """A parameter as a field: its type and its default."""
    if parameter.kind not in (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY):
        raise UsageError(
            f"Tool `{name}`: `{parameter}` has no fixed name. Write out the arguments that a model may give."
        )
    if parameter.name not in hints:
        raise UsageError(
            f"Tool `{name}`: `{parameter.name}` has no type. Give it one, since that is what a model is told."
        )
    return hints[parameter.name], ... if parameter.default is inspect.Parameter.empty else parameter.default


def find_tools() -> Mapping[str, Tool]:
    """The tools there are, by name: those of the library, and those registered since."""
    for module in _LIBRARY:
        import_module(module)
    return _tools
