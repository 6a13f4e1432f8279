"""The one-line form of a schema: `title, authors [str], year? int: when it came out`."""

from __future__ import annotations

import re
from typing import Any

from gleanery.errors import UsageError
from gleanery.tasks.nearest import did_you_mean

TYPES: dict[str, dict[str, Any]] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
}
_FIELD = re.compile(
    r"(?P<name>[^\W\d][\w-]*)(?P<optional>\??)"
    r"(?:\s+(?P<type>\[[^\]:]*\]|[^\s:]+))?"
    r"\s*(?::\s+(?P<description>.*\S))?\s*"
)


def parse_one_line(text: str) -> dict[str, Any]:
    """The JSON Schema of a one-line schema.

    Fields are separated by commas, or by line ends where there are any (a description may then hold commas). A field
    is a name, `?` if it may be absent, a type (`str`, `int`, `float`, `bool`, `date`, or a list of one: `[int]`; `str`
    if none is said), and a description after `: `. UsageError says at which character (from 1) a field is wrong.
    """
    properties: dict[str, Any] = {}
    required: list[str] = []
    for start, field in _fields(text):
        match = _FIELD.fullmatch(field)
        if match is None:
            raise _wrong(start, field, _reason(field))
        name = match["name"]
        if name in properties:
            raise _wrong(start, field, f"there are two fields `{name}`. Rename one.")
        schema = _type(match["type"] or "str", start, field)
        if match["optional"]:
            schema["type"] = [schema["type"], "null"]
        else:
            required.append(name)
        if match["description"]:
            schema["description"] = match["description"]
        properties[name] = schema
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _fields(text: str) -> list[tuple[int, str]]:
    """Each field with the character (from 1) it starts at."""
    separator = "\n" if "\n" in text.strip() else ","
    fields = []
    position = 1
    for piece in text.split(separator):
        field = piece.strip()
        if separator == "\n":
            field = field.removesuffix(",").rstrip()
        if field or separator == ",":
            fields.append((position + len(piece) - len(piece.lstrip()), field))
        position += len(piece) + 1
    return fields


def _type(word: str, start: int, field: str) -> dict[str, Any]:
    listed = word.startswith("[") and word.endswith("]")
    name = word[1:-1].strip() if listed else word
    if name not in TYPES:
        if word.endswith("?"):
            raise _wrong(start, field, "the `?` goes after the field's name: `year? int`.")
        near = did_you_mean(name.strip("[]"), TYPES) or f" The types are {', '.join(TYPES)}, or a list of one: [str]."
        raise _wrong(start, field, f"there is no type `{word}`.{near}")
    return {"type": "array", "items": dict(TYPES[name])} if listed else dict(TYPES[name])


def _reason(field: str) -> str:
    if not field:
        return "a field is missing here: write a name, like `title`."
    if re.match(r"\w+:\S", field):
        return "a description needs a space after its colon; a class is written `schema:Name` and stands in schema.py."
    if not re.match(r"[^\W\d]", field):
        return "a field starts with a letter: `title`."
    return "a field is written `name`, `name type` or `name? type: description`."


def _wrong(start: int, field: str, reason: str) -> UsageError:
    return UsageError(f"At character {start}{f' (`{field}`)' if field else ''}: {reason}")
