from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from gleanery.models.gguf.digest import digest_of


def digest(files: Sequence[Path], cache: Path | None = None) -> str:
    return asyncio.run(digest_of(files, cache))


def sha256(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_it_is_the_sha256_of_the_whole_with_a_cache_and_without(tmp_path: Path) -> None:
    content = os.urandom(2**24 + 17)  # more than one chunk
    (tmp_path / "a").write_bytes(content)
    (tmp_path / "b").write_bytes(b"more")
    assert digest([tmp_path / "a"]) == digest([tmp_path / "a"], tmp_path / "cache") == sha256(content)
    assert digest([tmp_path / "a", tmp_path / "b"]) == sha256(content + b"more")


def test_a_file_is_read_again_only_when_it_changed(tmp_path: Path) -> None:
    file, cache = tmp_path / "model", tmp_path / "cache"
    file.write_bytes(b"one")
    os.utime(file, ns=(1, 1))
    assert digest([file], cache) == sha256(b"one")
    file.write_bytes(b"two")
    os.utime(file, ns=(1, 1))
    assert digest([file], cache) == sha256(b"one")  # by size and time of change it is the same
    os.utime(file, ns=(2, 2))
    assert digest([file], cache) == sha256(b"two")


def test_a_cache_that_cannot_be_written_costs_only_time(tmp_path: Path) -> None:
    file, cache = tmp_path / "model", tmp_path / "cache"
    file.write_bytes(b"one")
    cache.write_text("a file, where a folder should be")
    assert digest([file], cache) == digest([file], cache) == sha256(b"one")
