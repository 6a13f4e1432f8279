"""Performs a record with a CrewAI agent that uses tools, and then puts what it found into the task's schema.

Tools and schema are two steps: servers ignore the tools where a schema is set in the same request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING

from gleanery.agents.assignment import Assignment, Findings, GaveUpError
from gleanery.agents.declarations import AgentDeclaration
from gleanery.agents.line import Line, on_a_thread
from gleanery.agents.quiet import import_crewai
from gleanery.agents.stage import ABSENT
from gleanery.errors import GleaneryError
from gleanery.models.chat import Chat, Reply, Request, Usage
from gleanery.models.wire import recording
from gleanery.tasks.conversation import prompt_with_source, whole_prompt
from gleanery.tasks.outline import outline
from gleanery.tasks.records import Issue, Record, Result

if TYPE_CHECKING:
    from gleanery.agents.extractor import Extractor
    from gleanery.tasks.declarations import Task
    from gleanery.tasks.schemas import Schema

_TOGETHER = 32
"""Records that agents work on at once: each takes some threads, and 10 to 20 ms of this process's time."""

_FINDINGS = "findings of the agent"
"""The column in which the extractor is given what the agent found; records of a source hardly have one of that name."""


@dataclass(frozen=True, slots=True)
class CrewAgent:
    """A declared agent at one task: a stage of a cascade.

    `options` is a request whose sampling and limits hold for every call of the agent. `reader` puts its findings into
    `schema`: an extractor at the task that `reading` gives.
    """

    task: Task
    schema: Schema
    agent: AgentDeclaration
    chat: Chat
    reader: Extractor
    options: Request
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_TOGETHER))

    @property
    def model(self) -> str:
        """The model's address."""
        return self.chat.model

    async def __call__(self, record: Record, before: Result | None = None) -> Result:
        """Perform one record; what came before does not matter to it.

        Raises only what says that the model is not there; whatever else goes wrong is the Result's `error`.
        """
        began = perf_counter()
        with recording() as exchanges:
            findings = await self._findings(record)
            result = await self._read(record, findings)
        return replace(
            result,
            attempts=result.attempts + findings.asked,
            usage=_summed(findings.usage, result.usage),
            exchanges=tuple(exchanges),
            milliseconds=round(1000 * (perf_counter() - began), 3),
        )

    async def _findings(self, record: Record) -> Findings:
        """What the agent says, found out on a thread: CrewAI waits for its model."""
        async with self._places:
            line = Line(self.chat)
            try:
                native = (await self.chat.capabilities()).tools is not False
                assignment = assignment_for(
                    self.task, self.schema, self.agent, record, self.options, self.model, native
                )
                findings = await on_a_thread(lambda: _work(assignment, line.send))
            except ABSENT:
                raise
            except Exception as error:
                return Findings("", error, 0, 0, None)
            finally:
                line.hang_up()
        if isinstance(findings.failure, ABSENT):
            raise findings.failure
        return findings

    async def _read(self, record: Record, findings: Findings) -> Result:
        """The Result that the findings give."""
        if findings.failure is not None:
            return self._failed(record, _why(findings.failure, self.agent))
        result = await self.reader(replace(record, carried={**record.carried, _FINDINGS: findings.text}))
        doubts = tuple(self._doubts(findings))
        return replace(
            result,
            carried=record.carried,
            issues=(*result.issues, *doubts),
            status="review" if doubts and result.status == "ok" else result.status,
        )

    def _doubts(self, findings: Findings) -> Iterator[Issue]:
        """What makes the findings doubtful, whatever they say."""
        if self.agent.tools and not findings.called:
            names = ", ".join(tool.name for tool in self.agent.tools)
            message = (
                f"The agent called none of its tools ({names}): whatever it says that it checked, it did not check."
            )
            yield Issue("tool-not-called", None, message)
        if findings.asked > self.agent.steps:
            steps = f"{self.agent.steps} step{'s' * (self.agent.steps > 1)}"
            message = f"The agent was made to answer after {steps}, before it had come to an end."
            yield Issue("steps-used-up", None, message)

    def _failed(self, record: Record, error: str) -> Result:
        return Result(
            id=record.id,
            input=record.text,
            output=None,
            spans={},
            confidence={},
            status="failed",
            model=self.model,
            issues=record.issues,
            error=error,
            carried=record.carried,
            attempts=0,
        )


def reading(task: Task) -> Task:
    """The task of reading the agent's findings: its prompt says them after the record's."""
    said = "An agent with tools has worked on this and found:"
    return replace(task, kind="extract", prompt=f"{prompt_with_source(task)}\n\n{said}\n\n{{{{ {_FINDINGS} }}}}\n")


def first_request(task: Task, schema: Schema, agent: AgentDeclaration, record: Record) -> Request:
    """What the agent asks its model first, with all that CrewAI adds, for a model that calls tools. Sends nothing."""
    asked: list[Request] = []

    def keep(request: Request) -> Reply:
        asked.append(request)
        raise GleaneryError("Nothing is sent.")

    findings = _work(assignment_for(task, schema, agent, record, Request(()), "nobody", native=True), keep)
    if not asked:
        raise GleaneryError(_why(findings.failure, agent))
    return asked[0]


def assignment_for(
    task: Task, schema: Schema, agent: AgentDeclaration, record: Record, options: Request, model: str, native: bool
) -> Assignment:
    """What the agent is to do with a record; UsageError where that lacks a column that the prompt names."""
    fields = outline(schema.json_schema)
    expected = "What you found, in a few plain sentences" + (f" that say:\n{fields}" if fields else ".")
    return Assignment(agent, whole_prompt(task, record), expected, model, options, native)


def _work(assignment: Assignment, send: Callable[[Request], Reply]) -> Findings:
    """Have CrewAI do it; GleaneryError where that cannot be imported."""
    import_crewai()
    from gleanery.agents.crew_work import work

    return work(assignment, send)


def _why(failure: Exception | None, agent: AgentDeclaration) -> str:
    """Why there are no findings, in a sentence."""
    if isinstance(failure, GleaneryError):
        return str(failure)
    if isinstance(failure, GaveUpError):
        advice = f"Take another model, or change the agent in {agent.file}."
        return f"The agent `{agent.name}` ended without an answer. {failure} {advice}"
    return f"{type(failure).__name__}: {failure}. This is a bug in Gleanery; please report it with this line."


def _summed(usage: Usage | None, later: Mapping[str, int | None] | None) -> dict[str, int | None] | None:
    if later is not None:
        read = Usage(later["prompt"] or 0, later["completion"] or 0, later["cached"])
        usage = read if usage is None else usage + read
    return None if usage is None else usage.as_json()
