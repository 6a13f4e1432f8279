"""The worker in the background: started when somebody needs it, asked how it is, told to stop."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gleanery.errors import WorkerError
from gleanery.jobs.lock import Holder, holder_of

LOG = "worker.log"
STATUS = "worker.json"
_START = 20.0
"""Seconds that a worker may take to start."""
_POLL = 0.02
_TAIL = 2000


def start_worker(home: Path, arguments: Sequence[str] = ()) -> tuple[Holder, bool]:
    """The process that works on the ledger in `home`, started where none does, and whether it was started now.

    `arguments` are those of `gleanery worker run`. It belongs to no terminal, and writes to worker.log.
    """
    holder = holder_of(home)
    if holder is not None:
        return holder, False
    descriptor = _open_log(home)
    began = os.fstat(descriptor).st_size
    with os.fdopen(descriptor, "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gleanery", "worker", "run", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=home,
            env={**os.environ, "GLEANERY_HOME": str(home)},
            start_new_session=True,
        )
    end = time.monotonic() + _START
    while time.monotonic() < end:
        holder = holder_of(home)
        if holder is not None and holder.pid != process.pid:  # that one was quicker, and ours ends by itself
            return holder, False
        if holder is not None and _said(home, holder):  # not before: what it finds may make it end at once
            process.returncode = 0  # it outlives us: nobody is to wait for it
            return holder, True
        if process.poll() is not None:
            break
        time.sleep(_POLL)
    raise WorkerError(f"The worker did not start. It says: {_tail(home / LOG, began)}")


def stop_worker(home: Path, patience: float) -> Holder | None:
    """Tell the worker to stop, and wait for its end: who it was, or None where none ran.

    WorkerError where it has not ended after `patience` seconds, or runs where it cannot be reached.
    """
    holder = holder_of(home)
    if holder is None:
        return None
    if not holder.here:
        raise WorkerError("The worker runs in another container, or on another system: stop it there.")
    os.kill(holder.pid, signal.SIGTERM)
    end = time.monotonic() + patience
    while time.monotonic() < end:
        now = holder_of(home)
        if now is None or now.pid != holder.pid:
            return holder
        time.sleep(_POLL)
    raise WorkerError(
        f"The worker (process {holder.pid}) has not ended after {patience:g} seconds. `kill -9 {holder.pid}` ends it "
        "at once: nothing that is committed is lost."
    )


def status_of(home: Path) -> dict[str, Any]:
    """How the worker is: whether it runs, its process, since when, and what it said of its load last."""
    holder = holder_of(home)
    if holder is None:
        return {"running": False}
    return {"running": True, **_said(home, holder), "pid": holder.pid, "began": holder.began}


def _open_log(home: Path) -> int:
    """The worker's log, to be appended to. WorkerError where it cannot be written."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(home / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise WorkerError(
            f"{home / LOG}, the worker's log, cannot be written: {error.strerror}. Make its folder writable, or choose "
            "another with GLEANERY_HOME."
        ) from error


def _said(home: Path, holder: Holder) -> dict[str, Any]:
    """What the worker wrote of its load; nothing where that is of another worker."""
    try:
        said: dict[str, Any] = json.loads((home / STATUS).read_bytes())
    except (OSError, ValueError):
        return {}
    return said if said.get("pid") == holder.pid else {}


def _tail(log: Path, began: int) -> str:
    """What was written to the log since."""
    with log.open("rb") as stream:
        stream.seek(began)
        return stream.read()[-_TAIL:].decode(errors="replace").strip() or f"nothing. See {log}."
