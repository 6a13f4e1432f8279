"""The schema of a task's output: a Pydantic class, a JSON Schema file, or one line."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from gleanery.errors import DeclarationError
from gleanery.tasks.modules import load_module
from gleanery.tasks.nearest import did_you_mean
from gleanery.tasks.one_line import parse_one_line
from gleanery.tasks.records import Issue

if TYPE_CHECKING:
    from pydantic import BaseModel

    from gleanery.tasks.declarations import Task

__all__ = ["Field", "InvalidOutputError", "Schema", "load_schema", "parse_one_line"]


class InvalidOutputError(Exception):
    """A value does not fit its schema: `issues` says where and why, one by one; the message says it all in a line."""

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        self.issues = issues
        super().__init__("; ".join(f"{issue.path or 'the output'}: {issue.message}" for issue in issues))


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a schema in a reader's words: `type` is like `str`, `[int]` or a class's name."""

    name: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Schema:
    """What an output must look like. `model` is the Pydantic class, where the schema is one."""

    json_schema: dict[str, Any]
    model: type[BaseModel] | None
    check: Callable[[Any], Any]

    def validate(self, value: Any) -> Any:
        """The value as plain JSON values, as the schema reads it; InvalidOutputError where it does not fit."""
        return self.check(value)

    @property
    def digest(self) -> str:
        """The SHA-256 (hex) of the JSON Schema: it also changes when what schema.py imports has changed."""
        return hashlib.sha256(orjson.dumps(self.json_schema, option=orjson.OPT_SORT_KEYS)).hexdigest()

    def fields(self) -> list[Field]:
        """The fields at the top, in their order."""
        required = self.json_schema.get("required", ())
        return [
            Field(name, _type_name(schema), name in required, " ".join(schema.get("description", "").split()))
            for name, schema in self.json_schema.get("properties", {}).items()
            if isinstance(schema, dict)
        ]


def load_schema(task: Task) -> Schema:
    """The schema of a task's output. Runs the task's schema.py where it has one; DeclarationError where it is wrong."""
    if task.free_text:
        return Schema({"type": "string"}, None, _text)
    if task.schema_file is None:
        return _json_schema(parse_one_line(task.output), task.file)
    if task.output_class is not None:
        return _class_schema(task.schema_file, task.output_class)
    return _json_schema(_read_json(task.schema_file), task.schema_file)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise InvalidOutputError((_issue((), "must be a text."),))


def _class_schema(file: Path, name: str) -> Schema:
    from pydantic import BaseModel, ValidationError
    from pydantic.errors import PydanticUserError

    module = load_module(file)
    found = getattr(module, name, None)
    if not (isinstance(found, type) and issubclass(found, BaseModel)):
        members = vars(module).items()
        classes = [key for key, value in members if isinstance(value, type) and issubclass(value, BaseModel)]
        problem = "there is no class" if found is None else "is not a Pydantic class:"
        raise DeclarationError(f"{problem} `{name}`.{did_you_mean(name, classes)}", file=file)
    model: type[BaseModel] = found

    def check(value: Any) -> Any:
        try:
            return model.model_validate(value).model_dump(mode="json", by_alias=True, exclude_none=True)
        except ValidationError as error:
            wrong = error.errors(include_url=False, include_context=False, include_input=False)
            raise InvalidOutputError(tuple(_issue(problem["loc"], problem["msg"]) for problem in wrong)) from None

    try:
        return Schema(model.model_json_schema(), model, check)
    except PydanticUserError as error:
        raise DeclarationError(f"`{name}` has no JSON Schema: {error.message}", file=file) from None


def _read_json(file: Path) -> dict[str, Any]:
    try:
        schema = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise DeclarationError(f"is not JSON: {error.msg}.", file=file, line=error.lineno) from None
    if not isinstance(schema, dict):
        raise DeclarationError("must be a JSON Schema: an object.", file=file)
    return schema


def _json_schema(schema: dict[str, Any], file: Path) -> Schema:
    from jsonschema import SchemaError, validators
    from referencing import Registry
    from referencing.exceptions import Unresolvable

    draft = validators.validator_for(schema, default=validators.Draft202012Validator)
    try:
        draft.check_schema(schema)
    except SchemaError as error:
        where = ".".join(map(str, error.absolute_path)) or None
        raise DeclarationError(f"is not JSON Schema: {error.message}.", file=file, key=where) from None
    # A registry of our own, empty: the default one would fetch a `$ref` from the network.
    validator = draft(schema, registry=Registry(), format_checker=draft.FORMAT_CHECKER)

    def check(value: Any) -> Any:
        try:
            errors = sorted(validator.iter_errors(value), key=lambda error: list(map(str, error.absolute_path)))
        except Unresolvable as error:
            raise DeclarationError(f"`$ref` leads nowhere: {error}. Put it into `$defs`.", file=file) from None
        if errors:
            raise InvalidOutputError(tuple(_issue(error.absolute_path, error.message) for error in errors))
        return value

    return Schema(schema, None, check)


def _issue(path: Any, message: str) -> Issue:
    return Issue("schema-invalid", ".".join(map(str, path)) or None, message)


_NAMES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "none", "array": "list"}


def _type_name(schema: Any) -> str:
    """A JSON Schema in a word or two; that a value may be null is said by `required`, not here."""
    names = list(dict.fromkeys(name for name in _type_names(schema) if name != "none"))
    return " or ".join(names) or "any"


def _type_names(schema: Any) -> Iterator[str]:
    if not isinstance(schema, dict):
        return
    if "$ref" in schema:
        yield str(schema["$ref"]).rpartition("/")[2]
    for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _type_names(choice)
    types = schema.get("type", ())
    for name in [types] if isinstance(types, str) else types:
        if name == "array":
            yield f"[{_type_name(schema.get('items'))}]"
        else:
            yield "date" if schema.get("format") == "date" and name == "string" else _NAMES.get(name, name)
