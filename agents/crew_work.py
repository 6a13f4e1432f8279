"""One record's work by a CrewAI agent: needs nothing but ways to a model and to tools, so it can be done anywhere.

Imported only where CrewAI is (see `gleanery.agents.quiet`).
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from typing import Any

from crewai import Agent
from crewai import Task as CrewTask
from crewai.tools import BaseTool
from crewai.tools.tool_failure import ToolExecutionFailedError
from crewai.utilities.string_utils import sanitize_tool_name
from pydantic import BaseModel, ConfigDict

from gleanery.agents.assignment import Assignment, CallTool, Findings, GaveUpError, Send
from gleanery.agents.llm import DoorLLM, as_written
from gleanery.agents.verbatim import Verbatim
from gleanery.models.chat import Tool


def work(assignment: Assignment, send: Send, call: CallTool) -> Findings:
    """Do the work, asking the model by `send` and its tools by `call`. CrewAI may even want to exit, and is not let.

    Raises nothing but MemoryError.
    """
    texts = Verbatim()
    llm = DoorLLM(assignment.model, send, assignment.options, _as_shown(assignment.tools), assignment.native, texts)
    tools = [_CrewTool.of(tool, call) for tool in assignment.tools]
    text, failure = "", None
    try:
        text = _performed(assignment, llm, tools, texts)
    except MemoryError:
        raise
    except (Exception, SystemExit) as error:
        failure = llm.failure or _gave_up(error, texts)
    return Findings(text, failure, llm.asked)


def _gave_up(error: BaseException, texts: Verbatim) -> GaveUpError:
    # Its own message would repeat the whole task.
    said = error.record.failure.message if isinstance(error, ToolExecutionFailedError) else str(error)
    return GaveUpError(" ".join(f"{type(error).__name__}: {texts.shown(said)}".split()))


def _performed(assignment: Assignment, llm: DoorLLM, tools: list[_CrewTool], texts: Verbatim) -> str:
    """What the agent answers, with everything off that CrewAI would do unasked.

    Without a Crew around it: that would keep what went in and out in a database.
    """
    performer = Agent(
        role=texts.token(assignment.role),
        goal=texts.token(assignment.goal),
        backstory=texts.token(assignment.backstory),
        tools=tools,
        llm=llm,
        max_iter=assignment.steps,
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
    """A tool of ours as CrewAI wants one. Its arguments are checked where it is called, which says better what is
    wrong."""

    called: str
    call: Any

    @classmethod
    def of(cls, tool: Tool, call: CallTool) -> _CrewTool:
        """The tool, called by `call`."""
        schema = _arguments(json.dumps(tool.parameters, default=dict))
        return cls(name=tool.name, description=tool.description, args_schema=schema, called=tool.name, call=call)

    def _run(self, **arguments: Any) -> str:
        """What the tool says."""
        text: str = self.call(self.called, as_written(arguments))
        return text


@lru_cache(maxsize=256)
def _arguments(schema: str) -> type[BaseModel]:
    """Arguments of any kind, shown as what a tool takes. Kept: to make a model class takes a millisecond."""

    class Arguments(BaseModel):
        model_config = ConfigDict(extra="allow")

        @classmethod
        def model_json_schema(cls, *_: Any, **__: Any) -> dict[str, Any]:
            shown: dict[str, Any] = json.loads(schema)
            return shown

    return Arguments


def _as_shown(tools: tuple[Tool, ...]) -> dict[str, Tool]:
    """The tools as a model is shown them, by the names that CrewAI has for them."""
    named = ((sanitize_tool_name(tool.name), tool) for tool in tools)
    return {name: replace(tool, name=name) for name, tool in named}
