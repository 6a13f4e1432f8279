"""What a worker says of itself, for `gleanery worker status`: a small file, replaced as a whole."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Mapping
from pathlib import Path

import orjson

FILE = "worker.json"


def write_status(home: Path, load: Mapping[str, object]) -> None:
    """Replace the status; only the owner can read it."""
    path, new = home / FILE, home / f"{FILE}.new"
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor has no path
        file.write(orjson.dumps(dict(load)) + b"\n")
    new.replace(path)


def read_status(home: Path) -> dict[str, object] | None:
    """What the worker of a home said last; None where it never said anything."""
    try:
        status: dict[str, object] = orjson.loads((home / FILE).read_bytes())
    except (OSError, ValueError):
        return None
    return status


def memory() -> int:
    """Bytes of memory that this process has now; on macOS the most that it had."""
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[1])
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * 1024
    return pages * resource.getpagesize()
