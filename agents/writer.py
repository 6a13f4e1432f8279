"""Writes with a chat model what a task's prompts ask for, checks it, and has the model correct what the checks say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from gleanery.agents.extraction import Extraction
from gleanery.agents.extractor import ChatOptions
from gleanery.agents.reading import read_json
from gleanery.models.chat import Capabilities, Chat, Message, Request
from gleanery.tasks.answers import Answer, AnswerReader, feedback
from gleanery.tasks.checks import Checks
from gleanery.tasks.conversation import Conversation
from gleanery.tasks.matrix import Cell, cell_of
from gleanery.tasks.records import Issue, Record, Result
from gleanery.tasks.schemas import InvalidOutputError

if TYPE_CHECKING:
    from gleanery.tasks.declarations import Task
    from gleanery.tasks.schemas import Schema

_AGAIN = "Answer again with the whole corrected {} and nothing else."


class Writer:
    """A chat model at one generating task: a stage, like the extractor.

    A record that carries the cell of a matrix is written with its prompt and seed, another one with the first prompt
    and the seed of `options`. `retries` is how often the model is told what is wrong and asked again.
    """

    def __init__(
        self,
        task: Task,
        schema: Schema,
        chat: Chat,
        *,
        today: date,
        retries: int = 1,
        shots: int | None = None,
        options: ChatOptions | None = None,
    ) -> None:
        assert task.generation is not None, "a generating task says what it generates"
        self._chat, self._schema, self._retries = chat, schema, retries
        self._free_text = task.free_text
        self._options = options or ChatOptions()
        if task.generation.temperature is not None:
            sampling = replace(self._options.sampling, temperature=task.generation.temperature)
            self._options = replace(self._options, sampling=sampling)
        self._conversations = [
            Conversation(replace(task, prompt=prompt), schema, shots=shots) for prompt in task.generation.prompts
        ]
        self._reader = _Reader(task, schema, today)

    @property
    def model(self) -> str:
        """The model's address."""
        return self._chat.model

    async def __call__(self, record: Record, before: Result | None = None) -> Result:
        """Write one record; what came before does not matter. Raises only what says that the model is not there."""
        writing = _Writing(record, self._chat, self._reader, self._retries)
        return await writing.concluded(self._write(writing, cell_of(record)))

    async def _write(self, writing: _Writing, cell: Cell | None) -> None:
        conversation = self._conversations[cell.prompt - 1 if cell else 0]
        messages = [Message(turn.role, turn.text) for turn in conversation.turns(writing.record)]
        can = await self._chat.capabilities()
        writing.request = self._request(can, cell)
        writing.strict = can.schema == "enforced"
        while True:
            reply = await writing.send(messages)
            told = writing.read(reply.text)
            if told is None or writing.asked > self._retries:
                return
            messages += [Message("assistant", reply.text), Message("user", told)]

    def _request(self, can: Capabilities, cell: Cell | None) -> Request:
        """The request without its messages: with the cell's seed, and held to the schema, where there is one."""
        request = self._options.request()
        if cell is not None:
            request = request.but(sampling=replace(request.sampling, seed=cell.seed))
        if self._free_text or can.schema == "refused":
            return request
        thinking = False if can.thinking_breaks_schema else request.thinking
        return request.but(schema=self._schema.json_schema, thinking=thinking)


@dataclass(frozen=True, slots=True)
class Writers:
    """A generating task's models, by their addresses: each record is written by the one that its cell names."""

    writers: Mapping[str, Writer]

    async def __call__(self, record: Record) -> Result:
        """Write one record. Where there is only one model, that is it."""
        first, *others = self.writers.values()
        cell = cell_of(record)
        if cell is None or not others:
            return await first(record)
        if cell.model in self.writers:
            return await self.writers[cell.model](record)
        error = f"The record names the model `{cell.model}`, and the job has {', '.join(self.writers)}. Submit it anew."
        return Result(
            record.id, record.text, None, {}, {}, "failed", cell.model, record.issues, error, record.carried, attempts=0
        )


class _Reader(AnswerReader):
    """Reads what was written: whether it fits the schema, stands in the source where the task asks for that, and passes
    the checks."""

    def __init__(self, task: Task, schema: Schema, today: date) -> None:
        assert task.generation is not None
        super().__init__(task, schema, today)
        self._checks = Checks(task.generation.checks)
        self._grounded = task.grounding != "none"
        self.free_text = task.free_text

    def read(self, value: Any, record: Record) -> Answer:
        """The answer that a value is; InvalidOutputError where it does not fit the schema."""
        if self._grounded:
            answer = super().read(value, record)
        else:
            answer = Answer(self._schema.validate(value), {}, (), review=False)
        failed = self._checks.issues(answer.output, record)
        return replace(answer, issues=(*answer.issues, *failed), review=answer.review or bool(failed))


@dataclass(slots=True)
class _Writing(Extraction):
    """One record's writing: of several valid answers that with the fewest faults stands, the last of them."""

    def read(self, text: str) -> str | None:
        """Take an answer, or say what is wrong with it."""
        assert isinstance(self.reader, _Reader)
        free = self.reader.free_text
        again = [_AGAIN.format("text" if free else "JSON")]
        try:
            answer = self.reader.read(_bare(text) if free else read_json(text, strict=self.strict), self.record)
        except InvalidOutputError as error:
            self.wrong = error.issues
            return feedback(error.issues, again)
        if self.answer is None or len(answer.issues) <= len(self.answer.issues):
            self.answer = answer
        return feedback(answer.issues, again) if answer.review else None


def _bare(text: str) -> str:
    """A text without the white space around it; InvalidOutputError where nothing is left."""
    if bare := text.strip():
        return bare
    raise InvalidOutputError((Issue("schema-invalid", None, "The answer is empty. Write the text that is asked for."),))
