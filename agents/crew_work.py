"""One record's work by a CrewAI agent: needs nothing but a way to a model, so that it can be done anywhere.

Imported only where CrewAI is (see `gleanery.agents.quiet`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from crewai import Agent
from crewai import Task as CrewTask
from crewai.tools import BaseTool
from crewai.tools.tool_failure import ToolExecutionFailedError
from crewai.utilities.string_utils import sanitize_tool_name
from pydantic import BaseModel, ConfigDict

from gleanery.agents.assignment import Assignment, Findings, GaveUpError
from gleanery.agents.llm import DoorLLM
from gleanery.agents.verbatim import Verbatim
from gleanery.models.chat import Reply, Request
from gleanery.models.chat import Tool as ChatTool
from gleanery.tools.tool import Tool


def work(assignment: Assignment, send: Callable[[Request], Reply]) -> Findings:
    """Do the work, putting requests to the model by `send`. Never raises: CrewAI may even want to exit."""
    texts = Verbatim()
    called: list[str] = []
    shown = {tool.name: tool for tool in map(_as_shown, assignment.agent.tools)}
    llm = DoorLLM(assignment.model, send, assignment.options, shown, assignment.native, texts)
    tools = [_CrewTool.of(_noting(tool, called)) for tool in assignment.agent.tools]
    text, failure = "", None
    try:
        text = _performed(assignment, llm, tools, texts)
    except (Exception, SystemExit) as error:
        failure = llm.failure or _gave_up(error, texts)
    usages = [reply.usage for reply in llm.replies if reply.usage]
    return Findings(
        text=text,
        failure=failure,
        asked=llm.asked,
        called=len(called),
        usage=sum(usages[1:], usages[0]) if usages else None,
    )


def _gave_up(error: BaseException, texts: Verbatim) -> GaveUpError:
    # Its own message would repeat the whole task.
    said = error.record.failure.message if isinstance(error, ToolExecutionFailedError) else str(error)
    return GaveUpError(" ".join(f"{type(error).__name__}: {texts.shown(said)}".split()))


def _performed(assignment: Assignment, llm: DoorLLM, tools: list[_CrewTool], texts: Verbatim) -> str:
    """What the agent answers, with everything off that CrewAI would do unasked.

    Without a Crew around it: that would keep what went in and out in a database.
    """
    agent = assignment.agent
    performer = Agent(
        role=texts.token(agent.role),
        goal=texts.token(agent.goal),
        backstory=texts.token(agent.backstory),
        tools=tools,
        llm=llm,
        max_iter=agent.steps,
        max_retry_limit=0,
        allow_delegation=False,
        respect_context_window=False,
        use_better_compaction=False,
        verbose=False,
        cache=False,
    )
    task = CrewTask(
        description=texts.token(assignment.prompt),
        expected_output=texts.token(assignment.expected),
        agent=performer,
        context=[],
    )
    return str(performer.execute_task(task))


class _CrewTool(BaseTool):
    """A tool of ours as CrewAI wants one. Its arguments are checked by the tool, which says better what is wrong."""

    tool: Any

    @classmethod
    def of(cls, tool: Tool) -> _CrewTool:
        """The tool; its `args_schema` takes whatever the model gives, and is shown as what the tool takes."""

        class Arguments(BaseModel):
            model_config = ConfigDict(extra="allow")

            @classmethod
            def model_json_schema(cls, *arguments: Any, **options: Any) -> dict[str, Any]:
                return tool.arguments.model_json_schema(*arguments, **options)

        return cls(name=tool.name, description=tool.description, args_schema=Arguments, tool=tool)

    def _run(self, **arguments: Any) -> str:
        """What the tool says."""
        text: str = self.tool.call(arguments)
        return text


def _noting(tool: Tool, called: list[str]) -> Tool:
    """The tool, which notes its name whenever it is called with arguments that it takes."""

    def function(**arguments: Any) -> Any:
        called.append(tool.name)
        return tool.function(**arguments)

    return replace(tool, function=function)


def _as_shown(tool: Tool) -> ChatTool:
    """The tool as a model is shown it, by the name that CrewAI has for it."""
    return ChatTool(sanitize_tool_name(tool.name), tool.description, tool.arguments.model_json_schema())
