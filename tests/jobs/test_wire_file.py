"""The wire record of a run beside its output: for whom it is, and found again."""

import json
import stat
from pathlib import Path

import pytest

from gleanery.errors import ExportError, UsageError
from gleanery.jobs.ledger.wire import WireWriter
from gleanery.jobs.wire_file import read_exchanges, wire_file_of, write_wire_file


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """What a job's wire record holds: a probe, and the exchanges of two records."""
    path = tmp_path / "wire" / "j-000000.wire"
    with WireWriter(path) as writer:
        for record, said in ((None, ["probe"]), ("r-1", ["first"]), ("r-2", ["second", "third"])):
            writer.append([(record, [json.dumps({"said": text}).encode() for text in said])])
    return path


def test_every_exchange_is_written_with_its_record(kept: Path, tmp_path: Path) -> None:
    write_wire_file(kept, tmp_path / "refs.bib")
    path = tmp_path / "refs.wire.jsonl"
    assert path == wire_file_of(tmp_path / "refs.bib")
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [(line["record"], line["said"]) for line in lines] == [
        (None, "probe"), ("r-1", "first"), ("r-2", "second"), ("r-2", "third"),
    ]  # fmt: skip
    assert [line["said"] for line in read_exchanges(path, "r-2")] == ["second", "third"]
    assert list(read_exchanges(path, "r-9")) == []


def test_only_its_owner_may_read_it(kept: Path, tmp_path: Path) -> None:
    path = tmp_path / "refs.wire.jsonl"
    path.write_text("of an older run")
    path.chmod(0o644)
    write_wire_file(kept, tmp_path / "refs.jsonl")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_where_nothing_was_said_an_older_record_goes(tmp_path: Path) -> None:
    path = tmp_path / "refs.wire.jsonl"
    path.write_text("of an older run")
    write_wire_file(tmp_path / "none.wire", tmp_path / "refs.jsonl")
    assert not path.exists()


def test_where_it_cannot_be_written(kept: Path, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="there is no folder"):
        write_wire_file(kept, tmp_path / "none" / "refs.jsonl")


def test_a_missing_record_says_how_it_comes_about(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="unless `wire` is off"):
        list(read_exchanges(tmp_path / "x.wire.jsonl", "r-1"))
