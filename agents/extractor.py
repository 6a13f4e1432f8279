"""Performs records with a chat model: asks for the task's schema, reads the answer, and has the model correct it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Literal

from gleanery.agents.doubts import doubt_about
from gleanery.agents.extraction import Extraction
from gleanery.errors import UsageError
from gleanery.models.chat import Capabilities, Chat, Message, Request, Sampling
from gleanery.tasks.answers import AnswerReader, quotable
from gleanery.tasks.conversation import Conversation
from gleanery.tasks.declarations import PLACEHOLDER
from gleanery.tasks.grammar.source import SourceGrammar
from gleanery.tasks.records import Record, Result

if TYPE_CHECKING:
    from gleanery.tasks.declarations import Task
    from gleanery.tasks.schemas import Schema

_SHOTS = 4


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """How a chat model is asked: the fields of a Request, see there.

    `grammar`: "auto" holds the model to the words of the source, where the task is grounded and the server can do that.
    """

    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int | None = 2048
    context: int | None = None
    thinking: bool | int | None = False
    grammar: Literal["auto", "off"] = "auto"
    timeout: float | None = None
    stall: float | None = None

    def request(self) -> Request:
        """What is asked with them, without messages yet, and held to nothing."""
        return Request(
            (),
            sampling=self.sampling,
            max_tokens=self.max_tokens,
            context=self.context,
            thinking=self.thinking,
            timeout=self.timeout,
            stall=self.stall,
        )


class Extractor:
    """A chat model at one task: a stage of a cascade.

    `today` is the job's date, against which years are checked. `retries` is how often the model is told what is wrong
    with its answer and asked again, `shots` how many of the task's examples it is shown (None: a few).
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
        from gleanery.agents.answer_model import Asker

        self._chat, self._schema = chat, schema.json_schema
        self._accept, self._retries = task.accept, retries
        self._options = options or ChatOptions()
        self._conversation = Conversation(task, schema, shots=_SHOTS if shots is None else shots)
        self._columns = [name for name in PLACEHOLDER.findall(task.prompt or "") if name != "source"]
        self._reader = AnswerReader(task, schema, today)
        self._grammar = _grammar(task, schema) if self._options.grammar == "auto" else None
        self._asker = Asker(schema.json_schema, retries)

    @property
    def model(self) -> str:
        """The model's address."""
        return self._chat.model

    async def __call__(self, record: Record, before: Result | None = None) -> Result:
        """Perform one record; `before` is what an earlier model was not sure of.

        Raises only what says that the model is not there; whatever else goes wrong is the Result's `error`.
        """
        extraction = Extraction(record, self._chat, self._reader, self._retries)
        return await extraction.concluded(self._perform(extraction, before))

    def first_request(self, record: Record, can: Capabilities) -> Request:
        """What a model that can do this is asked first about a record; UsageError where the record lacks a column."""
        turns = self._conversation.turns(record)
        return self._request(can, record).but(messages=tuple(Message(turn.role, turn.text) for turn in turns))

    async def _perform(self, extraction: Extraction, before: Result | None) -> None:
        doubt = doubt_about(before, self._accept) if before else None
        turns = self._conversation.turns(extraction.record, doubt)
        can = await self._chat.capabilities()
        extraction.request = self._request(can, extraction.record)
        extraction.strict = extraction.request.grammar is not None or can.schema == "enforced"
        await self._asker.ask([{"role": turn.role, "content": turn.text} for turn in turns], extraction)

    def _request(self, can: Capabilities, record: Record) -> Request:
        """The request without its messages: held to the source's words or the schema, as far as the server can."""
        chosen = self._options
        request = chosen.request()
        thinks = can.thinking is not False and chosen.thinking is not False
        if can.grammar and not thinks and (grammar := self._grammar_for(record)):  # it would bind the thinking too
            return request.but(grammar=grammar)
        if can.schema == "refused":
            return request
        return request.but(schema=self._schema, thinking=False if can.thinking_breaks_schema else chosen.thinking)

    def _grammar_for(self, record: Record) -> str | None:
        """The grammar of the words that the model is shown; None where there can be none."""
        if self._grammar is None:
            return None
        columns = (record.carried.get(name) for name in self._columns)
        try:
            return self._grammar.for_source(
                "\n".join((record.text, *(text for text in columns if isinstance(text, str))))
            )
        except UsageError:  # too long: the schema alone has to do
            return None


def _grammar(task: Task, schema: Schema) -> SourceGrammar | None:
    """The grammars of a grounded task; None where its schema cannot be said by one."""
    if task.grounding != "require":
        return None
    try:
        return SourceGrammar(quotable(schema))
    except UsageError:
        return None
