"""Instructor over a Chat: its response model bears a task's JSON Schema as it is, and leaves reading answers to us.

Imported only where a chat model is asked: Instructor brings the OpenAI library with it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from typing import Any, ClassVar, Protocol, Self

import instructor
from instructor.core import InstructorRetryException, ResponseParsingError

from gleanery.models.chat import Message, Reply
from gleanery.models.completion import as_completion

# Instructor logs failures with the record's text in them, which Python prints to stderr; the Result says them anyway.
logging.getLogger("instructor").addHandler(logging.NullHandler())
logging.getLogger("instructor").propagate = False


class Inquiry(Protocol):
    """What is asked about one record."""

    async def send(self, messages: Sequence[Message]) -> Reply:
        """Put the messages to the model."""

    def read(self, text: str) -> str | None:
        """Take an answer, or say what the model is to be told about it."""


_inquiry: ContextVar[Inquiry] = ContextVar("inquiry")
# Not handed over in Instructor's own `context`: with one, it renders every message as a Jinja template, and the text of
# records may hold braces.


class AnswerModel(instructor.OpenAISchema):
    """The base of all answer models. A class that is none of Instructor's own would be wrapped anew for each call."""

    json_schema: ClassVar[Mapping[str, Any]] = {}

    @classmethod
    def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
        """The task's JSON Schema."""
        return dict(cls.json_schema)

    @classmethod
    def model_validate_json(cls, json_data: str | bytes | bytearray, **_: Any) -> Self:
        """Have an answer read; ResponseParsingError, with what is to be told, where the model shall try again."""
        if told := _inquiry.get().read(str(json_data)):
            raise ResponseParsingError(told)
        return cls.model_construct()


class Asker:
    """Asks about records until an answer is taken or the retries are used up, telling each time what is wrong."""

    def __init__(self, json_schema: Mapping[str, Any], retries: int) -> None:
        class Answer(AnswerModel):
            pass

        Answer.json_schema = json_schema
        self._answer, self._retries = Answer, retries
        self._create: Any = instructor.patch(create=_create, mode=instructor.Mode.JSON_SCHEMA)

    async def ask(self, messages: list[dict[str, str]], inquiry: Inquiry) -> None:
        """Ask. What the inquiry raises passes; that no answer was taken is no error."""
        token = _inquiry.set(inquiry)
        try:
            await self._create(response_model=self._answer, messages=messages, max_retries=self._retries)
        except InstructorRetryException as error:
            if not isinstance(error.__cause__, ResponseParsingError):
                raise (error.__cause__ or error) from None
        finally:
            _inquiry.reset(token)


async def _create(*, messages: Sequence[Mapping[str, Any]], **_: Any) -> Any:
    """OpenAI's `create` as Instructor calls it; it turns an empty text into an empty list."""
    asked = tuple(Message(message["role"], message["content"] or "") for message in messages)
    return as_completion(await _inquiry.get().send(asked))
