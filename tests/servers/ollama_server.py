"""An Ollama for tests: its native API over real HTTP on loopback, with answers and mishaps as a test scripts them.

    with OllamaServer(script=["Hello.", busy(), Behaviour(pieces=["a", "b"], ending="stall")]) as server:
        endpoint = Endpoint("test", "ollama", server.url)

`script` says how chats are answered, one entry a chat (or one callable, given the chat's body): a text, a Behaviour,
or a Response. Without a script every chat is answered as a good model would: an instance of the schema where one is
given, a call of the first tool where there are tools, else "ok". `http_server` tells of `requests`, `aborted` and
`stop_listening`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from servers.http_server import ABORT, STALL, HttpRequest, HttpServer, Part, Response, Wait

CREATED = "2026-01-02T03:04:05.678901Z"
DEFAULT_CONTEXT = 4096
Ending = Literal["done", "stall", "abort", "torn", "none", "error"]


@dataclass(frozen=True)
class Behaviour:
    """How one chat is answered. Times are seconds, counts tokens.

    `text` is streamed in `pieces` (default: its words); None answers as a good model would. `ending` is what comes
    after them: "done", nothing more ("stall"), a cut connection ("abort"), half a line ("torn"), the end of the body
    without a last line ("none"), or a line with `error`. `prompt_tokens` None: the words of the messages; 0: left out
    of the reply, as Ollama does with a count of 0. `load` passes before the first byte, `pause` before each piece.
    """

    text: str | None = None
    pieces: Sequence[str] | None = None
    thinking: Sequence[str] = ()
    tool_calls: Sequence[tuple[str, Mapping[str, Any]]] = ()
    done_reason: str = "stop"
    ending: Ending = "done"
    error: str = "an error was encountered while running the model: CUDA error"
    prompt_tokens: int | None = None
    tokens: int | None = None
    load: float = 0.0
    pause: float = 0.0


@dataclass(frozen=True)
class FakeModel:
    """A model that the server has. `window`: its largest context in tokens; `capabilities` as /api/show lists them."""

    name: str
    window: int = 32768
    capabilities: Sequence[str] = ("completion", "tools")
    size: int = 2_497_293_931
    parameters: str = ""

    @property
    def digest(self) -> str:
        """Its SHA-256, which is its name's."""
        return hashlib.sha256(self.name.encode()).hexdigest()


Answer = str | Behaviour | Response
Script = Sequence[Answer] | Callable[[dict[str, Any]], Answer]
Embedding = Callable[[str], list[float] | Response]
"""The vector of a text, or what the server answers instead where one text is this."""


def lengths(text: str) -> list[float]:
    """A vector that tells how long a text is."""
    return [float(len(text)), 1.0]


def embedded(texts: Sequence[str], embedding: Embedding) -> list[list[float]] | Response:
    """The vectors of all texts, or the answer instead of them."""
    vectors: list[list[float]] = []
    for text in texts:
        vector = embedding(text)
        if isinstance(vector, Response):
            return vector
        vectors.append(vector)
    return vectors


def refusal(status: int, error: str, **headers: str) -> Response:
    """An error as Ollama says it."""
    return Response.json({"error": error}, status, headers={name.replace("_", "-"): v for name, v in headers.items()})


def busy(status: int = 503, after: float | None = None) -> Response:
    """The answer of a server that takes no more requests."""
    error = "server busy, please try again.  maximum pending requests exceeded"
    return refusal(status, error, **({} if after is None else {"retry_after": f"{after:g}"}))


