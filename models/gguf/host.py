"""The process that a GGUF model runs in: llama.cpp's own server, on a loopback port, for whoever has the key.

    python -m gleanery.models.gguf.host       (started by `gleanery.models.gguf.engine`, by nobody else)

The first line of its input is a JSON object: what `Hosted` holds. It answers with one line, {"port": ...} once
the model is loaded, or {"error": ...}, and ends when its input does: when its parent ended, however that came.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import sys
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from xllamacpp import CommonParams

_PR_SET_PDEATHSIG = 1
_ERRORS_ONLY = 1


@dataclass(frozen=True, slots=True)
class Hosted:
    """What shall be hosted: `context` tokens for each of `slots`; `parent` is the process whose end is this one's."""

    path: str
    name: str
    api_key: str
    parent: int
    context: int
    slots: int
    threads: int
    gpu_layers: int | None

    def as_line(self) -> bytes:
        """It as the line that the host reads."""
        return json.dumps(asdict(self)).encode() + b"\n"


def main() -> None:
    """Host a model until the input ends."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold gigabytes, and people's texts
    answers = _private_output()
    hosted = Hosted(**json.loads(sys.stdin.buffer.readline() or b"null") or _die())
    _die_with(hosted.parent)
    watch = threading.Thread(target=_await_end, daemon=True)
    watch.start()
    try:
        port, _server = _serve(hosted)
        _answer(answers, {"port": port})
    except Exception as error:
        _answer(answers, {"error": str(error)})
        _die()
    watch.join()


def _private_output() -> BinaryIO:
    """Standard output for the answer alone: what llama.cpp prints goes to the log with the rest."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _answer(answers: BinaryIO, answer: dict[str, Any]) -> None:
    with answers:
        answers.write(json.dumps(answer).encode() + b"\n")


def _die_with(parent: int) -> None:
    """Be killed when the parent ends, even in the midst of loading; elsewhere than on Linux the input's end must do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it ended before that
            _die()


def _await_end() -> None:
    while os.read(0, 4096):
        pass
    _die()


def _die() -> Any:
    # llama.cpp's threads may not let the interpreter end in good order, and there is nothing to save.
    os._exit(0)


def _serve(hosted: Hosted) -> tuple[int, object]:
    """The port, and the server, which lives as long as it is held."""
    from xllamacpp import Server, get_device_info, ggml_backend_dev_type

    from gleanery.models.gguf.metadata import read_metadata
    from gleanery.models.gguf.sizing import memory, too_big

    cpu = ggml_backend_dev_type.GGML_BACKEND_DEVICE_TYPE_CPU
    if hosted.gpu_layers == 0 or all(device["type"] == cpu for device in get_device_info()):
        metadata = read_metadata(Path(hosted.path))
        if why := too_big(metadata, context=hosted.context, slots=hosted.slots, available=memory()):
            raise MemoryError(why)
    server = Server(_params(hosted))
    return int(server.listening_address.rpartition(":")[2]), server


def _params(hosted: Hosted) -> CommonParams:
    from xllamacpp import CommonParams

    params = CommonParams()
    params.model.path = hosted.path
    params.model_alias = {hosted.name}
    params.api_keys = [hosted.api_key]
    params.n_ctx = hosted.context * hosted.slots
    params.n_parallel = hosted.slots
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = hosted.threads
    if hosted.gpu_layers is not None:
        params.n_gpu_layers = hosted.gpu_layers
        params.fit_params = False
    params.use_jinja = True
    params.warmup = False
    params.verbosity = _ERRORS_ONLY
    params.offline = True
    params.ui = False
    params.cors_origins = ""
    params.cache_ram_mib = 0  # 8 GB of old prompts by default, beside all that was reckoned with
    return params


if __name__ == "__main__":
    main()
