"""The one protocol that every chat model speaks, whoever serves it: a Request goes in, a Reply comes back.

    reply = await chat.send(Request.ask("Say hello."))
    async for chunk in chat.stream(request): ...      # closing the generator, or cancelling, aborts at the server

Nothing here is a provider's own: Ollama, OpenAI-compatible servers and GGUF files give the same replies to the same
requests. The scripted model of `gleanery.models.scripted` speaks it too, for tests.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

Role = Literal["system", "user", "assistant", "tool"]
Finish = Literal["stop", "length", "tool_calls"]
ToolChoice = Literal["auto", "none", "required"]
SchemaSupport = Literal["enforced", "accepted", "refused"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a model asks for. `arguments` is the JSON text as the model wrote it, valid or not."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. A `tool` turn answers the call `tool_call_id` of the tool `name`."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The message as people look at it; what is absent is left out."""
        out: dict[str, Any] = {"role": self.role, "content": self.content}
        if self.tool_calls:
            out["tool_calls"] = [{"id": c.id, "name": c.name, "arguments": c.arguments} for c in self.tool_calls]
        if self.tool_call_id is not None:
            out["tool_call_id"] = self.tool_call_id
        if self.name is not None:
            out["name"] = self.name
        return out


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that the model may call; `parameters` is the JSON Schema of its arguments, an object."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn. None leaves it to the server; temperature 0 takes the likeliest."""

    temperature: float | None = 0.0
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a model.

    `schema` (a JSON Schema) and `grammar` (GBNF) constrain the text of the answer; give one of them at most.
    `max_tokens` bounds the answer, thinking included; None: the model's own bound. `context` is the size of the
    window in tokens that a server which can choose (Ollama) shall load; None: as much as is needed.
    `thinking`: False off, True on, a number of tokens on with that budget, None as the model likes.
    `timeout` and `stall` are seconds, for the whole call and between two chunks; None: what the endpoint's are.
    `stream=False` asks for the reply in one piece: cheaper where many are in flight, but nothing is seen before the
    end, so `stall` is told from slowness only where a model is known to be quick. None: streamed, unless many are in
    flight or the model is known to be quick.
    """

    messages: tuple[Message, ...]
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = "auto"
    schema: Mapping[str, Any] | None = None
    grammar: str | None = None
    stop: tuple[str, ...] = ()
    sampling: Sampling = field(default_factory=Sampling)
    max_tokens: int | None = None
    context: int | None = None
    thinking: bool | int | None = False
    timeout: float | None = None
    stall: float | None = None
    stream: bool | None = None

    @classmethod
    def ask(cls, text: str, **options: Any) -> Request:
        """A request of one user message."""
        return cls((Message("user", text),), **options)

    def but(self, **changes: Any) -> Request:
        """The same request with some fields changed."""
        return replace(self, **changes)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as the server counted them. `cached` of the prompt's were not computed again; None: it does not tell."""

    prompt: int
    completion: int
    cached: int | None = None

    def __add__(self, other: Usage) -> Usage:
        cached = None if self.cached is None and other.cached is None else (self.cached or 0) + (other.cached or 0)
        return Usage(self.prompt + other.prompt, self.completion + other.completion, cached)

    def as_json(self) -> dict[str, int | None]:
        """The usage as it stands in a wire record or a full Result."""
        return {"prompt": self.prompt, "completion": self.completion, "cached": self.cached}


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds: waiting for a free place (`queue`), loading the model (`load`), until the first token (`first_token`,
    TTFT, from sending on), for each token after it (`per_token`, TPOT), and `total` from sending to the end.
    None where it is not known."""

    total: float
    queue: float = 0.0
    load: float | None = None
    first_token: float | None = None
    per_token: float | None = None

    def as_json(self) -> dict[str, float | None]:
        """The timing in milliseconds, as it stands in a wire record or a full Result."""
        names = ("queue", "load", "first_token", "per_token", "total")
        seconds = ((name, getattr(self, name)) for name in names)
        return {f"{name}_ms": None if value is None else round(1000 * value, 3) for name, value in seconds}


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered. `finish` "length" means that tokens ran out. `attempts` counts the requests it took."""

    text: str
    finish: Finish
    model: str
    timing: Timing
    usage: Usage | None = None
    thinking: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a reply as it comes. The last one of a stream, and only that, has the whole `reply`."""

    text: str = ""
    thinking: str = ""
    reply: Reply | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a model at its server can do; None where nobody knows.

    `schema`: "enforced" (the answer cannot break it), "accepted" (it is taken and ignored) or "refused".
    `grammar`: the endpoint takes GBNF. `thinking`: the model thinks where it is let; `thinking_breaks_schema`: and its
    answer then no longer keeps the schema. `slots`: requests that the server works on at once.
    `window`: the largest context in tokens.
    """

    tools: bool | None = None
    schema: SchemaSupport | None = None
    grammar: bool = False
    thinking: bool | None = None
    thinking_breaks_schema: bool | None = None
    streaming: bool | None = None
    slots: int | None = None
    window: int | None = None


class Chat(Protocol):
    """A chat model. Every call is recorded (`gleanery.models.wire`) and raises a ModelError where there is no reply."""

    @property
    def model(self) -> str:
        """Its address: provider/name."""

    async def capabilities(self) -> Capabilities:
        """What it can do: found out by asking it, once for each digest of a model."""

    async def send(self, request: Request) -> Reply:
        """The whole reply."""

    def stream(self, request: Request) -> AsyncGenerator[Chunk, None]:
        """The reply piece by piece; the last chunk has it whole."""


def system(text: str) -> Message:
    """A system message."""
    return Message("system", text)


def user(text: str) -> Message:
    """A user message."""
    return Message("user", text)


def text_of(messages: Sequence[Message]) -> str:
    """All that the messages say, for counting."""
    return "\n".join(
        part for message in messages for part in (message.content, *(c.arguments for c in message.tool_calls))
    )
