"""One record's extraction: what was asked, what came, and the Result of it."""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from gleanery.agents.doubts import sentence
from gleanery.agents.reading import read_json
from gleanery.agents.stage import ABSENT
from gleanery.errors import CutReplyError, ModelError, UsageError
from gleanery.models.chat import Chat, Message, Reply, Request
from gleanery.models.wire import Exchange, recording
from gleanery.tasks.answers import Answer, AnswerReader, feedback
from gleanery.tasks.records import Issue, Record, Result
from gleanery.tasks.schemas import InvalidOutputError

_SAID = 3


@dataclass(slots=True)
class Extraction:
    """Asks about `record` as `request` says (its messages apart), and keeps the last valid answer.

    An answer that wants review is taken only when it is the last of 1 + `retries`. `strict`: answers are JSON and
    nothing else. `error` is why there can be no further answer.
    """

    record: Record
    chat: Chat
    reader: AnswerReader
    retries: int
    request: Request = field(default_factory=lambda: Request(()))
    strict: bool = True
    asked: int = 0
    replies: list[Reply] = field(default_factory=list)
    answer: Answer | None = None
    wrong: tuple[Issue, ...] = ()
    error: str | None = None

    async def send(self, messages: Sequence[Message]) -> Reply:
        """Put the messages to the model; CutReplyError where its tokens ran out."""
        self.asked += 1
        reply = await self.chat.send(self.request.but(messages=tuple(messages)))
        self.replies.append(reply)
        if reply.finish == "length":
            raise CutReplyError(self._cut())
        return reply

    def read(self, text: str) -> str | None:
        """Take an answer, or say what is wrong with it."""
        try:
            answer = self.reader.read(read_json(text, strict=self.strict), self.record)
        except InvalidOutputError as error:
            self.wrong = error.issues
            return feedback(error.issues)
        self.answer = answer
        return feedback(answer.issues) if answer.review and self.asked <= self.retries else None

    async def concluded(self, asking: Awaitable[None]) -> Result:
        """The Result, once all is asked. Raises only what says that the model is not there; whatever else goes wrong
        is the Result's `error`."""
        began = perf_counter()
        with recording() as exchanges:
            try:
                await asking
            except ABSENT:
                raise
            except ModelError as error:
                self.error = str(error)
            except Exception as error:
                self.answer = None
                self.error = str(error) if isinstance(error, UsageError) else _bug(error)
        return self.result(exchanges, perf_counter() - began)

    def result(self, exchanges: Sequence[Exchange], seconds: float) -> Result:
        """The record's Result as things stand."""
        answer = self.answer
        usages = [reply.usage for reply in self.replies if reply.usage]
        found = answer.issues if answer else self.wrong
        review = answer is not None and (answer.review or bool(self.record.issues))
        return Result(
            id=self.record.id,
            input=self.record.text,
            output=answer.output if answer else None,
            spans=answer.spans if answer else {},
            confidence={},
            status="failed" if answer is None else "review" if review else "ok",
            model=self.chat.model,
            issues=(*self.record.issues, *found),
            error=None if answer else self.error or self._invalid(),
            carried=self.record.carried,
            attempts=self.asked,
            milliseconds=round(1000 * seconds, 3),
            usage=sum(usages[1:], usages[0]).as_json() if usages else None,
            timing=self.replies[-1].timing.as_json() if self.replies else None,
            exchanges=tuple(exchanges),
        )

    def _cut(self) -> str:
        bound = self.request.max_tokens
        cause = "its window was full" if bound is None else f"`max_tokens` ({bound}) was used up"
        return f"The answer of `{self.chat.model}` is cut off: {cause}. Raise `max_tokens`, or take a larger window."

    def _invalid(self) -> str:
        said = "; ".join(map(sentence, self.wrong[:_SAID]))
        more = f" (and {len(self.wrong) - _SAID} more)" if len(self.wrong) > _SAID else ""
        times = "once" if self.asked == 1 else f"{self.asked} times"
        return (
            f"`{self.chat.model}` was asked {times}, and no answer fits the schema. The last one: {said}{more} "
            "Allow more `retries`, or take another model."
        )


def _bug(error: Exception) -> str:
    return f"{type(error).__name__}: {error}. This is a bug in Gleanery; please report it with this line."
