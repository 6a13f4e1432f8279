"""A scripted OpenAI-compatible server on loopback, in one of three flavours: "vllm", "llama-server", "openai".

    with OpenAIServer("vllm") as server:
        server.then(Turn("Hello."), Turn(calls=[("add", '{"a": 1}')]), refusal(429, "busy"), Turn("Hi", ends=ABORT))
        provider = OpenAIProvider("tiny", server.endpoint)
        ...
        assert server.chats[0]["temperature"] == 0

Requests take the turns of the script in order. When it has run out, a capable model is played: it calls the first tool
where it may, answers a schema with what fits it, thinks where it is let, and else says "Hello."
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from servers.http_server import HttpRequest, HttpServer, Mishap, Part, Response, Wait
from servers.ollama_server import Embedding, embedded, lengths

from gleanery.models.endpoint import Endpoint

Flavour = Literal["openai", "vllm", "llama-server"]


@dataclass(frozen=True)
class Turn:
    """One reply. `text` is sent word by word, or piece by piece where it is a sequence.

    `calls` are (name, arguments) or (name, arguments, id); with id None there is none. `prompt_tokens` None: counted.
    `before` and `ends` are put before the first piece and in place of the end: a mishap, a wait, or bytes to be sent.
    """

    text: str | Sequence[str] = ""
    thinking: str = ""
    thinking_field: str = "reasoning_content"
    calls: Sequence[tuple[str, ...] | tuple[str, str, None]] = ()
    finish: str | None = None
    prompt_tokens: int | None = None
    cached: int | None = None
    usage: bool = True
    before: Sequence[Part] = ()
    pause: float = 0.0
    ends: Part | None = None


@dataclass(eq=False)
class OpenAIServer(HttpServer):
    """The server. `window` is in tokens (words, roughly), `key` must be sent where it is set.

    `schema`: "enforced", "ignored" or "refused"; `tools`: it has them; `thinks`: its model does, where it is let;
    `switch`: it takes `chat_template_kwargs`.
    """

    flavour: Flavour = "openai"
    models: Sequence[str] = ("tiny",)
    window: int = 4096
    slots: int = 2
    version: str = "0.12.0"
    key: str | None = None
    schema: Literal["enforced", "ignored", "refused"] = "enforced"
    tools: bool = True
    thinks: bool = False
    switch: bool = True
    embedding: Embedding = lengths
    script: deque[Turn | Response] = field(default_factory=deque)

    def __post_init__(self) -> None:
        super().__init__()

    @property
    def endpoint(self) -> Endpoint:
        """The endpoint as settings would have it."""
        return Endpoint("lab", "openai", f"{self.url}/v1", self.key)

    @property
    def chats(self) -> list[Any]:
        """The bodies of the chat requests, as received."""
        return [request.json() for request in self.requests if request.path.endswith("/chat/completions")]

    def then(self, *turns: Turn | Response) -> None:
        """What the next chat requests are answered with."""
        self.script.extend(turns)

    def handle(self, request: HttpRequest) -> Response:
        """Answer by path, as the flavour does."""
        if self.key and request.headers.get("authorization") != f"Bearer {self.key}" and request.path != "/health":
            sent = request.headers.get("authorization", "").removeprefix("Bearer ")
            return refusal(401, f"Incorrect API key provided: {sent}.", type="authentication_error")
        common = {
            "/v1/models": self._models,
            "/v1/embeddings": self._embeddings,
            "/v1/chat/completions": self._chat,
        }
        own = {
            "openai": {},
            "vllm": {"/health": self._health, "/version": self._version, "/tokenize": self._vllm_tokenize},
            "llama-server": {
                "/health": self._health,
                "/props": self._props,
                "/tokenize": self._llama_tokenize,
                "/apply-template": self._template,
            },
        }
        answer = (common | own[self.flavour]).get(request.path)
        return answer(request) if answer else refusal(404, "File Not Found", type="not_found_error")

    def _models(self, _: HttpRequest) -> Response:
        owner = {"openai": "organization_owner", "vllm": "vllm", "llama-server": "llamacpp"}[self.flavour]
        extra = {"max_model_len": self.window} if self.flavour == "vllm" else {}
        data = [{"id": name, "object": "model", "created": 1, "owned_by": owner, **extra} for name in self.models]
        return Response.json({"object": "list", "data": data})

    def _health(self, _: HttpRequest) -> Response:
        return Response.json({"status": "ok"}) if self.flavour == "llama-server" else Response()

    def _version(self, _: HttpRequest) -> Response:
        return Response.json({"version": self.version})

    def _props(self, _: HttpRequest) -> Response:
        settings = {"n_ctx": self.window, "params": {}}
        about = {"total_slots": self.slots, "build_info": "b6789-abc", "model_path": "x"}
        return Response.json({"default_generation_settings": settings, **about})

    def _vllm_tokenize(self, request: HttpRequest) -> Response:
        tokens = _tokens(request.json())
        return Response.json({"count": tokens, "max_model_len": self.window, "tokens": list(range(tokens))})

    def _template(self, request: HttpRequest) -> Response:
        return Response.json({"prompt": _prompt(request.json())})

    def _llama_tokenize(self, request: HttpRequest) -> Response:
        return Response.json({"tokens": list(range(len(request.json()["content"].split())))})

    def _embeddings(self, request: HttpRequest) -> Response:
        vectors = embedded(request.json()["input"], self.embedding)
        if isinstance(vectors, Response):
            return vectors
        data = [{"object": "embedding", "index": n, "embedding": vector} for n, vector in enumerate(vectors)]
        return Response.json({"object": "list", "data": data[::-1], "model": request.json()["model"]})

    def _chat(self, request: HttpRequest) -> Response:
        body = request.json()
        refused = self._refused(body)
        if refused is not None:
            return refused
        turn = self.script.popleft() if self.script else self._played(body)
        return turn if isinstance(turn, Response) else self._said(turn, body)

    def _refused(self, body: Mapping[str, Any]) -> Response | None:
        """What a server of this flavour refuses before its model sees it."""
        if body["model"] not in self.models and self.flavour != "llama-server":
            code = 404 if self.flavour == "vllm" else "model_not_found"
            return refusal(404, f"The model `{body['model']}` does not exist.", type="NotFoundError", code=code)
        tokens, answer = _tokens(body), body.get("max_tokens") or 0
        if self.flavour == "llama-server" and tokens >= self.window:
            said = f"request ({tokens} tokens) exceeds the available context size ({self.window} tokens)"
            return refusal(400, said, type="exceed_context_size_error", n_prompt_tokens=tokens, n_ctx=self.window)
        if self.flavour != "llama-server" and tokens + answer > self.window:
            said = f"This model's maximum context length is {self.window} tokens. However, you requested "
            if self.flavour == "vllm":
                said += f"{tokens + answer} tokens ({tokens} in the messages, {answer} in the completion)."
                return refusal(400, said, type="BadRequestError", code=400)
            said = said.replace("you requested ", f"your messages resulted in {tokens} tokens.")
            return refusal(400, said, type="invalid_request_error", code="context_length_exceeded")
        if body.get("tools") and not self.tools:
            said = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
            return refusal(400, said, type="BadRequestError", code=400)
        if body.get("response_format") and self.schema == "refused":
            return refusal(400, "response_format json_schema is not available", type="BadRequestError", code=400)
        if "chat_template_kwargs" in body and not self.switch:
            said = "chat_template is not supported for Mistral tokenizers."
            return refusal(400, said, type="BadRequestError", code=400)
        return None

    def _played(self, body: Mapping[str, Any]) -> Turn:
        """What a capable model says."""
        if body.get("tools") and body.get("tool_choice") != "none":
            function = body["tools"][0]["function"]
            return Turn(calls=[(function["name"], json.dumps(instance_of(function["parameters"])))])
        let = body.get("chat_template_kwargs", {}).get("enable_thinking", True)
        thinking = "Let me see." if self.thinks and let else ""
        if "response_format" in body and self.schema == "enforced":
            return Turn(json.dumps(instance_of(body["response_format"]["json_schema"]["schema"])), thinking)
        return Turn("Hello.", thinking)

    def _said(self, turn: Turn, body: Mapping[str, Any]) -> Response:
        made = _Made(turn, body, self.flavour)
        if body.get("stream"):
            return Response(parts=made.events(), content_type="text/event-stream; charset=utf-8")
        whole = json.dumps(made.whole()).encode()
        if turn.before or turn.ends is not None:
            end = () if turn.ends is None else (whole[: len(whole) // 2], turn.ends)
            return Response(parts=[*turn.before, *(end or (whole,))])
        return Response(body=whole)


class _Made:
    """A turn in the server's words."""

    def __init__(self, turn: Turn, body: Mapping[str, Any], flavour: Flavour) -> None:
        self._turn, self._body, self._flavour = turn, body, flavour
        text = turn.text
        self._pieces = re.findall(r"\s*\S+\s*$|\s*\S+|\s+", text) if isinstance(text, str) else list(text)
        self._thoughts = re.findall(r"\s*\S+", turn.thinking)
        self._finish = turn.finish or ("tool_calls" if turn.calls else "stop")

    def whole(self) -> dict[str, Any]:
        """The reply in one piece."""
        message: dict[str, Any] = {"role": "assistant", "content": "".join(self._pieces) or None}
        if self._thoughts:
            message[self._turn.thinking_field] = "".join(self._thoughts)
        if self._turn.calls:
            message["tool_calls"] = [
                {key: value for key, value in call.items() if key != "index"} for call in self._calls()
            ]
        choice = {"index": 0, "message": message, "finish_reason": self._finish, "logprobs": None}
        return {**self._head("chat.completion"), "choices": [choice], **self._ending()}

    def events(self) -> Iterator[Part]:
        """The reply as a stream of events."""
        yield self._event({"role": "assistant", "content": None if self._flavour == "llama-server" else ""})
        yield from self._turn.before
        for delta in self._deltas():
            yield self._event(delta)
            if self._turn.pause:
                yield Wait(self._turn.pause)
        if self._turn.ends is not None:
            yield self._turn.ends
            if isinstance(self._turn.ends, Mishap):
                return
        else:
            yield self._event({}, self._finish)
            if ending := self._ending():
                yield event({**self._head("chat.completion.chunk"), "choices": [], **ending})
            yield b"data: [DONE]\n\n"

    def _deltas(self) -> Iterator[dict[str, Any]]:
        for thought in self._thoughts:
            yield {self._turn.thinking_field: thought}
        for piece in self._pieces:
            yield {"content": piece}
        for call in self._calls():
            arguments = call["function"]["arguments"]
            yield {"tool_calls": [{**call, "function": {**call["function"], "arguments": ""}}]}
            for start in range(0, len(arguments), 5):
                part = {"index": call["index"], "function": {"arguments": arguments[start : start + 5]}}
                yield {"tool_calls": [part]}

    def _calls(self) -> Iterator[dict[str, Any]]:
        for index, (name, arguments, *given) in enumerate(self._turn.calls):
            call_id = given[0] if given else f"chatcmpl-tool-{index}"
            call = {"index": index, "type": "function", "function": {"name": name, "arguments": arguments}}
            yield call if call_id is None else {"id": call_id, **call}

    def _event(self, delta: Mapping[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return event({**self._head("chat.completion.chunk"), "choices": [choice]})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": self._body["model"]}

    def _ending(self) -> dict[str, Any]:
        if not self._turn.usage:
            return {}
        prompt = _tokens(self._body) if self._turn.prompt_tokens is None else self._turn.prompt_tokens
        made = max(1, len(self._pieces) + len(self._thoughts) + 2 * len(self._turn.calls))
        usage: dict[str, Any] = {"prompt_tokens": prompt, "completion_tokens": made, "total_tokens": prompt + made}
        if self._turn.cached is not None:
            usage["prompt_tokens_details"] = {"cached_tokens": self._turn.cached}
        if self._flavour != "llama-server":
            return {"usage": usage}
        timings = {"cache_n": self._turn.cached or 0, "prompt_n": prompt, "prompt_ms": 12.5, "predicted_n": made}
        return {"usage": usage, "timings": {**timings, "predicted_per_token_ms": 2.5}}


def refusal(status: int, message: str, headers: Mapping[str, str] | None = None, **details: Any) -> Response:
    """An error as these servers state it: {"error": {"message": ..., "type": ..., "code": ...}}."""
    error = {"message": message, "type": "invalid_request_error", "code": status, **details}
    return Response.json({"error": error}, status, headers=headers or {})


def event(value: Any) -> bytes:
    """A server-sent event."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def instance_of(schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> Any:
    """The simplest value that a JSON Schema allows, for the schemas that tests use."""
    root = schema if root is None else root
    if "$ref" in schema:
        return instance_of(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return instance_of(schema[key][0], root)
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: instance_of(part, root) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [instance_of(schema["items"], root)] * schema.get("minItems", 1)
    return {"string": "x", "integer": 1, "number": 1.0, "boolean": True, "null": None}[kind]


def _prompt(body: Mapping[str, Any]) -> str:
    said = [f"<{message['role']}> {message.get('content') or ''} </>" for message in body["messages"]]
    tools = [f"<tool> {json.dumps(tool)} </>" for tool in body.get("tools", [])]
    return " ".join([*tools, *said, "<assistant>"])


def _tokens(body: Mapping[str, Any]) -> int:
    return len(_prompt(body).split())
