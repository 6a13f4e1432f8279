"""The digest that pins a model's weights: SHA-256 over the whole file, as Hugging Face and `sha256sum` tell it.

Of a model in several files it is the one over all of them, one after the other. Nothing less than the whole is hashed,
so that it is the same with a cache and without; the cache only saves reading gigabytes again while a file is unchanged.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_CHUNK = 2**24


async def digest_of(files: Sequence[Path], cache: Path | None) -> str:
    """ "sha256:..." of the files; remembered in the folder `cache` for their paths, sizes and times of change."""
    kept = cache / "gguf" / f"{_stamp(files)}.digest" if cache else None
    if kept is not None:
        with suppress(OSError):
            return kept.read_text("ascii")
    digest = f"sha256:{await _hashed(files)}"
    if kept is not None:
        _keep(kept, digest)
    return digest


def _stamp(files: Sequence[Path]) -> str:
    """What is different when a file is."""
    stats = ((file.resolve(), file.stat()) for file in files)
    parts = [[str(path), stat.st_size, stat.st_mtime_ns] for path, stat in stats]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


async def _hashed(files: Sequence[Path]) -> str:
    """Chunk by chunk, so that whoever cancels it does not wait for gigabytes."""
    hashed = hashlib.sha256()
    for file in files:
        with file.open("rb") as source:
            while chunk := await asyncio.to_thread(source.read, _CHUNK):
                await asyncio.to_thread(hashed.update, chunk)
    return hashed.hexdigest()


def _keep(file: Path, digest: str) -> None:
    """Write it whole or not at all; a cache that cannot be written costs time, nothing else."""
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = file.with_suffix(f".{os.getpid()}")
        part.write_text(digest, "ascii")
        part.replace(file)
