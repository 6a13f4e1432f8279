"""Answers from a GGUF file by llama.cpp itself, on one thread, in a process of its own: requests in, replies out.

python llama_cpp.py MODEL < requests.jsonl > replies.jsonl
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def start(model: Path) -> Any:
    """The server, in this process."""
    from xllamacpp import CommonParams, Server

    params = CommonParams()
    params.model.path = str(model)
    params.n_ctx, params.n_parallel, params.cache_ram_mib, params.verbosity = 4096, 1, 0, 0
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.use_jinja, params.warmup = True, False
    return Server(params)


def ask(server: Any, request: dict[str, Any]) -> dict[str, Any]:
    """The reply to a chat request."""
    reply = server.handle_chat_completions(request)
    parsed: dict[str, Any] = json.loads(reply) if isinstance(reply, str | bytes) else reply
    return parsed


if __name__ == "__main__":
    running = start(Path(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps(ask(running, json.loads(line))), flush=True)
