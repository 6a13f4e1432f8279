from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from servers.tiny_gguf import write_tiny_gguf

from gleanery.models.gguf import sizing
from gleanery.models.gguf.metadata import read_metadata
from gleanery.models.gguf.sizing import cores, memory, too_big

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells a process its cores and memory")


@on_linux
def test_cores_are_those_of_the_affinity() -> None:
    code = "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
    code += "from gleanery.models.gguf.sizing import cores; print(cores())"
    assert subprocess.check_output([sys.executable, "-c", code]) == b"1\n"


@on_linux
@pytest.mark.parametrize(("quota", "seen"), [("max 100000", 8), ("250000 100000", 2), ("50000 100000", 1), ("", 8)])
def test_cores_are_no_more_than_a_container_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, seen: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    monkeypatch.setattr(sizing, "_CGROUP", tmp_path)
    (tmp_path / "cpu.max").write_text(quota)
    assert cores() == seen


@on_linux
def test_memory_is_no_more_than_a_container_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sizing, "_CGROUP", tmp_path)
    assert memory() > 2**20
    (tmp_path / "memory.max").write_text("1048576\n")
    assert memory() == 2**20


def test_a_model_that_does_not_fit_says_what_to_do(tmp_path: Path) -> None:
    metadata = read_metadata(write_tiny_gguf(tmp_path / "tiny.gguf"))
    assert too_big(metadata, context=2048, slots=4, available=2**30) is None
    assert "Take a smaller model" in (too_big(metadata, context=2048, slots=4, available=2**20) or "")
    why = too_big(metadata, context=2**20, slots=4, available=2**30) or ""
    assert "2.1 GB for 4 x 1048576 tokens" in why and "1.1 GB left" in why and "Lower `slots` or `context`" in why
