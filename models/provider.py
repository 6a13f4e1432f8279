"""What a provider of models must do for `gleanery.models.door` to make a Chat of it: one attempt, nothing more.

A provider turns a Request into its server's words and the server's words into Pieces. It does not queue, retry, count
the window or watch the clock: the door does that for all of them alike.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Protocol

from gleanery.models.chat import Capabilities, Finish, Request, ToolCall, Usage


@dataclass(frozen=True, slots=True)
class Ending:
    """How an attempt ended, in the server's figures; seconds, None where it does not tell.

    `cut`: the server itself says that it cut the prompt.
    """

    finish: Finish
    usage: Usage | None = None
    load: float | None = None
    first_token: float | None = None
    per_token: float | None = None
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Some of a reply as it came: text, thinking, calls (each whole), and in the last piece the ending."""

    text: str = ""
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    ending: Ending | None = None


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the server says of a model without being asked to generate.

    `digest` pins the weights (None: it tells none). `window` is the largest context in tokens that a request can have;
    `chooses_window`: it is loaded with the context that the request asks for (Ollama), else it is as the server has it.
    `known` are the capabilities that the server itself states; the probe finds out the rest.
    `server` is its name and version as far as it gives them: "ollama 0.32.5", "llama-server", "vllm 0.20".
    """

    digest: str | None
    window: int | None
    chooses_window: bool = False
    known: Capabilities = field(default_factory=Capabilities)
    server: str = ""


class Provider(Protocol):
    """One model at one server. Methods raise the ModelErrors of `gleanery.errors`, never a library's own."""

    @property
    def model(self) -> str:
        """Its address: provider/name, and @url where it is not the provider's own default."""

    async def facts(self) -> ModelFacts:
        """What the server says of the model; EndpointError where there is no server, ModelNotFoundError no model."""

    async def loaded_window(self) -> int | None:
        """The context in tokens that the model is loaded with now; None where it is not loaded or not told."""

    async def count(self, request: Request) -> int | None:
        """The tokens of the prompt by the server's own tokenizer and template; None where it has none to ask."""

    def stream(self, request: Request) -> AsyncGenerator[Piece, None]:
        """One attempt at a reply, streamed unless `request.stream` is False; the last piece has the ending.

        Closing the generator closes the connection, so that the server stops. A stream that ends without an ending
        raises EndpointError (the connection broke) or ReplyError (what came makes no sense).
        """

    async def alive(self) -> bool:
        """Whether the server answers at all, asked in the cheapest way."""

    async def aclose(self) -> None:
        """Close its connections; a provider that started its server ends it."""
