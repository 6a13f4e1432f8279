"""A Dask scheduler and two workers on this machine that can be killed one by one, and whoever starts them again."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

_PAUSE = 0.2
"""Seconds before a dead process is started again, and between two looks."""


class Cluster:
    """The processes, started again whenever one of them ends, as a supervisor does it.

    Output goes to a log in `folder`; `environ` is their environment.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str], workers: int = 2) -> None:
        self._folder, self._environ = folder, environ
        self.address = f"tcp://127.0.0.1:{_free_port()}"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._names = ("scheduler", *(f"dask-worker-{n}" for n in range(1, workers + 1)))
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, daemon=True)

    def __enter__(self) -> Cluster:
        self._supervisor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._supervisor.join()
        for process in self._processes.values():
            process.kill()
            process.wait()

    @property
    def victims(self) -> tuple[str, ...]:
        """The names of what can be killed."""
        return self._names

    def kill(self, name: str) -> None:
        """Kill one of them with SIGKILL, as soon as it is there."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            with self._lock:
                process = self._processes.get(name)
                if process is not None and process.poll() is None:
                    process.kill()
                    return
            time.sleep(0.02)

    def _supervise(self) -> None:
        while not self._ended.is_set():
            for name in self._names:
                with self._lock:
                    process = self._processes.get(name)
                    if process is None or process.poll() is not None:
                        self._processes[name] = self._started(name)
            self._ended.wait(_PAUSE)

    def _started(self, name: str) -> subprocess.Popen[bytes]:
        host, _, port = self.address.removeprefix("tcp://").partition(":")
        words = (
            ("dask_scheduler", "--host", host, "--port", port)
            if name == "scheduler"
            else ("dask_worker", self.address, "--host", host, "--nthreads", "2", "--no-nanny", "--name", name)
        )
        with (self._folder / f"{name}.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.{words[0]}", *words[1:], "--no-dashboard"],
                env=dict(self._environ),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
