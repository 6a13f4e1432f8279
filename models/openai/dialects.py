"""What OpenAI-compatible servers take beyond OpenAI's own fields, each in its own words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Dialect:
    """One server's words.

    `sampling` are its names for what OpenAI has no name for (`top_k`, `min_p`, `repeat_penalty`): what is not in it is
    not sent, since an unknown field may be refused. `grammar` are the keys under which a grammar stands; none: it takes
    none. `switches_thinking`: through `chat_template_kwargs`. `thinking_budget` is the field of that name, and `always`
    is sent with every request. `closes_streams`: it closes a connection after a streamed reply without having said so,
    and whatever is sent over it just then is lost. `larger_window` is the option that makes its window larger.
    """

    name: Literal["openai", "llama-server", "vllm"]
    server: str
    sampling: Mapping[str, str] = field(default_factory=dict)
    grammar: tuple[str, ...] = ()
    switches_thinking: bool = False
    thinking_budget: str | None = None
    always: Mapping[str, Any] = field(default_factory=dict)
    closes_streams: bool = False
    larger_window: str = "a larger context"


OPENAI = Dialect("openai", "")
"""Any other server: only what OpenAI's own API has."""

LLAMA_SERVER = Dialect(
    "llama-server",
    "llama-server",
    sampling={"top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repeat_penalty"},
    grammar=("grammar",),
    switches_thinking=True,
    thinking_budget="thinking_budget_tokens",
    always={"cache_prompt": True},
    closes_streams=True,
    larger_window="a larger `--ctx-size` (its slots share it)",
)

VLLM = Dialect(
    "vllm",
    "vllm",
    sampling={"top_k": "top_k", "min_p": "min_p", "repeat_penalty": "repetition_penalty"},
    grammar=("structured_outputs", "grammar"),
    # No budget: vLLM refuses one unless it was started with a reasoning configuration. The door keeps it by counting.
    switches_thinking=True,
    larger_window="a larger `--max-model-len`",
)

_BEFORE_STRUCTURED_OUTPUTS = 11


def llama_server(build: str) -> Dialect:
    """The words of that build of llama.cpp's server."""
    return replace(LLAMA_SERVER, server=f"llama-server {build}".strip())


def vllm(version: str) -> Dialect:
    """The words of that version of vLLM: before 0.11, a grammar had a field of its own, which 0.12 ignores."""
    release = re.match(r"0\.(\d+)\.\d", version)  # a build from source may say 0.1.dev1
    old = release is not None and int(release[1]) < _BEFORE_STRUCTURED_OUTPUTS
    return replace(VLLM, server=f"vllm {version}".strip(), grammar=("guided_grammar",) if old else VLLM.grammar)
