"""Who performs a task's records: its models, opened, and put in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date as Date
from typing import TYPE_CHECKING

from gleanery.errors import EndpointError, ModelError, ModelNotFoundError

if TYPE_CHECKING:
    from gleanery.agents.extractor import ChatOptions, Extractor
    from gleanery.agents.specialist import Specialist
    from gleanery.agents.stage import Stage
    from gleanery.jobs.concurrent import AsyncAgent
    from gleanery.models.chat import Chat
    from gleanery.models.opening import Models
    from gleanery.settings import Settings
    from gleanery.tasks.declarations import Task

SPECIALIST = "embedded/references"


@dataclass(frozen=True, slots=True)
class Staging:
    """What a task's stages are made of, besides its models."""

    task: Task
    settings: Settings
    date: Date
    models: Models

    async def agent(self, addresses: Sequence[str], skipped: list[str]) -> AsyncAgent:
        """The agent that asks these models in order; those that are not there are left out, `skipped` says why.

        Raises what is wrong with the last of them, where none is there.
        """
        if self.task.kind == "generate":
            raise ModelError(
                f"Task `{self.task.name}` is of kind `generate`, which cannot be run. Make it `extract` or `agent` in "
                f"{self.task.file}."
            )
        stages: list[Stage] = []
        for address in addresses:
            try:
                stages.append(await self._stage(address))
            except (EndpointError, ModelNotFoundError) as error:
                if not stages and address == addresses[-1]:
                    raise
                skipped.append(str(error))
        from gleanery.agents.cascade import Cascade

        return Cascade(stages, self.task.accept)

    async def _stage(self, address: str) -> Stage:
        if address == SPECIALIST:
            from gleanery.agents.stage import SpecialistStage

            return SpecialistStage(specialist_for(self.task, self.date))
        chat = await self.models.open(address)
        await chat.capabilities()  # found out now, for the run as a whole, and not for its first record
        return await self._crew(chat) if self.task.kind == "agent" else self.extractor(self.task, chat)

    def extractor(self, task: Task, chat: Chat) -> Extractor:
        """A chat model at a task, asked as the settings say."""
        from gleanery.agents.extractor import Extractor
        from gleanery.tasks.schemas import load_schema

        settings = self.settings
        return Extractor(
            task,
            load_schema(task),
            chat,
            today=self.date,
            retries=settings.retries,
            shots=settings.shots,
            options=self._options(),
        )

    def _options(self) -> ChatOptions:
        from gleanery.agents.extractor import ChatOptions
        from gleanery.models.chat import Sampling

        s = self.settings
        return ChatOptions(
            sampling=Sampling(s.temperature, s.top_p, s.top_k, s.min_p, seed=s.seed),
            max_tokens=s.max_tokens,
            context=s.context,
            thinking=s.thinking,
            grammar=s.grammar,
        )

    async def _crew(self, chat: Chat) -> Stage:
        from gleanery.agents.crew import CrewAgent, reading
        from gleanery.agents.declarations import agent_of
        from gleanery.agents.line import on_a_thread
        from gleanery.agents.quiet import import_crewai
        from gleanery.models.chat import Request
        from gleanery.tasks.schemas import load_schema

        agent = agent_of(self.task)
        await on_a_thread(import_crewai)  # takes seconds, so not for the first record, whose time is measured
        chosen = self._options()
        options = Request(
            (),
            sampling=chosen.sampling,
            max_tokens=chosen.max_tokens,
            context=chosen.context,
            thinking=chosen.thinking,
        )
        reader = self.extractor(reading(self.task), chat)
        return CrewAgent(self.task, load_schema(self.task), agent, chat, reader, options)


def specialist_for(task: Task, date: Date) -> Specialist:
    """The specialist at a task; ModelError where the task wants something else than references."""
    from gleanery.agents.specialist import Specialist

    if task.output != "schema:Reference":
        raise ModelError(
            f"Task `{task.name}`: `{SPECIALIST}` answers with a Reference, so the task's output must be "
            f"`schema:Reference`, not `{task.output}`. Change {task.file}, or take `{SPECIALIST}` from its models."
        )
    from gleanery.models.references.labeller import Labeller

    return Specialist(Labeller(), task.accept, date)
