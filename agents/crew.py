"""Performs a record with a CrewAI agent that uses tools, and then puts what it found into the task's schema.

Tools and schema are two steps: servers ignore the tools where a schema is set in the same request.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from gleanery.agents.declarations import AgentDeclaration

if TYPE_CHECKING:
    from gleanery.agents.extractor import Extractor
from gleanery.agents.quiet import silence_crewai
from gleanery.errors import EndpointError, GleaneryError
from gleanery.models.chat import Request, Usage
from gleanery.models.portal import SyncChat
from gleanery.models.wire import recording
from gleanery.tasks.declarations import PLACEHOLDER
from gleanery.tasks.records import Record, Result

if TYPE_CHECKING:
    from gleanery.tasks.declarations import Task
    from gleanery.tools.tool import Tool

FINDINGS = "findings"
"""The column in which the extractor is given what the agent found."""


class AgentGaveUpError(GleaneryError):
    """The agent ended without an answer."""


@dataclass(frozen=True, slots=True)
class CrewAgent:
    """A declared agent at one task. `extractor` reads the agent's findings by the task's schema, see `with_findings`.

    `options` is a request whose sampling and limits hold for every call of the agent.
    """

    task: Task
    agent: AgentDeclaration
    chat: SyncChat
    extractor: Extractor
    options: Request

    @property
    def model(self) -> str:
        """The model's address."""
        return self.chat.model

    async def __call__(self, record: Record, before: Result | None = None) -> Result:
        """Perform one record. EndpointError passes; whatever else goes wrong is the Result's `error`."""
        began = perf_counter()
        with recording() as exchanges:
            result = await self._performed(record)
        return replace(
            result,
            input=record.text,
            carried=record.carried,
            exchanges=tuple(exchanges),
            milliseconds=round(1000 * (perf_counter() - began), 3),
        )

    async def _performed(self, record: Record) -> Result:
        try:
            findings, usage = await asyncio.to_thread(self._findings, record)
        except EndpointError:
            raise
        except GleaneryError as error:
            return _failed(record, self.model, str(error))
        result = await self.extractor(replace(record, carried={**record.carried, FINDINGS: findings}))
        return replace(result, usage=_summed(usage, result.usage))

    def _findings(self, record: Record) -> tuple[str, Usage]:
        """What the agent says in the end, and the tokens that took. Runs on a thread: CrewAI waits for its model."""
        silence_crewai()
        from crewai import Crew

        from gleanery.agents.llm import DoorLLM

        llm = DoorLLM(self.chat, self.options)
        agent, task = _crew(self.agent, self.task, record, llm)
        try:
            answer = Crew(agents=[agent], tasks=[task], memory=False, tracing=False, verbose=False).kickoff()
        except (Exception, SystemExit) as error:
            raise llm.failure or AgentGaveUpError(f"{type(error).__name__}: {error}") from error
        usages = [reply.usage for reply in llm.replies if reply.usage]
        return str(getattr(answer, "raw", answer)), sum(usages, Usage(0, 0))


def with_findings(task: Task) -> Task:
    """The task of reading the agent's findings: its prompt says them after the record's."""
    prompt = task.prompt or "{{ source }}"
    return replace(
        task,
        kind="extract",
        prompt=f"{prompt}\n\nAn agent with tools has worked on this and found:\n\n{{{{ {FINDINGS} }}}}\n",
    )


def _crew(agent: AgentDeclaration, task: Task, record: Record, llm: Any) -> tuple[Any, Any]:
    """CrewAI's agent and task, with everything off that it would do unasked."""
    from crewai import Agent
    from crewai import Task as CrewTask

    performer = Agent(
        role=agent.role,
        goal=agent.goal,
        backstory=agent.backstory,
        tools=[_crew_tool(tool) for tool in agent.tools],
        llm=llm,
        max_iter=agent.steps,
        max_retry_limit=0,
        allow_delegation=False,
        respect_context_window=False,
        use_better_compaction=False,
        verbose=False,
        cache=False,
    )
    crew_task = CrewTask(
        description=_description(task, record),
        expected_output="What you found, in a few plain sentences.",
        agent=performer,
        context=[],
    )
    return performer, crew_task


def _description(task: Task, record: Record) -> str:
    """The task's prompt with the record in it, verbatim."""
    values = {"source": record.text, **record.carried}
    return PLACEHOLDER.sub(lambda place: str(values.get(place[1], place[0])), task.prompt or "{{ source }}")


def _crew_tool(tool: Tool) -> Any:
    from crewai.tools import BaseTool

    class Called(BaseTool):
        def _run(self, **arguments: Any) -> str:
            return tool.call(arguments)

    return Called(name=tool.name, description=tool.description, args_schema=tool.arguments)


def _summed(usage: Usage, later: Any) -> dict[str, int | None]:
    return (usage + Usage(later["prompt"], later["completion"], later["cached"]) if later else usage).as_json()


def _failed(record: Record, model: str, error: str) -> Result:
    return Result(
        id=record.id,
        input=record.text,
        output=None,
        spans={},
        confidence={},
        status="failed",
        model=model,
        issues=record.issues,
        error=error,
        carried=record.carried,
    )