class OllamaServer(HttpServer):
    """A scripted Ollama.

    `cuts`: it ignores `truncate`, as old ones do, and cuts a prompt that does not fit without a word.
    `largest_context`: it loads models with no more than that, whatever is asked. `loaded`: the contexts of the models
    in memory. `blobs`: uploaded files by digest. `pull_breaks`: how many times a pull's connection breaks on the way.
    """

    def __init__(
        self,
        script: Script | None = None,
        models: Sequence[str | FakeModel] = ("qwen3:4b",),
        *,
        version: str = "0.32.5",
        cuts: bool = False,
        largest_context: int | None = None,
        pull_breaks: int = 0,
        embedding: Embedding = lengths,
    ) -> None:
        super().__init__()
        self.embedding = embedding
        made = [FakeModel(model) if isinstance(model, str) else model for model in models]
        self.models = {_full(model.name): model for model in made}
        self.version, self.cuts, self.largest_context, self.pull_breaks = version, cuts, largest_context, pull_breaks
        self.loaded: dict[str, int] = {}
        self.blobs: dict[str, bytes] = {}
        self._pulled = 0
        self._script = script
        self._answers = iter(script) if isinstance(script, Sequence) else None

    @property
    def chats(self) -> list[dict[str, Any]]:
        """The bodies of the chats received."""
        return [request.json() for request in self.requests if request.path == "/api/chat"]

    def handle(self, request: HttpRequest) -> Response:
        """The reply of the endpoint that the request is for."""
        if request.path.startswith("/api/blobs/"):
            return self._blob(request)
        endpoints: dict[tuple[str, str], Callable[[dict[str, Any]], Response]] = {
            ("GET", "/api/version"): lambda _: Response.json({"version": self.version}),
            ("GET", "/api/tags"): lambda _: Response.json({"models": [_tag(m) for m in self.models.values()]}),
            ("GET", "/api/ps"): lambda _: Response.json({"models": [self._running(name) for name in self.loaded]}),
            ("POST", "/api/show"): self._known(self._show),
            ("POST", "/api/chat"): self._known(self._chat),
            ("POST", "/api/generate"): self._known(self._generate),
            ("POST", "/api/embed"): self._known(self._embed),
            ("POST", "/api/pull"): self._pull,
            ("POST", "/api/create"): self._create,
            ("POST", "/api/copy"): self._known(self._copy, "source"),
            ("DELETE", "/api/delete"): self._known(self._delete),
        }
        endpoint = endpoints.get((request.method, request.path))
        if endpoint is None:
            return Response(404, b"404 page not found", content_type="text/plain")
        return endpoint(request.json() if request.body else {})

    def _known(self, endpoint: Callable[[dict[str, Any]], Response], key: str = "model") -> Any:
        """The endpoint for models that are there; 404 for others."""

        def only_known(body: dict[str, Any]) -> Response:
            if _full(body.get(key, "")) not in self.models:
                return refusal(404, f"model '{body.get(key, '')}' not found")
            return endpoint(body)

        return only_known

    def _model(self, body: Mapping[str, Any]) -> FakeModel:
        return self.models[_full(body["model"])]

    def _load(self, model: FakeModel, asked: int | None) -> int:
        context = min(asked or DEFAULT_CONTEXT, model.window, self.largest_context or model.window)
        self.loaded[_full(model.name)] = context
        return context

    def _chat(self, body: dict[str, Any]) -> Response:
        model = self._model(body)
        for capability, wanted in (("tools", body.get("tools")), ("thinking", body.get("think"))):
            if wanted and capability not in model.capabilities:
                return refusal(400, f'"{model.name}" does not support {capability}')
        answer = self._next(body)
        if isinstance(answer, Response):
            return answer
        behaviour = Behaviour(answer) if isinstance(answer, str) else answer
        context = self._load(model, body.get("options", {}).get("num_ctx"))
        tokens = behaviour.prompt_tokens
        if tokens is None:
            tokens = sum(len(message["content"].split()) for message in body["messages"])
        if tokens > context:
            if body.get("truncate") is False and not self.cuts:
                return _too_long(tokens, context)
            tokens = context // 2 + 2
        return _reply(body, behaviour, tokens)

    def _next(self, body: dict[str, Any]) -> Answer:
        if callable(self._script):
            return self._script(body)
        if self._answers is None:
            return Behaviour()
        answer = next(self._answers, None)
        assert answer is not None, "the script is over"
        return answer

    def _show(self, body: dict[str, Any]) -> Response:
        model = self._model(body)
        return Response.json(
            {
                "modelfile": f"FROM {model.name}\n",
                "parameters": model.parameters,
                "template": "{{ .Prompt }}",
                "license": "Apache License 2.0",
                "details": _details(),
                "model_info": {"general.architecture": "qwen3", "qwen3.context_length": model.window},
                "capabilities": list(model.capabilities),
                "modified_at": CREATED,
            }
        )

    def _running(self, name: str) -> dict[str, Any]:
        model = self.models[name]
        memory = {"size": model.size, "size_vram": 0, "expires_at": CREATED, "context_length": self.loaded[name]}
        return {"name": name, "model": name, "digest": model.digest, "details": _details(), **memory}

    def _generate(self, body: dict[str, Any]) -> Response:
        assert not body.get("prompt"), "only loading and unloading"
        self.loaded.pop(_full(body["model"]), None)
        reply = {"model": body["model"], "created_at": CREATED, "response": "", "done": True, "done_reason": "unload"}
        return Response.json(reply)

    def _embed(self, body: dict[str, Any]) -> Response:
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        if body.get("truncate") is False and any(len(text.split()) > self._model(body).window for text in texts):
            return refusal(400, "the input length exceeds the context length")
        vectors = embedded(texts, self.embedding)
        return vectors if isinstance(vectors, Response) else Response.json({"embeddings": vectors})

    def _pull(self, body: dict[str, Any]) -> Response:
        total, name = 1000, body["model"]
        if "nowhere" in name:
            return Response(parts=[_line({"status": "pulling manifest"}), _line({"error": _NO_MANIFEST})])
        parts: list[Part] = [_line({"status": "pulling manifest"})]
        while self._pulled < total:
            self._pulled += 250
            parts.append(_line({"status": "pulling aaaa", "total": total, "completed": self._pulled}))
            if self.pull_breaks:
                self.pull_breaks -= 1
                return Response(parts=[*parts, ABORT])
        self._pulled = 0
        self.models[_full(name)] = FakeModel(name)
        return Response(parts=[*parts, _line({"status": "verifying sha256 digest"}), _line({"status": "success"})])

    def _create(self, body: dict[str, Any]) -> Response:
        files = {**body.get("files", {}), **body.get("adapters", {})}
        if missing := [name for name, digest in files.items() if digest not in self.blobs]:
            return refusal(400, f"invalid digest for {missing[0]}: file does not exist")
        self.models[_full(body["model"])] = FakeModel(body["model"])
        return Response(parts=[_line({"status": "creating new layer"}), _line({"status": "success"})])

    def _copy(self, body: dict[str, Any]) -> Response:
        self.models[_full(body["destination"])] = FakeModel(body["destination"])
        return Response()

    def _delete(self, body: dict[str, Any]) -> Response:
        del self.models[_full(body["model"])]
        return Response()

    def _blob(self, request: HttpRequest) -> Response:
        digest = request.path.rpartition("/")[2]
        if request.method == "HEAD":
            return Response(200 if digest in self.blobs else 404)
        if f"sha256:{hashlib.sha256(request.body).hexdigest()}" != digest:
            return refusal(400, "digest mismatch")
        self.blobs[digest] = request.body
        return Response(201)


