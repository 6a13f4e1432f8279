"""Agent tasks a second, with a model that answers at once: agent hosts beside CrewAI's own crews on threads.

    python bench/agents.py [--tasks 200] [--at-once 32] [--rounds 5]

Each task calls one tool and then answers: two requests. The crews run in a process of their own, with a model that is
a function call away; the hosts' requests and tool calls cross to this process, are checked, logged and recorded here,
and `with findings read` then has the findings put into the task's schema too, as a run does. The rounds alternate, so
that both see the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from statistics import median
from typing import Any

ARGUMENTS = {"scheme": "ISBN", "value": "978-3-16-148410-0"}
TEXT = "See ISBN 978-3-16-148410-0."
ANSWER = "The ISBN is right."


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--crews", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.crews:
        _crews(options.tasks, options.at_once)
        return
    command = [sys.executable, __file__, "--crews", f"--tasks={options.tasks}", f"--at-once={options.at_once}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as crews:
        try:
            asyncio.run(_measure(options.tasks, options.rounds, crews))
        finally:
            crews.kill()


async def _measure(tasks: int, rounds: int, crews: subprocess.Popen[str]) -> None:
    from gleanery.agents.host.pool import Pool

    def plain() -> float:
        assert crews.stdin is not None and crews.stdout is not None
        crews.stdin.write("go\n")
        crews.stdin.flush()
        return float(crews.stdout.readline())

    plain()  # imports CrewAI, before anything is timed
    began = time.perf_counter()
    pool = Pool()
    pool.warm()
    await pool.ready()
    ready = time.perf_counter() - began
    perform, whole = _agents(pool)
    began = time.perf_counter()
    await perform(0)
    first = time.perf_counter() - began
    for _ in range(3):  # until there is a host for each core
        await _timed(perform, tasks)
        await asyncio.sleep(1)
    figures: dict[str, list[float]] = {"Crew.kickoff on threads": [], "agent hosts": [], "with findings read": []}
    for _ in range(rounds):
        figures["Crew.kickoff on threads"].append(tasks / plain())
        figures["agent hosts"].append(tasks / await _timed(perform, tasks))
        figures["with findings read"].append(tasks / await _timed(whole, tasks))
    print(
        f"first host ready after {ready:.1f} s, its first task then took {1000 * first:.0f} ms; {len(pool.pids)} hosts"
    )
    print(f"agent tasks a second, median of {rounds} rounds of {tasks}")
    base = median(figures["Crew.kickoff on threads"])
    for name, values in figures.items():
        print(f"  {name:24} {median(values):6.1f}  {median(values) / base:4.2f}x")
    await pool.aclose()


async def _timed(perform: Any, tasks: int) -> float:
    began = time.perf_counter()
    await asyncio.gather(*map(perform, range(tasks)))
    return time.perf_counter() - began


def _agents(pool: Any) -> tuple[Any, Any]:
    """An agent's work on a record, and the whole of a record's Result."""
    from gleanery.agents.crew import CrewAgent, assignment_for, reading
    from gleanery.agents.declarations import load_agent
    from gleanery.agents.extractor import Extractor
    from gleanery.agents.services import RecordServices
    from gleanery.agents.toolboxes import toolboxes
    from gleanery.models.chat import Capabilities, Request, ToolCall
    from gleanery.models.scripted import ScriptedModel
    from gleanery.models.wire import recording
    from gleanery.tasks.declarations import load_task
    from gleanery.tasks.records import Record
    from gleanery.tasks.schemas import load_schema

    task, agent = load_task("identifiers"), load_agent("bibliographer")
    schema = load_schema(task)

    def answer(request: Request) -> Any:
        if request.schema:
            return json.dumps({"valid": [ARGUMENTS["value"]]})
        return ANSWER if request.messages[-1].role == "tool" else [ToolCall("c", "check_identifier", call)]

    call = json.dumps(ARGUMENTS)
    model = ScriptedModel(answer, capabilities=Capabilities(tools=True, schema="enforced"))
    reader = Extractor(reading(task), schema, model, today=date(2026, 11, 20))
    crew = CrewAgent(task, schema, agent, model, reader, Request(()), pool, toolboxes(agent))

    async def perform(number: int) -> None:
        with recording():
            services = RecordServices(agent, model, crew.toolbox)
            record = Record(f"r-{number}", number, TEXT)
            tools = services.toolbox.offered
            assignment = assignment_for(task, schema, agent, tools, record, Request(()), "scripted/model", True)
            findings = await pool.perform(assignment, services)
            assert (findings.text, findings.asked) == (ANSWER, 2), findings

    async def whole(number: int) -> None:
        result = await crew(Record(f"r-{number}", number, TEXT))
        assert result.status == "ok", result

    return perform, whole


def _crews(tasks: int, at_once: int) -> None:
    """A round of plain crews whenever a line comes in; answers with its seconds."""
    from gleanery.agents.quiet import import_crewai

    warnings.simplefilter("ignore")
    import_crewai()
    from crewai import Agent, Crew, Task
    from crewai.llms.base_llm import BaseLLM
    from crewai.tools import tool

    from gleanery.agents.declarations import load_agent

    declared = load_agent("bibliographer")
    check = declared.tools[0]

    @tool("check_identifier")
    def check_identifier(scheme: str, value: str) -> str:
        """Check an identifier."""
        return check.call({"scheme": scheme, "value": value})

    class Instant(BaseLLM):
        def call(self, messages: Any, *_: Any, **__: Any) -> Any:
            if messages[-1]["role"] == "tool":
                return ANSWER
            function = {"name": "check_identifier", "arguments": json.dumps(ARGUMENTS)}
            return [{"id": "c", "type": "function", "function": function}]

        def supports_function_calling(self) -> bool:
            return True

        def get_context_window_size(self) -> int:
            return 1_000_000

    def kick(_: int) -> None:
        agent = Agent(
            role=declared.role,
            goal=declared.goal,
            backstory=declared.backstory,
            tools=[check_identifier],
            llm=Instant(model="instant"),
            max_retry_limit=0,
        )
        work = Task(description=f"Check what is here.\n\n{TEXT}", expected_output="What you found.", agent=agent)
        done = Crew(agents=[agent], tasks=[work], memory=False, tracing=False, verbose=False).kickoff()
        assert str(done) == ANSWER, done

    with ThreadPoolExecutor(at_once) as pool:
        for _ in sys.stdin:
            began = time.perf_counter()
            list(pool.map(kick, range(tasks)))
            print(time.perf_counter() - began, flush=True)


if __name__ == "__main__":
    main()
