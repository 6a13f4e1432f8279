"""Vectors from llama.cpp's own server: in batches, and for texts that are longer than it takes."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers.chat_servers import awaited

from gleanery.models.endpoint import Endpoint
from gleanery.models.opening import Models
from gleanery.models.wire import recording

SERVER = """
import os, sys
from xllamacpp import CommonParams, Server, llama_pooling_type
params = CommonParams()
params.model.path, params.model_alias = sys.argv[1], {"tiny"}
params.n_ctx, params.n_parallel, params.n_batch, params.n_ubatch = 256, 1, 64, 64
params.embedding, params.pooling_type = True, llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
params.warmup, params.verbosity, params.offline, params.ui = False, 0, True, False
server = Server(params)
print("AT", server.listening_address, flush=True)
sys.stdin.read()
os._exit(0)
"""


@pytest.fixture
def endpoint(tiny_gguf: Path) -> Iterator[Endpoint]:
    command = [sys.executable, "-c", SERVER, str(tiny_gguf)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdin is not None and server.stdout is not None
        try:
            address = next(line.split()[1] for line in server.stdout if line.startswith("AT "))
            yield Endpoint("lab", "openai", f"{address}/v1", patience=1.0)
        finally:
            server.stdin.close()


@awaited
async def test_a_real_engine(endpoint: Endpoint) -> None:
    long = "many other words of all kinds " * 16
    async with Models({"lab": endpoint}) as models:
        embedder = await models.open_embedder("openai/tiny@lab")
        one, other, again = await embedder.embed(["bees", "wasps and hornets", "bees"])
        assert len(one) == len(other) == 64
        assert math.dist(one, again) < 0.01 < math.dist(one, other)
        with recording() as exchanges:
            (whole,) = await embedder.embed([long])
    assert len(whole) == 64
    assert exchanges[0].status == 500 and "too large" in exchanges[0].reply
    assert exchanges[-1].status == 200 and len(exchanges) > 2
