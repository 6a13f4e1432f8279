"""Who performs a task's records: its models, opened, and put in their order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date as Date
from typing import TYPE_CHECKING

from gleanery.errors import EndpointError, ModelError, ModelNotFoundError
from gleanery.tools.permissions import Answers, Approval, Call

if TYPE_CHECKING:
    from gleanery.agents.declarations import AgentDeclaration
    from gleanery.agents.extractor import ChatOptions, Extractor
    from gleanery.agents.specialist import Specialist
    from gleanery.agents.stage import Stage
    from gleanery.jobs.concurrent import AsyncAgent
    from gleanery.models.chat import Chat
    from gleanery.models.opening import Models
    from gleanery.settings import Settings
    from gleanery.tasks.declarations import Task
    from gleanery.tools.given import Given

SPECIALIST = "embedded/references"


@dataclass(frozen=True, slots=True)
class Staging:
    """What a task's stages are made of, besides its models.

    `approve` is asked before a tool is called whose permission is `ask` (None: it is refused); `answers` are what was
    said for all of the job.
    """

    task: Task
    settings: Settings
    date: Date
    models: Models
    approve: Callable[[Call], Approval] | None = None
    answers: Answers = field(default_factory=Answers)

    async def agent(self, addresses: Sequence[str], skipped: list[str]) -> AsyncAgent:
        """The agent that asks these models in order; those that are not there are left out, `skipped` says why.

        Raises what is wrong with the last of them, where none is there.
        """
        generates = self.task.kind == "generate"
        agent = await (self._writers(addresses) if generates else self._cascade(addresses, skipped))
        if self.task.guards is None:
            return agent
        from gleanery.agents.guards.guarded import guarded
        from gleanery.models.redaction import redact

        return await guarded(self.task, agent, redact(addresses[0]), self.models.open)

    async def _writers(self, addresses: Sequence[str]) -> AsyncAgent:
        """Models that each write their own records: none of them can be left out."""
        from gleanery.agents.writer import Writer, Writers
        from gleanery.models.redaction import redact
        from gleanery.tasks.schemas import load_schema

        settings = self.settings
        writers: dict[str, Writer] = {}
        for address in addresses:
            if address == SPECIALIST:
                specialist_for(self.task, self.date)
            chat = await self.models.open(address)
            await chat.capabilities()
            writers[redact(address)] = Writer(
                self.task,
                load_schema(self.task),
                chat,
                today=self.date,
                retries=settings.retries,
                shots=settings.shots,
                options=self._options(),
            )
        return Writers(writers)

    async def _cascade(self, addresses: Sequence[str], skipped: list[str]) -> AsyncAgent:
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
        if self.task.kind == "agent":
            return await self._crew(address)
        return self.extractor(self.task, await self._chat(address))

    async def _chat(self, address: str) -> Chat:
        chat = await self.models.open(address)
        await chat.capabilities()  # found out now, for the run as a whole, and not for its first record
        return chat

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

    async def _crew(self, address: str) -> Stage:
        from gleanery.agents.crew import CrewAgent, reading
        from gleanery.agents.declarations import agent_of, with_tools_of
        from gleanery.agents.host.shared import give_back, lease
        from gleanery.agents.toolboxes import toolboxes
        from gleanery.models.chat import Request
        from gleanery.tasks.schemas import load_schema
        from gleanery.tools.mcp import McpServers

        hosts = lease()  # gets ready while the model does
        self.models.close_too(give_back)
        chat, servers = await self._chat(address), McpServers(self.settings.tools.mcp)
        self.models.close_too(servers.aclose)
        agent = await with_tools_of(servers, agent_of(self.task, servers=self.settings.tools.mcp))
        chosen = self._options()
        options = Request(
            (),
            sampling=chosen.sampling,
            max_tokens=chosen.max_tokens,
            context=chosen.context,
            thinking=chosen.thinking,
        )
        reader = self.extractor(reading(self.task), chat)
        toolbox = toolboxes(
            agent,
            self.settings.tools,
            approve=self.approve,
            answers=self.answers,
            given=await self._documents(agent),
        )
        await hosts.ready()  # takes seconds, so not for the first record, whose time is measured
        return CrewAgent(self.task, load_schema(self.task), agent, chat, reader, options, hosts, toolbox)

    async def _documents(self, agent: AgentDeclaration) -> list[Given]:
        """What searching documents needs, where the agent does and there are some: read now, and not while a model
        waits."""
        folder, embedder = self.settings.tools.documents, self.settings.tools.embedder
        if folder is None or all(tool.name != "search_documents" for tool in agent.tools):
            return []
        from gleanery.models.embedding import SyncEmbedder, on_loop
        from gleanery.tools.documents.library import Library

        door = None if embedder is None else await self.models.open_embedder(embedder)
        by_meaning = None if door is None else SyncEmbedder(door, on_loop(asyncio.get_running_loop()))
        library = Library(folder, cache=self.settings.cache_dir, embedder=by_meaning)
        await asyncio.to_thread(library.update)
        return [library]


def specialist_for(task: Task, date: Date) -> Specialist:
    """The specialist at a task; ModelError where the task wants something else than references."""
    from gleanery.agents.specialist import Specialist

    if task.kind == "generate":
        raise ModelError(
            f"Task `{task.name}` generates, and `{SPECIALIST}` only reads references. Take it from the task's models."
        )
    if task.output != "schema:Reference":
        raise ModelError(
            f"Task `{task.name}`: `{SPECIALIST}` answers with a Reference, so the task's output must be "
            f"`schema:Reference`, not `{task.output}`. Change {task.file}, or take `{SPECIALIST}` from its models."
        )
    from gleanery.models.references.labeller import Labeller

    return Specialist(Labeller(), task.accept, date)
