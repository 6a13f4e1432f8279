"""How much of a real engine's own limit a run reaches: 400 extractions, beside other ways to ask for them.

    python bench/throughput.py [--records 400] [--model FILE.gguf] [--rounds 3]

llama.cpp runs on one core and whoever asks on another. All ways send the bodies that our own run sent, in one run of
this script: a bare asyncio loop at the best of several concurrencies is the engine's limit. Random weights do: what is
measured is how well the engine is kept busy, not what it says. Our time begins when the model is opened: finding out
once what it can do is not counted, nor is CrewAI's import.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import harmonic_mean
from typing import Any

import httpx

TESTS = Path(__file__).parents[1] / "tests"
SLOTS = 8
NAME = "model.gguf"
CONCURRENCIES = (8, 10, 16)
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
    "properties": {
        "kind": {"type": "string", "enum": ["book", "article", "thesis"]},
    },
    "required": ["kind"],
    "additionalProperties": False,
}
TEXT = "Author, A. {n}. (19{n:02}). A title of work number {n}, told in a few plain words. City: House."


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=400)
    parser.add_argument("--model", type=Path, help="a GGUF file; default: random weights, about a million of them")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--without-crewai", action="store_true", help="leave out the slowest way")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / NAME
        if options.model:
            path.symlink_to(options.model.absolute())
        else:
            _write_random_weights(path)
        with _engine(path) as (url, key):
            _measure(url, key, Path(folder), options)


def _measure(url: str, key: str, folder: Path, options: argparse.Namespace) -> None:
    texts = [TEXT.format(n=n) for n in range(options.records)]
    bodies, tokens = _ours(url, key, folder, texts)[1:]
    print(f"{len(texts)} extractions, {tokens / len(texts):.0f} tokens each, {SLOTS} slots; requests a second")
    bare = {n: _rate(len(texts), lambda n=n: asyncio.run(_bare(url, key, bodies, n))) for n in CONCURRENCIES}
    best = max(bare, key=bare.__getitem__)
    print("  bare loop at " + ", ".join(f"{n}: {rate:.1f}" for n, rate in bare.items()))
    ways: dict[str, Callable[[], float]] = {
        f"bare loop, best ({best} at once)": lambda: _rate(
            len(texts), lambda: asyncio.run(_bare(url, key, bodies, best))
        ),
        "gleanery": lambda: _ours(url, key, folder, texts)[0],
        "one after another": lambda: _rate(len(texts), lambda: _threads(url, key, bodies, 1)),
        "100 threads": lambda: _rate(len(texts), lambda: _threads(url, key, bodies, 100)),
    }
    if not options.without_crewai:
        few = texts[: max(1, len(texts) // 8)]
        _crews(url, key, few[:2])  # imports, and the first kickoff's half second
        ways[f"a CrewAI kickoff each, {SLOTS} threads"] = lambda: _rate(len(few), lambda: _crews(url, key, few))
    # In turn, there and back, so that a machine that others use too is the same to all.
    turns: list[dict[str, float]] = []
    for turn in range(options.rounds):
        order = list(ways) if turn % 2 == 0 else list(reversed(ways))
        turns.append({name: ways[name]() for name in order})
    rates = {name: harmonic_mean(turn[name] for turn in turns) for name in ways}
    limit = next(iter(rates.values()))
    for name, rate in rates.items():
        print(f"  {name:34} {rate:7.1f}   {100 * rate / limit:5.1f} % of the bare loop")


def _rate(count: int, work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def _write_random_weights(path: Path) -> None:
    sys.path.insert(0, str(TESTS))
    from servers.tiny_gguf import write_tiny_gguf

    write_tiny_gguf(path, context=2048, layers=2, width=128)


@contextmanager
def _engine(path: Path) -> Iterator[tuple[str, str]]:
    """The engine on the first core, this process on the last."""
    from gleanery.models.endpoint import GgufOptions
    from gleanery.models.gguf.engine import Engine

    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[:1])  # a child has the cores that its parent had when it was made
    engine = Engine.start(path, GgufOptions(context=2048, slots=SLOTS, threads=1))
    os.sched_setaffinity(0, cores[-1:])
    try:
        yield f"{engine.url}/v1", engine.api_key
    finally:
        engine.stop()


def _ours(url: str, key: str, folder: Path, texts: Sequence[str]) -> tuple[float, list[bytes], int]:
    """Records a second of a run, as users start it; the bodies that it sent, and the tokens that came."""
    import gleanery
    from gleanery.models.endpoint import Endpoint
    from gleanery.settings import Settings

    (folder / "task.yaml").write_text(TASK)
    (folder / "work.json").write_text(json.dumps(SCHEMA))
    endpoint = Endpoint("bench", "openai", url, key)
    settings = replace(Settings(), max_tokens=256, endpoints={"bench": endpoint}, cache_dir=folder)
    results = gleanery.run(folder / "task.yaml", texts, model=f"openai/{NAME}@bench", settings=settings)
    began = time.perf_counter()
    done = list(results)
    seconds = time.perf_counter() - began
    failed = [result for result in done if result.status == "failed"]
    assert not failed, failed[0].error
    exchanges: list[Any] = [exchange for result in done for exchange in result.exchanges]
    chats = [exchange for exchange in exchanges if exchange.purpose == "chat"]
    assert len(chats) == len(texts), f"{len(chats)} requests for {len(texts)} records"
    tokens = sum(result.usage["completion"] or 0 for result in done if result.usage)
    return len(texts) / seconds, [exchange.request.encode() for exchange in chats], tokens


async def _bare(url: str, key: str, bodies: Sequence[bytes], at_once: int) -> None:
    """The bodies as they are, sent by httpx and nothing else; the replies are read and thrown away."""
    places = asyncio.Semaphore(at_once)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=at_once)
    async with httpx.AsyncClient(headers=headers, limits=limits, timeout=600, trust_env=False) as client:

        async def call(body: bytes) -> None:
            async with places:
                # llama.cpp closes a connection after a streamed reply, without saying so.
                last = {"Connection": "close"} if b'"stream":true' in body else None
                (await client.post(f"{url}/chat/completions", content=body, headers=last)).raise_for_status()

        await asyncio.gather(*map(call, bodies))


def _threads(url: str, key: str, bodies: Sequence[bytes], count: int) -> None:
    """Blocking calls of the openai client: one after another, or on many threads like `litellm.batch_completion`."""
    from openai import OpenAI

    client = OpenAI(base_url=url, api_key=key, max_retries=0, timeout=600)

    def call(body: bytes) -> None:
        request = json.loads(body)
        request["stream"] = False
        request.pop("stream_options", None)
        known = {key: request.pop(key) for key in ("model", "messages")}
        client.chat.completions.create(**known, extra_body=request)

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(call, bodies))


def _crews(url: str, key: str, texts: Sequence[str]) -> None:
    """One crew a record with CrewAI's own client, its agent asked for the same schema."""
    from gleanery.agents.quiet import import_crewai

    import_crewai()
    from typing import Literal

    from crewai import LLM, Agent, Crew, Task
    from pydantic import BaseModel

    class Work(BaseModel):
        kind: Literal["book", "article", "thesis"]

    def kick(text: str) -> None:
        llm = LLM(model=f"openai/{NAME}", base_url=url, api_key=key, temperature=0.0, max_tokens=256)
        agent = Agent(role="Reader", goal="Read references.", backstory="You read.", llm=llm, max_retry_limit=0)
        task = Task(description=text, expected_output="Its kind.", agent=agent, response_model=Work)
        Crew(agents=[agent], tasks=[task], memory=False, tracing=False, verbose=False).kickoff()

    with ThreadPoolExecutor(SLOTS) as pool:
        list(pool.map(kick, texts))


if __name__ == "__main__":
    main()
