"""The tiny model that llama.cpp runs in tests."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF file of random weights, built once for all the processes that run tests."""
    pytest.importorskip("xllamacpp", reason="llama.cpp is not installed: pip install 'gleanery[gguf]'")
    from servers.tiny_gguf import write_tiny_gguf

    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    path = folder / "tiny.gguf"
    with (folder / "tiny.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.exists():
            write_tiny_gguf(path)
    return path
