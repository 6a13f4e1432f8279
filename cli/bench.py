"""Measures how fast a model answers: what `gleanery models bench` prints."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gleanery.models.chat import Chat, Reply
    from gleanery.settings import Settings

_TOPICS = ("rivers", "clocks", "paper", "wheat", "copper", "tides", "maps", "glass", "bridges", "honey")


@dataclass(frozen=True, slots=True)
class Measured:
    """The replies of a measurement. `seconds` is how long all of them took, `first` is the reply before them."""

    model: str
    first: Reply
    replies: Sequence[Reply]
    seconds: float
    at_once: int

    @property
    def tokens(self) -> int:
        """Tokens that were made."""
        return sum(_made(reply) for reply in self.replies)

    def series(self) -> dict[str, list[float]]:
        """What was measured of every reply: milliseconds and tokens a second; empty where the server does not tell."""
        timings = [reply.timing for reply in self.replies]
        rates = [_made(reply) / reply.timing.total for reply in self.replies if _made(reply) and reply.timing.total]
        return {
            "first token ms": [1000 * timing.first_token for timing in timings if timing.first_token is not None],
            "each token ms": [1000 * timing.per_token for timing in timings if timing.per_token is not None],
            "whole answer ms": [1000 * timing.total for timing in timings],
            "tokens/s of an answer": rates,
        }

    def rows(self) -> list[tuple[str, ...]]:
        """A row for each series."""
        shown = ((name, values) for name, values in self.series().items() if values)
        return [(name, *(f"{value:,.1f}" for value in _summary(values))) for name, values in shown]

    def sentence(self) -> str:
        """What all of them came to."""
        load = f" It took {self.first.timing.load:.1f} s to load." if self.first.timing.load else ""
        count = f"{len(self.replies)} requests, {self.at_once} at once"
        rate = f", {self.tokens / self.seconds:,.1f} tokens/s in all" if self.tokens else ""
        return f"{self.model}: {count}: {self.tokens:,} tokens in {self.seconds:.1f} s{rate}.{load}"

    def as_json(self) -> dict[str, Any]:
        """All of it, with every reply's timing and usage."""
        return {
            "model": self.model,
            "requests": len(self.replies),
            "at_once": self.at_once,
            "seconds": round(self.seconds, 3),
            "tokens": self.tokens,
            "tokens_per_second": round(self.tokens / self.seconds, 2),
            "load_ms": self.first.timing.as_json()["load_ms"],
            **{
                name.replace(" ", "_").replace("/", "_per_"): dict(
                    zip(("median", "least", "most"), (round(value, 3) for value in _summary(values)), strict=True)
                )
                for name, values in self.series().items()
                if values
            },
            "replies": [
                {"timing": reply.timing.as_json(), "usage": reply.usage and reply.usage.as_json()}
                for reply in self.replies
            ],
        }


async def measure(model: str, settings: Settings, *, requests: int, at_once: int, tokens: int) -> Measured:
    """Ask the model so many times, `at_once` of them in flight, for answers of so many `tokens` at most.

    One more request goes first, so that loading is not measured. ModelError where the model cannot be used.
    """
    from gleanery.models.opening import Models

    async with Models(settings.endpoints, settings.gguf, settings.cache_dir) as models:
        chat = await models.open(model)
        first = await _ask(chat, 0, tokens)
        places = asyncio.Semaphore(at_once)

        async def one(number: int) -> Reply:
            async with places:
                return await _ask(chat, number, tokens)

        began = perf_counter()
        replies = await asyncio.gather(*(one(number) for number in range(1, requests + 1)))
        return Measured(chat.model, first, replies, perf_counter() - began, at_once)


async def _ask(chat: Chat, number: int, tokens: int) -> Reply:
    from gleanery.models.chat import Request

    # Each prompt begins differently: what a server has computed of an earlier one must not make the next one fast.
    topic = _TOPICS[number % len(_TOPICS)]
    text = f"{number + 1}. Tell a long story about {topic}, in plain sentences, without headings or lists."
    return await chat.send(Request.ask(text, max_tokens=tokens, stream=True))


def _made(reply: Reply) -> int:
    return reply.usage.completion if reply.usage else 0


def _summary(values: Sequence[float]) -> tuple[float, float, float]:
    return median(values), min(values), max(values)
