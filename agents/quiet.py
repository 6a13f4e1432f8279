"""Turns off what CrewAI would do unasked, before it is imported.

It reports to its makers, offers to share traces, asks the package index for newer versions, reads .env files, keeps
inputs and outputs under HOME, and locks through files in /tmp: none of that belongs into a tool that keeps data here.
"""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache

_SWITCHES = {
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_DISABLE_TRACKING": "true",
    "CREWAI_DISABLE_VERSION_CHECK": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "OTEL_SDK_DISABLED": "true",
    "PYTHON_DOTENV_DISABLED": "1",
}


@cache
def silence_crewai() -> None:
    """Set the switches, and import CrewAI: to be called before any other import of it, once a process."""
    os.environ |= _SWITCHES
    folder = tempfile.TemporaryDirectory(prefix="gleanery-crewai-")
    _folders.append(folder)
    os.environ["CREWAI_STORAGE_DIR"] = folder.name
    # CrewAI's first log line would install a handler that draws over whatever is on the terminal.
    logging.getLogger("crewai").addHandler(logging.NullHandler())
    logging.getLogger("crewai").propagate = False
    from crewai_core.lock_store import set_lock_backend

    # The default polls lock files in /tmp, or a Redis that happens to be in the environment.
    set_lock_backend(_locked)


_lock = threading.RLock()


@contextmanager
def _locked(*_: object, **__: object) -> Generator[None, None, None]:
    with _lock:
        yield


_folders: list[tempfile.TemporaryDirectory[str]] = []
