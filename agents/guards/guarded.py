"""Performs records under guard: what a guard refuses is not asked, or not taken as it is."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from gleanery.agents.guards.guard import PASSED, Guard, Matter, Verdict
from gleanery.models.wire import recording
from gleanery.tasks.checks import columns_of, text_of
from gleanery.tasks.declarations import PLACEHOLDER
from gleanery.tasks.records import Issue, Record, Result

if TYPE_CHECKING:
    from gleanery.models.chat import Chat
    from gleanery.tasks import guards as declared
    from gleanery.tasks.declarations import Task

Performs = Callable[[Record], Coroutine[Any, Any, Result]]
Opens = Callable[[str], Coroutine[Any, Any, "Chat"]]


@dataclass(frozen=True, slots=True)
class Guarded:
    """An agent between two guards.

    A record that the first refuses is a failed Result, and no model is shown it. An answer that the second refuses
    wants review. So does a record of which a verdict cannot be read. `columns` are those that models are shown beside
    the text; `model` is whom a refused record was meant for.
    """

    agent: Performs
    model: str
    input: Sequence[Guard]
    output: Sequence[Guard]
    columns: Sequence[str] = ()

    async def __call__(self, record: Record) -> Result:
        """Perform one record. Raises only what says that a model is not there."""
        matter = Matter(self._shown(record), columns=columns_of(record))
        with recording() as before:
            first = await _verdict(self.input, matter)
        if first.decision == "refused":
            result = self._refused(record, first)
        else:
            result = await self.agent(record)
            if first is not PASSED:
                result = _in_review(result, "input", first)
        with recording() as after:
            if self.output and result.output is not None:
                last = await _verdict(self.output, replace(matter, answer=text_of(result.output)))
                if last is not PASSED:
                    result = _in_review(result, "output", last)
        return replace(result, exchanges=(*before, *result.exchanges, *after))

    def _shown(self, record: Record) -> str:
        columns = (record.carried.get(name) for name in self.columns)
        return "\n".join((record.text, *(text for text in columns if isinstance(text, str))))

    def _refused(self, record: Record, verdict: Verdict) -> Result:
        issue = Issue("guard", None, f"The input guard refused it: {verdict.reason}.")
        return Result(
            id=record.id,
            input=record.text,
            output=None,
            spans={},
            confidence={},
            status="failed",
            model=self.model,
            issues=(*record.issues, issue),
            error=f"{issue.message} No model was shown it. Change the text, or the task's `guard`.",
            carried=record.carried,
            attempts=0,
        )


async def guarded(task: Task, agent: Performs, model: str, opens: Opens) -> Performs:
    """The agent under its task's guards, as it is where the task has none. `opens` opens a chat model."""
    if task.guards is None:
        return agent
    prompts = task.generation.prompts if task.generation else (task.prompt or "",)
    columns = dict.fromkeys(name for prompt in prompts for name in PLACEHOLDER.findall(prompt) if name != "source")
    return Guarded(
        agent,
        model,
        [await _opened(guard, opens) for guard in task.guards.input],
        [await _opened(guard, opens) for guard in task.guards.output],
        tuple(columns),
    )


async def _opened(guard: declared.Guard, opens: Opens) -> Guard:
    from gleanery.agents.guards.functions import FunctionGuard
    from gleanery.agents.guards.models import ModelGuard
    from gleanery.agents.guards.rules import RuleGuard
    from gleanery.agents.guards.styles import style_of
    from gleanery.tasks import guards as declared

    if isinstance(guard, declared.RuleGuard):
        return RuleGuard(guard)
    if isinstance(guard, declared.FunctionGuard):
        return FunctionGuard(guard)
    return ModelGuard(await opens(guard.model), style_of(guard))


async def _verdict(guards: Sequence[Guard], matter: Matter) -> Verdict:
    """The first refusal; else the first verdict that cannot be read; else that all let it pass."""
    unreadable: Verdict | None = None
    for guard in guards:
        verdict = await guard(matter)
        if verdict.decision == "refused":
            return verdict
        if verdict.decision == "unreadable":
            unreadable = unreadable or verdict
    return unreadable or PASSED


def _in_review(result: Result, side: str, verdict: Verdict) -> Result:
    said = "refused it" if verdict.decision == "refused" else "came to no verdict"
    issue = Issue("guard", None, f"The {side} guard {said}: {verdict.reason}.")
    result = replace(result, issues=(*result.issues, issue))
    return result if result.status == "failed" else replace(result, status="review")