_NO_MANIFEST = "pull model manifest: file does not exist"


def _reply(body: Mapping[str, Any], behaviour: Behaviour, prompt_tokens: int) -> Response:
    """The lines of a chat's answer, or all of it in one where no stream is asked for."""
    text, calls = behaviour.text, behaviour.tool_calls
    if text is None and behaviour.pieces is None and not calls and not behaviour.thinking:
        text, calls = _good(body)
    pieces = behaviour.pieces if behaviour.pieces is not None else _words(text or "")
    messages: list[dict[str, Any]] = [{"content": "", "thinking": thought} for thought in behaviour.thinking]
    messages += [{"content": piece} for piece in pieces]
    if calls:
        named = [{"function": {"name": name, "arguments": dict(arguments)}} for name, arguments in calls]
        messages.append({"content": "", "tool_calls": named})
    tokens = len(messages) if behaviour.tokens is None else behaviour.tokens
    done = _done(behaviour, prompt_tokens, tokens)
    model = body["model"]
    if body.get("stream") is False:
        whole: dict[str, Any] = {"content": "".join(pieces)}
        for key in ("thinking", "tool_calls"):
            if found := [message[key] for message in messages if key in message]:
                whole[key] = "".join(found) if key == "thinking" else found[0]
        parts = _ended([], _part(model, whole, **done), behaviour)
    else:
        lines = [_part(model, message, done=False) for message in messages]
        paced = [part for line in lines for part in ([Wait(behaviour.pause), line] if behaviour.pause else [line])]
        parts = _ended(paced, _part(model, {"content": ""}, **done), behaviour)
    return Response(parts=parts, content_type="application/x-ndjson", delay=behaviour.load)


