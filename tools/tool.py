"""What a tool is: a typed function that an agent may call, with the JSON Schema of its arguments and its limits."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, get_type_hints, overload

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from gleanery.errors import GleaneryError, UsageError
from gleanery.tools.given import Given
from gleanery.tools.permissions import Permission

_Function = TypeVar("_Function", bound=Callable[..., Any])
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
PRIVATE = "_gleanery_"
"""How the names of modules begin that are files of a project: the tools in them are its own, and nobody else's."""
SECONDS, MOST = 30.0, 20_000
_tools: dict[str, Tool] = {}


@dataclass(frozen=True, slots=True)
class Tool:
    """A function with what a model is told of it: its name, its docstring and the fields of `arguments`.

    `permission` holds where nobody says otherwise. A call may take so many `seconds`, and return so many characters
    (`most`). `given` are the parameters that the toolbox fills. `known_as`: what else a model may call it in a claim.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    function: Callable[..., Any]
    permission: Permission = "allow"
    seconds: float = SECONDS
    most: int = MOST
    network: bool = False
    writes: bool = False
    given: Mapping[str, type[Given]] = field(default_factory=dict, hash=False)
    known_as: tuple[str, ...] = ()

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its arguments."""
        return self.arguments.model_json_schema()

    def accept(self, arguments: Any) -> dict[str, Any]:
        """The arguments as the function takes them; UsageError says what is wrong with which."""
        try:
            read = self.arguments.model_validate(arguments)
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, e['loc'])) or 'arguments'}: {e['msg']}" for e in error.errors())
            raise UsageError(f"{wrong}. Call {self.name} again with arguments that fit its schema.") from None
        return {name: getattr(read, name) for name in type(read).model_fields}

    def call(self, arguments: Mapping[str, Any]) -> str:
        """What the function returns for these arguments, as the text a model is shown.

        Wrong arguments are told too, and what the function raises. No limit holds here: those are the toolbox's.
        """
        try:
            return as_text(self.function(**self.accept(arguments)))
        except Exception as error:
            return f"Error: {reason(self.name, error)}"


def as_text(answer: Any) -> str:
    """What a function returned, as a model is shown it: a text as it is, anything else as JSON."""
    text = answer if isinstance(answer, str) else orjson.dumps(answer, default=_plain).decode()
    return text.encode("utf-8", "replace").decode()  # half a character in it would reach no model


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    raise TypeError(f"returned a {type(value).__name__}, which is neither a text nor JSON")


def reason(name: str, error: BaseException) -> str:
    """Why a call of the tool failed, in a sentence."""
    try:
        said = str(error)
    except Exception:
        said = "it does not say why"
    return said if isinstance(error, GleaneryError) else f"{name} failed. {type(error).__name__}: {said}"


@overload
def tool(function: _Function, /) -> _Function: ...


@overload
def tool(
    *,
    permission: Permission | None = None,
    seconds: float = SECONDS,
    most: int = MOST,
    network: bool = False,
    writes: bool = False,
    known_as: tuple[str, ...] = (),
) -> Callable[[_Function], _Function]: ...


def tool(function: Any = None, /, **options: Any) -> Any:
    """Register a typed function as a tool, under its own name; its docstring is what a model reads about it.

    `permission` is `deny` unless it is said for a tool that uses the `network`, `ask` for one that `writes`, else
    `allow`. UsageError where it has no docstring, or a parameter without a type or of no fixed name.
    """

    def register(function: _Function) -> _Function:
        made = _tool(function, **options)
        function.__tool__ = made  # type: ignore[attr-defined]
        if not function.__module__.startswith(PRIVATE):
            _tools[made.name] = made
        return function

    return register if function is None else register(function)


def tool_of(function: object) -> Tool | None:
    """The tool that a decorated function is; None for anything else."""
    made = getattr(function, "__tool__", None)
    return made if isinstance(made, Tool) else None


def _tool(function: Callable[..., Any], *, permission: Permission | None = None, **options: Any) -> Tool:
    name, description = function.__name__, " ".join((function.__doc__ or "").split())
    if not NAME.fullmatch(name):
        raise UsageError(f"Tool `{name}`: models know no such names. Take up to 64 letters a-z, digits and `_`.")
    if not description:
        raise UsageError(f"Tool `{name}` has no docstring: write one, since it is what a model reads about it.")
    if inspect.iscoroutinefunction(function):
        raise UsageError(f"Tool `{name}` is `async def`, and tools run on threads. Write `def`.")
    hints = get_type_hints(function, include_extras=True)
    parameters = inspect.signature(function).parameters.values()
    given = {p.name: hints[p.name] for p in parameters if _is_given(hints.get(p.name))}
    fields: dict[str, Any] = {p.name: _field(name, p, hints) for p in parameters if p.name not in given}
    arguments = create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
    chosen = permission or ("deny" if options.get("network") else "ask" if options.get("writes") else "allow")
    return Tool(name, description, arguments, function, chosen, given=given, **options)


def _is_given(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Given)


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
