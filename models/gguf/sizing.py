"""What this machine has for a model: cores and memory, as far as this process may use them."""

from __future__ import annotations

import os
import re
from pathlib import Path

from gleanery.models.gguf.metadata import GgufMetadata

_CGROUP = Path("/sys/fs/cgroup")
_OVERHEAD = 256 * 2**20
"""Bytes for llama.cpp's own work beside weights, keys and values."""


def cores() -> int:
    """Cores that this process may use: its affinity, and what its container is limited to, rounded down."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _text(_CGROUP / "cpu.max").partition(" ")
    # llama.cpp's threads spin while they wait: more of them than cores are many times slower than fewer.
    return max(1, min(allowed, int(quota) // int(period))) if quota.isdigit() else allowed


def memory() -> int:
    """Bytes of memory that this process could get now, caches that would make room included."""
    if match := re.search(r"^MemAvailable:\s+(\d+) kB", _text(Path("/proc/meminfo")), re.MULTILINE):
        limit = _text(_CGROUP / "memory.max")
        return min(1024 * int(match[1]), int(limit) if limit.isdigit() else 2**63)
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def too_big(metadata: GgufMetadata, *, context: int, slots: int, available: int) -> str | None:
    """Why the model cannot be run without a GPU in so much memory, and what to do; None where it can.

    The estimate is a low one: what is refused would only have swapped, or been killed.
    """
    weights, windows = metadata.size, metadata.token_bytes * context * slots
    if weights + windows + _OVERHEAD <= available:
        return None
    needed = f"{_gb(weights)} for its weights and {_gb(windows)} for {slots} x {context} tokens of context"
    remedy = (
        "Take a smaller model or quantisation."
        if weights + _OVERHEAD > available
        else "Lower `slots` or `context` under [gguf]."
    )
    return f"it needs {needed}, and this machine has {_gb(available)} left. {remedy}"


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"


def _text(file: Path) -> str:
    try:
        return file.read_text("ascii").strip()
    except OSError:
        return ""
