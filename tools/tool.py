"""What a tool is: a typed function that an agent may call, with the JSON Schema of its arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar, get_type_hints

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

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
        """What the function returns for these arguments, as the text a model is shown. Wrong arguments are told too."""
        try:
            given = self.arguments.model_validate(arguments)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors())
            return f"Error: {wrong}. Call {self.name} again with arguments that fit its schema."
        answer = self.function(**{name: getattr(given, name) for name in type(given).model_fields})
        return answer if isinstance(answer, str) else orjson.dumps(answer).decode()


def tool(function: _Function) -> _Function:
    """Register a typed function as a tool, under its own name; its docstring is what a model reads about it."""
    hints = get_type_hints(function)
    parameters = inspect.signature(function).parameters.values()
    fields: dict[str, Any] = {
        p.name: (hints[p.name], ... if p.default is inspect.Parameter.empty else p.default) for p in parameters
    }
    name = function.__name__
    arguments = create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
    _tools[name] = Tool(name, " ".join((function.__doc__ or "").split()), arguments, function)
    return function


def find_tools() -> Mapping[str, Tool]:
    """The tools there are, by name: those of the library, and those registered since."""
    for module in _LIBRARY:
        import_module(module)
    return _tools
