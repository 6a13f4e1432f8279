"""The wire record of a run in its file: what is kept, for whom, and found again."""

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gleanery.errors import ExportError, UsageError
from gleanery.jobs.wire_file import WireFile, read_exchanges, wire_file_of
from gleanery.tasks.records import Result


@dataclass(frozen=True)
class Said:
    text: str

    def as_json(self) -> dict[str, Any]:
        return {"purpose": "chat", "said": self.text}


def result(record: str, status: str, *said: str) -> Result:
    return Result(record, "input", {}, {}, {}, status, "m", exchanges=tuple(map(Said, said)))  # type: ignore[arg-type]


def written(path: Path, keep: str) -> list[str]:
    wire = WireFile(path, keep)  # type: ignore[arg-type]
    wire.note([Said("probe")])
    wire.write(result("r-1", "ok", "first"))
    wire.write(result("r-2", "failed", "second", "third"))
    wire.close()
    return path.read_text().splitlines() if path.exists() else []


def test_what_is_kept(tmp_path: Path) -> None:
    path = wire_file_of(tmp_path / "refs.bib")
    assert path.name == "refs.wire.jsonl"
    assert len(written(path, "full")) == 4
    assert [line["said"] for line in read_exchanges(path, "r-2")] == ["second", "third"]
    assert list(read_exchanges(path, "r-9")) == []
    assert [line.count("second") + line.count("third") for line in written(path, "failures")[1:]] == [1, 1]


def test_off_keeps_nothing(tmp_path: Path) -> None:
    assert written(tmp_path / "x.wire.jsonl", "off") == []


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "x.wire.jsonl"
    path.write_text("of an older run")
    path.chmod(0o644)
    assert len(written(path, "full")) == 4
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_an_older_record_stays_until_its_output_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "x.wire.jsonl"
    path.write_text("of an older run")
    wire = WireFile(path, "full")
    wire.close()
    assert path.exists()
    wire.settle()
    assert not path.exists()


def test_results_in_a_pipe_have_no_record() -> None:
    wire = WireFile(None, "full")
    wire.write(result("r-1", "ok", "said"))
    wire.settle()
    wire.close()


def test_where_it_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="cannot be written"):
        WireFile(tmp_path / "none" / "x.wire.jsonl", "full").write(result("r-1", "ok", "said"))


def test_a_missing_record_says_how_it_comes_about(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unless `wire` is off"):
        list(read_exchanges(tmp_path / "x.wire.jsonl", "r-1"))
