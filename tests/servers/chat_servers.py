"""Chat servers of every kind behind one face: what their model shall say is said in the same words.

    with chat_server("vllm") as lab:
        lab.says(Said("one two"), Said("one", ends="abort"), lab.busy(429, after=1))
        async with lab.opened(in_flight=1) as door:
            reply = await door.send(Request.ask("Count."))
        assert lab.chats[0]["messages"]

What is not scripted is answered by a good model.
"""

from __future__ import annotations

import asyncio
import functools
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal

from servers.http_server import ABORT, STALL, Response, Wait
from servers.ollama_server import Behaviour, FakeModel, OllamaServer
from servers.ollama_server import busy as ollama_busy
from servers.openai_server import OpenAIServer, Turn
from servers.openai_server import refusal as openai_refusal

from gleanery.models.door import Door
from gleanery.models.endpoint import Endpoint
from gleanery.models.opening import Models

Kind = Literal["ollama", "vllm", "llama-server", "openai"]
KINDS: tuple[Kind, ...] = ("ollama", "vllm", "llama-server", "openai")
WINDOW = 32768


@dataclass(frozen=True)
class Said:
    """One answer. `wait` seconds pass before it and `pause` between its words; `ends` is what comes after them.

    `prompt` are the tokens of the prompt as the server counts them, None: its words.
    """

    text: str = ""
    thinking: str = ""
    finish: str | None = None
    wait: float = 0.0
    pause: float = 0.0
    ends: Literal["done", "stall", "abort", "torn", "none"] = "done"
    prompt: int | None = None


class Lab:
    """A server of one model, `tiny`, that thinks where it is let, and the way to it."""

    def __init__(self, kind: Kind, **options: Any) -> None:
        self.kind = kind
        self._script: deque[Said | Response] = deque()
        self.server: OllamaServer | OpenAIServer
        if kind == "ollama":
            models = [FakeModel("tiny", WINDOW, ("completion", "tools", "thinking"))]
            self.server = OllamaServer(self._next, models, **options)
        else:
            self.server = OpenAIServer(kind, **{"window": WINDOW, **options})
        self.address = f"{'ollama' if kind == 'ollama' else 'openai'}/tiny@lab"

    @property
    def chats(self) -> list[dict[str, Any]]:
        """The bodies of the chats received."""
        return self.server.chats

    def says(self, *answers: Said | Response) -> None:
        """What the next chats are answered with."""
        if isinstance(self.server, OpenAIServer):
            self.server.then(*(answer if isinstance(answer, Response) else _turn(answer) for answer in answers))
        self._script.extend(answers)

    def busy(self, status: int = 503, after: float | None = None) -> Response:
        """The answer of a server that takes no more requests."""
        if self.kind == "ollama":
            return ollama_busy(status, after)
        return openai_refusal(status, "busy", {} if after is None else {"retry-after": f"{after:g}"})

    def endpoint(self, **options: Any) -> Endpoint:
        """The server as an endpoint of the settings."""
        if self.kind == "ollama":
            return Endpoint("lab", "ollama", self.server.url, **options)
        return Endpoint("lab", "openai", f"{self.server.url}/v1", **options)

    @asynccontextmanager
    async def opened(self, **options: Any) -> AsyncIterator[Door]:
        """The door to its model; options are the endpoint's."""
        async with Models({"lab": self.endpoint(**options)}) as models:
            yield await models.open(self.address)

    async def until(self, condition: Callable[[], object], seconds: float = 2.0) -> None:
        """Wait for something that happens at the server."""
        async with asyncio.timeout(seconds):
            while not condition():
                await asyncio.sleep(0.005)

    def _next(self, _: Mapping[str, Any]) -> Behaviour | Response:
        answer = self._script.popleft() if self._script else Said("Hello.")
        return answer if isinstance(answer, Response) else _behaviour(answer)


@contextmanager
def chat_server(kind: Kind, **options: Any) -> Iterator[Lab]:
    """A server of that kind; options are those of its class."""
    lab = Lab(kind, **options)
    with lab.server:
        yield lab


def awaited(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """An async function as a test."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


def _behaviour(said: Said) -> Behaviour:
    behaviour = Behaviour(
        said.text,
        thinking=_words(said.thinking),
        done_reason=said.finish or "stop",
        ending=said.ends,
        load=said.wait,
        pause=said.pause,
        prompt_tokens=said.prompt,
    )
    return behaviour if said.text or said.thinking else replace(behaviour, pieces=())


def _turn(said: Said) -> Turn:
    ends = {"done": None, "stall": STALL, "abort": ABORT, "torn": b'data: {"choices": [{"del\n\n', "none": b""}
    return Turn(
        said.text,
        said.thinking,
        finish=said.finish,
        before=[Wait(said.wait)] if said.wait else (),
        pause=said.pause,
        prompt_tokens=said.prompt,
        ends=ends[said.ends],
    )


def _words(text: str) -> Sequence[str]:
    return [word + " " for word in text.split()]
