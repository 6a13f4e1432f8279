"""What an extraction on a chat model costs this process: CPU a call, with a server that answers at once.

    python bench/overhead.py [--calls 200] [--at-once 64] [--rounds 7]

The server is a process of its own, so that its work is not counted. All ways ask for the same answer to the same text
with the same schema; ours does all that a run does: composing, counting, recording, reading, grounding, a Result.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import date
from pathlib import Path
from statistics import median

from instant_server import MODEL

TEXT = "Darwin, C. (1859). On the origin of species by means of natural selection. London: John Murray."
ANSWER = {"title": "On the origin of species by means of natural selection", "year": 1859}
TASK = """\
name: works
summary: Title and year.
kind: extract
output: "title: of the work, year int: when it came out"
grounding: require
models: [default]
prompt: |
  Read the reference below and return the fields that it states. Leave out what it does not say.

  {{ source }}
"""

Call = Callable[[], Awaitable[object]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=200)
    parser.add_argument("--at-once", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    command = [sys.executable, str(Path(__file__).with_name("instant_server.py")), json.dumps(ANSWER)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        url = f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        try:
            asyncio.run(_measure(url, options.calls, options.at_once, options.rounds))
        finally:
            server.stdin.close()


async def _measure(url: str, calls: int, at_once: int, rounds: int) -> None:
    print(f"ms of CPU a call, {at_once} at once, median of {rounds} rounds of {calls}")
    with tempfile.TemporaryDirectory() as folder:
        ways = {
            "openai client": await _openai(url),
            "Instructor over it": await _instructor(url),
            "gleanery, in one piece": await _gleanery(url, Path(folder), stream=False),
            "gleanery, streamed": await _gleanery(url, Path(folder), stream=True),
        }
        figures: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds + 1):
            for name, call in ways.items():
                figures[name].append(await _cpu(call, calls, at_once))
    for name, seconds in figures.items():
        print(f"  {name:24} {1000 * median(seconds[1:]):6.2f}")  # the first round warms up


async def _cpu(call: Call, calls: int, at_once: int) -> float:
    """CPU seconds a call."""
    places = asyncio.Semaphore(at_once)

    async def placed() -> None:
        async with places:
            await call()

    began = time.process_time()
    await asyncio.gather(*(placed() for _ in range(calls)))
    return (time.process_time() - began) / calls


def _schema() -> dict[str, object]:
    properties = {"title": {"type": "string"}, "year": {"type": "integer"}}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


async def _openai(url: str) -> Call:
    from openai import AsyncOpenAI

    client = AsyncOpenAI(base_url=url, api_key="none")
    form = {"type": "json_schema", "json_schema": {"name": "answer", "schema": _schema(), "strict": True}}

    async def call() -> None:
        reply = await client.chat.completions.create(
            model=MODEL, messages=[{"role": "user", "content": TEXT}], response_format=form, temperature=0.0
        )
        assert json.loads(reply.choices[0].message.content or "") == ANSWER

    return call


async def _instructor(url: str) -> Call:
    import instructor
    from openai import AsyncOpenAI
    from pydantic import BaseModel

    class Work(BaseModel):
        title: str
        year: int

    client = instructor.from_openai(AsyncOpenAI(base_url=url, api_key="none"), mode=instructor.Mode.JSON_SCHEMA)

    async def call() -> None:
        work = await client.create(
            response_model=Work, model=MODEL, messages=[{"role": "user", "content": TEXT}], temperature=0.0
        )
        assert work.model_dump() == ANSWER

    return call


async def _gleanery(url: str, folder: Path, *, stream: bool) -> Call:
    from gleanery.agents.extractor import ChatOptions, Extractor
    from gleanery.models import door, pace
    from gleanery.models.endpoint import Endpoint
    from gleanery.models.opening import Models
    from gleanery.tasks.declarations import load_task
    from gleanery.tasks.records import Record
    from gleanery.tasks.schemas import load_schema

    (folder / "task.yaml").write_text(TASK)
    task = load_task(folder / "task.yaml")
    models = Models({"bench": Endpoint("bench", "openai", url, in_flight=64)})
    chat = await models.open(f"openai/{MODEL}@bench")
    extract = Extractor(task, load_schema(task), chat, today=date(2026, 1, 1), options=ChatOptions())

    async def call() -> None:
        door.STREAMED_UP_TO = 10_000 if stream else 0
        pace.MARGIN = 10**9  # or it would be found to be quick, and asked in one piece
        result = await extract(Record("r-1", 1, TEXT))
        assert (result.status, result.output) == ("ok", ANSWER), result

    return call


if __name__ == "__main__":
    main()
