"""Shards for chat models, on the event loop: a real server, door and extractor; withdrawn, cancelled, in number."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from performers import open_obedient, shard_of, work_of
from servers.http_server import HttpRequest, Response
from servers.openai_server import OpenAIServer

from gleanery.errors import EndpointError
from gleanery.jobs.executors.executor import ShardFailed, ShardSuspect, ShardWithdrawn
from gleanery.jobs.executors.local import LocalExecutor
from gleanery.jobs.outcome import Outcome
from gleanery.jobs.work import Work
from gleanery.models.opening import Models
from gleanery.settings import Settings
from gleanery.staging import Staging
from gleanery.tasks.declarations import load_task
from gleanery.tasks.records import Record, Recorded, Result

ADDRESS = "openai/tiny@lab"
TASK = """\
name: works
summary: The kind of a work.
kind: extract
output: work.json
grounding: none
models: [default]
prompt: |
  Read the reference below and return its kind.

  {{ source }}
"""
SCHEMA = {
    "type": "object",
    "properties": {"kind": {"type": "string", "enum": ["book", "article"]}},
    "required": ["kind"],
    "additionalProperties": False,
}


@dataclass(eq=False)
class SlowServer(OpenAIServer):
    """Takes `seconds` for every chat, once that is set."""

    seconds: float = 0.0

    def handle(self, request: HttpRequest) -> Response:
        response = super().handle(request)
        return replace(response, delay=self.seconds) if request.path.endswith("/chat/completions") else response


@dataclass
class Chatting:
    """A performer with a real door and extractor."""

    agent: Callable[[Record], Awaitable[Result]]
    models: Models
    room: int = 8
    fingerprint: str | None = None
    digests: Mapping[str, str | None] = field(default_factory=lambda: {ADDRESS: None})
    skipped: Sequence[str] = ()
    exchanges: Sequence[Recorded] = ()

    async def __call__(self, records: Sequence[Record]) -> list[Result]:
        return list(await asyncio.gather(*map(self.agent, records)))

    async def aclose(self) -> None:
        await self.models.aclose()


def use(
    server: SlowServer, folder: Path, use: Callable[[LocalExecutor, Work], Awaitable[None]], **endpoint: Any
) -> None:
    """Open a work on a model of the server, use the executor, close it."""
    (folder / "task.yaml").write_text(TASK)
    (folder / "work.json").write_text(json.dumps(SCHEMA))
    settings = replace(Settings(), endpoints={"lab": replace(server.endpoint, **endpoint)}, cache_dir=folder, retries=0)

    async def open_chat(work: Work) -> Chatting:
        models = Models(settings.endpoints, settings.gguf, settings.cache_dir)
        staging = Staging(load_task(folder / "task.yaml"), settings, date(2026, 11, 20), models)
        return Chatting(await staging.agent((ADDRESS,), []), models)

    async def run() -> None:
        executor, work = LocalExecutor(open_chat), work_of(model=ADDRESS)
        await executor.open(work)
        server.requests.clear()
        try:
            await use(executor, work)
        finally:
            async with asyncio.timeout(10):
                await executor.aclose()

    asyncio.run(run())


def begin(executor: LocalExecutor, work: Work, count: int) -> list[asyncio.Task[list[Outcome]]]:
    return [asyncio.create_task(executor.run(shard_of(work, n, f"text {n}", first=n))) for n in range(1, count + 1)]


async def until(condition: Callable[[], object], seconds: float = 5.0) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def test_shards_are_performed_with_what_crossed(tmp_path: Path) -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        assert (executor.shard_size(work), executor.capacity(work)) == (1, 8)
        ends = await asyncio.gather(*begin(executor, work, 20))
        assert [[outcome.position for outcome in end] for end in ends] == [[n] for n in range(1, 21)]
        assert all(json.loads(outcome.body)["output"] == {"kind": "book"} for (outcome,) in ends)
        for number, (outcome,) in enumerate(ends, 1):
            (chat,) = [said for said in map(json.loads, outcome.exchanges) if said["purpose"] == "chat"]
            assert json.loads(chat["request"]["body"])["messages"][-1]["content"].endswith(f"text {number}")
        assert executor.pids == []

    with SlowServer("openai") as server:
        use(server, tmp_path, work_on)


def test_only_what_sent_no_request_is_withdrawn(tmp_path: Path) -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        server.seconds = 0.2
        going = begin(executor, work, 10)
        await until(lambda: len(server.chats) == 4)
        await executor.withdraw([f"s-{n}" for n in range(1, 12)])
        ends = await asyncio.gather(*going, return_exceptions=True)
        assert [type(end) for end in ends] == [list] * 4 + [ShardWithdrawn] * 6
        assert len(server.chats) == 4
        assert not server.aborted

    with SlowServer("openai") as server:
        use(server, tmp_path, work_on, in_flight=4)


def test_what_is_cancelled_ends_at_the_server(tmp_path: Path) -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        server.seconds = 30
        going = begin(executor, work, 10)
        await until(lambda: len(server.chats) == 4)
        began = time.monotonic()
        await executor.cancel([f"s-{n}" for n in range(1, 11)])
        ends = await asyncio.gather(*going, return_exceptions=True)
        assert [type(end) for end in ends] == [ShardWithdrawn] * 10
        await until(lambda: len(server.aborted) == 4)
        assert time.monotonic() - began < 1
        assert len(server.chats) == 4

        server.seconds = 0
        assert len(await executor.run(shard_of(work, 99, "again"))) == 1

    with SlowServer("openai") as server:
        use(server, tmp_path, work_on, in_flight=4)


def test_a_shard_that_was_sent_this_moment_is_taken_back_too(tmp_path: Path) -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        for end in (executor.withdraw, executor.cancel):
            (going,) = begin(executor, work, 1)
            await end(["s-1"])
            with pytest.raises(ShardWithdrawn):
                await going
        assert server.chats == []

    with SlowServer("openai") as server:
        use(server, tmp_path, work_on)


def test_closing_ends_what_is_in_flight(tmp_path: Path) -> None:
    going: list[asyncio.Task[list[Outcome]]] = []

    async def work_on(executor: LocalExecutor, work: Work) -> None:
        server.seconds = 30
        going.extend(begin(executor, work, 3))
        await until(lambda: len(server.chats) == 3)
        await executor.aclose()
        ends = await asyncio.gather(*going, return_exceptions=True)
        assert [type(end) for end in ends] == [ShardWithdrawn] * 3
        await until(lambda: len(server.aborted) == 3)

    with SlowServer("openai") as server:
        use(server, tmp_path, work_on)


def test_whoever_stops_waiting_ends_the_request(tmp_path: Path) -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        server.seconds = 30
        (going,) = begin(executor, work, 1)
        await until(lambda: server.chats)
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going
        await until(lambda: server.aborted)

    with SlowServer("openai") as server:
        use(server, tmp_path, work_on)


def test_a_server_that_went_away_is_no_fault_of_the_record(tmp_path: Path) -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        server.stop_listening()
        with pytest.raises(EndpointError):
            await executor.run(shard_of(work, 1, "text"))

    with SlowServer("openai") as server:
        use(server, tmp_path, work_on, patience=0.1)


def test_256_calls_are_in_flight_at_once(tmp_path: Path) -> None:
    async def work_on(executor: LocalExecutor, work: Work) -> None:
        server.seconds = 1.5
        ends = await asyncio.gather(*begin(executor, work, 256))
        assert len(ends) == 256
        assert server.busiest == 256

    with SlowServer("openai") as server:
        use(server, tmp_path, work_on, in_flight=256)


def test_what_a_performer_raises_is_said() -> None:
    async def run() -> None:
        executor, work = LocalExecutor(open_obedient), work_of(model=ADDRESS)
        opened = await executor.open(work)
        assert opened.fingerprint == "f"
        for text, kind in (("raise ValueError", ShardFailed), ("raise OSError", ShardSuspect), ("leave", ShardFailed)):
            with pytest.raises(kind):
                await executor.run(shard_of(work, 1, text))
        await executor.close(work)
        await executor.close(work)
        await executor.aclose()

    asyncio.run(run())