def _ended(parts: list[Part], last: bytes, behaviour: Behaviour) -> list[Part]:
    endings: dict[Ending, list[Part]] = {
        "done": [last],
        "stall": [STALL],
        "abort": [ABORT],
        "torn": [last[: len(last) // 2] + b"\n"],
        "none": [],
        "error": [_line({"error": behaviour.error})],
    }
    return [*parts, *endings[behaviour.ending]]


def _done(behaviour: Behaviour, prompt_tokens: int, tokens: int) -> dict[str, Any]:
    counts = {"prompt_eval_count": prompt_tokens, "eval_count": tokens}
    load = int(behaviour.load * 1e9) + 1_000_000
    return {
        "done": True,
        "done_reason": behaviour.done_reason,
        "total_duration": load + 20_000_000 + 5_000_000 * tokens,
        "load_duration": load,
        "prompt_eval_duration": 20_000_000,
        "eval_duration": 5_000_000 * tokens,
        **{name: count for name, count in counts.items() if count},
    }


def _part(model: str, message: Mapping[str, Any], **rest: Any) -> bytes:
    return _line({"model": model, "created_at": CREATED, "message": {"role": "assistant", **message}, **rest})


def _line(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode() + b"\n"


def _words(text: str) -> list[str]:
    return [word + " " for word in text.split(" ")[:-1]] + [text.split(" ")[-1]] if text else []


def _too_long(tokens: int, context: int) -> Response:
    """A prompt that does not fit, as a runner says it: JSON within JSON."""
    message = f"request ({tokens} tokens) exceeds the available context size ({context} tokens), try increasing it"
    error = {"code": 400, "message": message, "type": "exceed_context_size_error"}
    return refusal(400, json.dumps({"error": error}))


def _good(body: Mapping[str, Any]) -> tuple[str, list[tuple[str, Any]]]:
    """What a good model answers: text and calls."""
    answered = any(message["role"] == "tool" for message in body["messages"])
    if isinstance(body.get("format"), dict):
        return json.dumps(instance(body["format"], body["format"])), []
    if body.get("tools") and not answered:
        function = body["tools"][0]["function"]
        return "", [(function["name"], instance(function["parameters"], function["parameters"]))]
    return "ok", []


def instance(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """A small value that fits a JSON Schema."""
    if "$ref" in schema:
        return instance(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return instance(schema[key][0], root)
    kind = schema.get("type", "object")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        return {name: instance(value, root) for name, value in schema.get("properties", {}).items()}
    if kind == "array":
        return [instance(schema["items"], root)] * max(1, schema.get("minItems", 1)) if "items" in schema else []
    least = schema.get("minimum", 1)
    return {"string": "text", "integer": least, "number": least, "boolean": True, "null": None}[kind]


def _tag(model: FakeModel) -> dict[str, Any]:
    name = _full(model.name)
    about = {"size": model.size, "digest": model.digest, "modified_at": CREATED, "details": _details()}
    return {"name": name, "model": name, **about}


def _details() -> dict[str, Any]:
    return {
        "parent_model": "",
        "format": "gguf",
        "family": "qwen3",
        "families": ["qwen3"],
        "parameter_size": "4.0B",
        "quantization_level": "Q4_K_M",
    }


def _full(name: str) -> str:
    return name if ":" in name else f"{name}:latest"
