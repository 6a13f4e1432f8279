"""The JSON in a model's answer."""

from __future__ import annotations

from typing import Any

import orjson

from gleanery.tasks.records import Issue
from gleanery.tasks.schemas import InvalidOutputError


def read_json(text: str, *, strict: bool) -> Any:
    """The value that an answer says; InvalidOutputError where it is no JSON.

    Unless `strict`, it may stand in a code fence, or be an object with prose around it: models do that where nothing
    holds them to a schema.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        if not strict and (inner := _inner(text)) != text:
            return read_json(inner, strict=True)
        raise InvalidOutputError((_no_json(text, error),)) from None


def _inner(answer: str) -> str:
    """The object, or in a code fence also the array, that the answer may hold; else the answer."""
    before, fence, rest = answer.partition("```")
    text = rest.partition("```")[0].removeprefix("json").lstrip() if fence else before
    opening, closing = "[]" if fence and text.startswith("[") else "{}"
    start, end = text.find(opening), text.rfind(closing) + 1
    return text[start:end] if 0 <= start < end else answer


def _no_json(text: str, error: orjson.JSONDecodeError) -> Issue:
    if not text.strip():
        return Issue("schema-invalid", None, "The answer is empty. Answer with JSON alone.")
    where = f"line {error.lineno}, column {error.colno}"
    return Issue("schema-invalid", None, f"The answer is not JSON: {error.msg.partition(':')[0]} ({where}).")
