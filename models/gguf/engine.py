"""Starts and ends the process that a GGUF model runs in."""

from __future__ import annotations

import json
import os
import re
import secrets
import selectors
import signal
import subprocess
import sys
import threading
import weakref
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from subprocess import PIPE, Popen
from time import monotonic

from gleanery.errors import ModelError, StalledError
from gleanery.models.endpoint import GgufOptions
from gleanery.models.gguf.host import Hosted
from gleanery.models.gguf.metadata import GgufMetadata, read_metadata
from gleanery.models.gguf.sizing import cores

_HOST = ("-P", "-m", "gleanery.models.gguf.host")
"""-P: modules are not taken from the current folder."""

_LOG_LINES = 200
_TOLD_LINES = 3
_GLANCE_SECONDS = 0.1


class Engine:
    """A llama.cpp server in a process of its own, which ends with this one. Made by `Engine.start`.

    `url` is its address, without /v1; `api_key` what it asks for; `name` what it calls the model.
    """

    def __init__(self, child: _Child, name: str, url: str, api_key: str) -> None:
        self.name, self.url, self.api_key = name, url, api_key
        self._child = child
        self._finalizer = weakref.finalize(self, child.end)  # at the interpreter's exit, too

    @classmethod
    def start(cls, path: Path, options: GgufOptions, cancelled: threading.Event | None = None) -> Engine:
        """An engine that has loaded the model; waits for that. ModelError where it cannot.

        Whoever no longer wants it sets `cancelled`.
        """
        metadata = _usable(path)
        hosted = Hosted(
            path=str(path),
            name=path.name,
            api_key=secrets.token_urlsafe(32),
            parent=os.getpid(),
            context=min(options.context, metadata.window or options.context),
            slots=options.slots,
            threads=min(options.threads or cores(), cores()),
            gpu_layers=options.gpu_layers,
        )
        child = _Child()
        try:
            port = child.load(hosted, options.timeout, cancelled or threading.Event())
        except BaseException:
            child.end()
            raise
        return cls(child, hosted.name, f"http://127.0.0.1:{port}", hosted.api_key)

    @property
    def pid(self) -> int:
        """Its process."""
        return self._child.process.pid

    @property
    def alive(self) -> bool:
        """Whether its process still runs."""
        return self._child.process.poll() is None

    def death(self, wait: float = 0.0) -> str | None:
        """Of what it died, where it does within so many seconds; None: it lives."""
        try:
            self._child.process.wait(wait)
        except subprocess.TimeoutExpired:
            return None
        return self._child.fate()

    def stop(self) -> None:
        """End it, now. What it was answering breaks off."""
        self._finalizer()


def _usable(path: Path) -> GgufMetadata:
    if find_spec("xllamacpp") is None:
        raise ModelError(
            f'{path} needs llama.cpp, which is not installed: pip install "gleanery[gguf]". Or serve the file with '
            "Ollama or llama-server, and name it as ollama/NAME or openai/NAME@URL."
        )
    metadata = read_metadata(path)
    if metadata.chat_template is None:
        raise ModelError(
            f"{path} has no chat template, so nobody can tell how to talk to it. Take the model's instruct or chat "
            "version: base models only continue a text."
        )
    return metadata


class _Child:
    """The process, and the thread that starts it and reads its log until it ends.

    It must be the same thread: Linux tells a child that its parent died when the thread ends that started it.
    """

    def __init__(self) -> None:
        self._log: deque[str] = deque(maxlen=_LOG_LINES)
        started: Future[Popen[bytes]] = Future()
        self._thread = threading.Thread(target=self._run, args=(started,), name="gguf-engine", daemon=True)
        self._thread.start()
        self.process = started.result()

    def _run(self, started: Future[Popen[bytes]]) -> None:
        try:
            process = Popen([sys.executable, *_HOST], stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True)
        except OSError as error:
            started.set_exception(ModelError(f"No process can be started for a model: {error}."))
            return
        started.set_result(process)
        assert process.stderr is not None
        with process.stderr as log:
            for line in log:
                self._log.append(line.decode("utf-8", "replace").rstrip())

    def load(self, hosted: Hosted, timeout: float, cancelled: threading.Event) -> int:
        """The port of the server once it has loaded the model."""
        assert self.process.stdin is not None and self.process.stdout is not None
        with suppress(BrokenPipeError):  # it died: it has no answer then
            self.process.stdin.write(hosted.as_line())
            self.process.stdin.flush()
        with self.process.stdout as answers, selectors.DefaultSelector() as selector:
            selector.register(answers, selectors.EVENT_READ)
            deadline = monotonic() + timeout
            while not selector.select(_GLANCE_SECONDS):
                if cancelled.is_set() or monotonic() > deadline:
                    raise StalledError(
                        f"llama.cpp did not load {hosted.path} in {timeout:g} seconds. Raise `timeout` under [gguf]."
                    )
            line = answers.readline()
        if not line:
            self.process.wait()
            raise ModelError(f"llama.cpp could not load {hosted.path}: {self.fate()}")
        answer = json.loads(line)
        if "error" in answer:
            raise ModelError(f"llama.cpp cannot run {hosted.path}: {self._reason() or answer['error']}")
        return int(answer["port"])

    def fate(self) -> str:
        """How the process ended, and what it said last."""
        self._thread.join()
        code = self.process.returncode
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with status {code}"
        if code == -signal.SIGKILL:
            how += ", as systems do that run out of memory"
        last = " / ".join(list(self._log)[-_TOLD_LINES:])
        return f"its process {how}. {f'It last said: {last}' if last else 'It said nothing.'}"

    def end(self) -> None:
        """Kill the process; its pipes are closed."""
        self.process.kill()
        self.process.wait()
        self._thread.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def _reason(self) -> str | None:
        """Why a model was not loaded, in llama.cpp's words."""
        self.process.wait()
        self._thread.join()
        found = (re.search(r"error loading model: (.+)", line) for line in self._log)
        return next((f"{match[1]}." for match in found if match), None)
