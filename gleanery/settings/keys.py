"""Every key of gleanery.toml: what it must be, and what it is for. The checks and the JSON Schema are made from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gleanery.settings.kinds import Address, Amount, Choice, Folder, Kind, Text, Texts, Url


@dataclass(frozen=True, slots=True)
class Key:
    """A key with a value. `text` is what it is for, in a line."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table of keys and further tables. `refused` keys have a reason; `required` ones must be there in the end."""

    text: str
    parts: Mapping[str, Part]
    refused: Mapping[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tables:
    """Tables of the same keys under names of the user's own: [endpoints.NAME]."""

    text: str
    each: Table
    name: str = r"[A-Za-z0-9][\w.-]*"
    said: str = "letters, digits, `_`, `-` and `.`, and begins with one of the first two"


@dataclass(frozen=True, slots=True)
class Named:
    """Keys of one kind under names of the user's own: [tools.permissions]."""

    text: str
    each: Key
    name: str = r"[A-Za-z_]\w*"


Part = Key | Named | Table | Tables


_AUTO = {"auto": None}
_THINKING = {"off": False, "on": True, "auto": None}
_SECONDS = Amount(0, whole=False, more=True)

TOP: Mapping[str, Key] = {
    "default_model": Key(Address(), "the model that `default` stands for in a task"),
    "profile": Key(Text("the name of a [profiles.NAME]"), "the profile in force"),
    "home": Key(Folder(), "the folder of the ledger, in which jobs and their results are kept"),
    "wire": Key(Choice("full", "failures", "off"), "exchanges with models that are kept: all, of failed records, none"),
    "retries": Key(Amount(0, 2), "how often a model is told what is wrong with its answer, and asked again"),
    "shots": Key(Amount(0, words=_AUTO), "examples of the task that a prompt shows at most; auto: 4"),
    "max_tokens": Key(
        Amount(1, words=_AUTO), "the longest answer, in tokens, thinking included; auto: as the model has it"
    ),
    "temperature": Key(
        Amount(0, 2, words=_AUTO, whole=False), "0 takes the likeliest token, more varies; auto: the server's own"
    ),
    "top_p": Key(
        Amount(0, 1, words=_AUTO, whole=False, more=True), "draw from the likeliest tokens that have this share"
    ),
    "top_k": Key(Amount(1, words=_AUTO), "draw from so many of the likeliest tokens"),
    "min_p": Key(
        Amount(0, 1, words=_AUTO, whole=False), "draw from tokens that have this share of the likeliest one's chance"
    ),
    "seed": Key(Amount(0, words=_AUTO), "the seed of the drawing"),
    "thinking": Key(
        Amount(1, words=_THINKING), "whether a model that can think does: off, on, on with so many tokens, as it likes"
    ),
    "grammar": Key(Choice("auto", "off"), "keep answers to words of the source where an endpoint takes a grammar"),
    "context": Key(
        Amount(256, words=_AUTO), "tokens of the window that Ollama loads a model with; auto: as many as are needed"
    ),
}

ENDPOINT = Table(
    "A server of models.",
    {
        "kind": Key(Choice("ollama", "openai"), "what it speaks: Ollama's own API, or OpenAI's (vLLM, llama-server)"),
        "url": Key(Url(), "where it listens; an `openai` one with its /v1"),
        "api_key_env": Key(
            Text("the NAME of an environment variable, in capitals", "[A-Z_][A-Z0-9_]*", secret=True),
            "the environment variable that holds its API key",
        ),
        "in_flight": Key(Amount(1, words=_AUTO), "requests that it gets at once; auto: found out while running"),
        "timeout": Key(_SECONDS, "seconds for a whole call"),
        "stall": Key(_SECONDS, "seconds without a token until a call is given up"),
        "patience": Key(Amount(0, whole=False), "seconds to wait for a server that went away or is overloaded"),
        "keep_alive": Key(
            Text('a text like "5m", or "-1" for ever', r"-?\d+|(\d+(\.\d+)?(ms|s|m|h))+"),
            "how long Ollama keeps a model loaded",
        ),
    },
    refused={
        "api_key": "a key does not belong in a file that is copied and committed. Put it into an environment variable "
        'and write its name: api_key_env = "LAB_API_KEY".'
    },
    required=("kind", "url"),
)

GGUF = Table(
    "How llama.cpp runs GGUF files.",
    {
        "context": Key(Amount(256), "tokens of the window, for each slot"),
        "slots": Key(Amount(1), "requests that are worked on at once"),
        "threads": Key(Amount(1, words=_AUTO), "threads; auto: one for each core that this process may use"),
        "gpu_layers": Key(Amount(0, words=_AUTO), "layers put on the GPU; auto: as many as fit"),
        "timeout": Key(_SECONDS, "seconds for a whole call"),
        "stall": Key(_SECONDS, "seconds without a token until a call is given up"),
    },
)

MCP = Table(
    "An MCP server, whose tools agents name as NAME_tool.",
    {
        "command": Key(
            Texts('a list of texts, like ["python", "server.py"]', r"[^\x00]+", least=1),
            "its command, run in the folder of this file; it speaks MCP over its standard input and output",
        ),
        "permission": Key(
            Choice("allow", "ask", "deny"), "whether its tools are called at once, after you were asked, or never"
        ),
    },
    required=("command",),
)

TOOLS = Table(
    "What agents' tools may do.",
    {
        "workspace": Key(Folder(), "the folder whose files agents may list, read and, where they may, write"),
        "documents": Key(Folder(), "the folder whose files `search_documents` searches"),
        "embedder": Key(Address(), "the embedding model that searches by meaning; without one, by words"),
        "hosts": Key(
            Texts('a list of host names, like ["api.crossref.org"]', r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"),
            "the hosts that tools may reach",
        ),
        "crossref": Key(Url(), "where `crossref_lookup` asks"),
        "permissions": Named(
            "Which tools are called at once, after you were asked, or never, whatever they say of themselves.",
            Key(Choice("allow", "ask", "deny"), "allow, ask or deny"),
        ),
        "mcp": Tables(
            "Programs that give agents more tools, by names of your own.",
            MCP,
            r"[A-Za-z][A-Za-z0-9-]*",
            "letters, digits and `-`, and begins with a letter",
        ),
    },
)

_ENDPOINTS = Tables("Servers of models, by names of your own.", ENDPOINT)
_PROFILE = Table(
    "Settings that hold where the profile is in force.",
    {
        **{name: key for name, key in TOP.items() if name != "profile"},
        "endpoints": _ENDPOINTS,
        "gguf": GGUF,
        "tools": TOOLS,
    },
    refused={"profile": "a profile cannot put another in force."},
)
FILE = Table(
    "The settings of Gleanery: gleanery.toml, or [tool.gleanery] in pyproject.toml.",
    {
        **TOP,
        "endpoints": _ENDPOINTS,
        "gguf": GGUF,
        "tools": TOOLS,
        "profiles": Tables("Sets of settings that are put in force together, by `profile`.", _PROFILE),
    },
)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of gleanery.toml."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "gleanery.toml",
        "description": FILE.text,
        **_schema(FILE),
    }


def _schema(part: Part) -> dict[str, Any]:
    if isinstance(part, Key):
        return {"description": part.text, **part.kind.schema}
    if isinstance(part, Tables | Named):
        each = {"description": part.each.text, **_schema(part.each)}
        names = {"pattern": f"^{part.name}$"}
        return {"description": part.text, "type": "object", "propertyNames": names, "additionalProperties": each}
    properties = {name: _schema(below) for name, below in part.parts.items()}
    return {"type": "object", "properties": properties, "additionalProperties": False}
