"""Python files beside a task, schema.py for one, as modules, and the functions in them."""

from __future__ import annotations

import hashlib
import inspect
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from gleanery.errors import DeclarationError
from gleanery.tasks.nearest import did_you_mean


def load_module(file: Path) -> ModuleType:
    """A Python file as a module of a private name; the same bytes at the same place give the same module.

    It is run from its source, so that no __pycache__ appears in a user's folder and none that is stale is used.
    DeclarationError where it cannot be.
    """
    source = file.read_bytes()
    name = f"_gleanery_schema_{hashlib.sha256(bytes(file.resolve()) + source).hexdigest()[:16]}"
    if name in sys.modules:
        return sys.modules[name]
    module = ModuleType(name)
    module.__file__ = str(file)
    # Pydantic finds the names in postponed annotations through sys.modules.
    sys.modules[name] = module
    try:
        exec(compile(source, file, "exec"), vars(module))
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise DeclarationError(_reason(error), file=file, line=_line(error, file)) from error
    return module


@dataclass(frozen=True, slots=True)
class Function:
    """A user's function that judges: it is given the value and, where it has a second parameter, what came with it.

    It returns None where nothing is wrong, else a sentence.
    """

    name: str
    call: Callable[..., Any]
    takes_columns: bool

    def __call__(self, value: Any, columns: Mapping[str, Any]) -> str | None:
        """What is wrong with the value, None: nothing. That the function itself fails is wrong, too."""
        try:
            said = self.call(value, columns) if self.takes_columns else self.call(value)
        except Exception as error:
            return f"`{self.name}` could not judge it: {type(error).__name__}: {error}. Mend the function."
        if said is None or isinstance(said, str):
            return said
        return f"`{self.name}` must return None or a sentence, and returned {said!r}. Mend the function."


def load_function(file: Path, name: str) -> Function:
    """The function of that name in a Python file; DeclarationError where there is none that judges."""
    module = load_module(file)
    found = getattr(module, name, None)
    functions = [key for key, value in vars(module).items() if inspect.isfunction(value)]
    if not callable(found):
        raise DeclarationError(f"there is no function `{name}`.{did_you_mean(name, functions)}", file=file)
    try:
        count = len(inspect.signature(found).parameters)
    except (TypeError, ValueError):
        count = 0
    if count not in (1, 2):
        message = f"`{name}` must take the value to be judged, and may take the columns: `def {name}(value, columns)`."
        raise DeclarationError(message, file=file)
    return Function(name, found, count == 2)


def _reason(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError):
        return f"{error.msg}. A schema may import what is installed beside Gleanery, but no file of its own folder."
    return f"cannot be loaded: {type(error).__name__}: {error}"


def _line(error: BaseException, file: Path) -> int | None:
    """The last line of `file` that was running, or where its syntax is wrong."""
    if isinstance(error, SyntaxError) and error.filename == str(file):
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(file)]
    return lines[-1] if lines else None
