"""What was found out about models is kept, and nothing that is kept can do harm."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.models.chat import Capabilities
from gleanery.models.profiles import VERSION, ProfileCache

WHOLE = Capabilities(True, "enforced", True, False, None, True, 4, 8192)
MODEL = ("ollama/qwen3:4b", "sha256:abc", "ollama 0.32.5")


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.exists() else []


def test_another_process_finds_it(tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "models"
    assert ProfileCache(folder).get(*MODEL) is None
    ProfileCache(folder).put(*MODEL, WHOLE)
    assert ProfileCache(folder).get(*MODEL) == WHOLE
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    (file,) = files(folder)
    kept = json.loads(file.read_text())
    assert (kept["version"], kept["model"], kept["digest"], kept["server"]) == (VERSION, *MODEL)


@pytest.mark.parametrize("part", [0, 1, 2])
def test_another_model_digest_or_server_is_another_matter(tmp_path: Path, part: int) -> None:
    cache = ProfileCache(tmp_path)
    cache.put(*MODEL, WHOLE)
    other = [*MODEL]
    other[part] += "x"
    assert cache.get(other[0], other[1], other[2]) is None
    assert ProfileCache(tmp_path).get(other[0], other[1], other[2]) is None


def test_parts_are_not_confused(tmp_path: Path) -> None:
    cache = ProfileCache(tmp_path)
    cache.put("a", "bc", "d", WHOLE)
    assert cache.get("ab", "c", "d") is None


@pytest.mark.parametrize(
    ("digest", "found"), [(None, WHOLE), ("sha256:abc", Capabilities(tools=True))], ids=["no digest", "not all"]
)
def test_what_may_change_is_kept_for_this_process_only(tmp_path: Path, digest: str | None, found: Capabilities) -> None:
    cache = ProfileCache(tmp_path)
    cache.put("openai/x", digest, "", found)
    assert cache.get("openai/x", digest, "") == found
    assert ProfileCache(tmp_path).get("openai/x", digest, "") is None
    assert files(tmp_path) == []


def test_without_a_folder_nothing_is_written() -> None:
    cache = ProfileCache(None)
    cache.put(*MODEL, WHOLE)
    assert cache.get(*MODEL) == WHOLE
    assert ProfileCache(None).get(*MODEL) is None


CORRUPT = [
    "",
    "{",
    "[]",
    "{}",
    "null",
    '"version"',
    json.dumps({"version": VERSION}),
    json.dumps({"version": VERSION, "capabilities": []}),
    json.dumps({"version": VERSION, "capabilities": {"tools": True}}),
    json.dumps({"version": VERSION - 1, "capabilities": {}}),
]


@given(st.sampled_from(CORRUPT).map(str.encode) | st.binary(max_size=50))
def test_a_corrupt_file_is_written_anew(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.mktemp("cache")
    ProfileCache(folder).put(*MODEL, WHOLE)
    (file,) = files(folder)
    file.write_bytes(content)
    cache = ProfileCache(folder)
    assert cache.get(*MODEL) is None
    cache.put(*MODEL, WHOLE)
    assert ProfileCache(folder).get(*MODEL) == WHOLE
    assert files(folder) == [file]


def test_an_older_probe_does_not_count(tmp_path: Path) -> None:
    ProfileCache(tmp_path).put(*MODEL, WHOLE)
    (file,) = files(tmp_path)
    kept = json.loads(file.read_text())
    kept["version"] = VERSION - 1
    file.write_text(json.dumps(kept))
    assert ProfileCache(tmp_path).get(*MODEL) is None


def test_a_folder_that_cannot_be_written_costs_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = ProfileCache(tmp_path / "file")
    cache.put(*MODEL, WHOLE)
    assert cache.get(*MODEL) == WHOLE
