from pathlib import Path

import pytest

from gleanery.errors import UsageError
from gleanery.tasks.scoring.gold import Gold, read_gold


def test_reads_lines_in_order_up_to_the_limit(tmp_path: Path) -> None:
    file = tmp_path / "gold.jsonl"
    file.write_text('\ufeff{"raw": "a", "fields": {}}\n\n{"source": "grobid", "raw": "b", "fields": {"year": "1"}}\n{')
    assert read_gold(file, 2) == [Gold(1, "gold", "a", {}), Gold(3, "grobid", "b", {"year": "1"})]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{", "is not JSON"),
        ("[]", "is not an object"),
        ('{"fields": {}}', "`raw` is missing"),
        ('{"raw": "a"}', "`fields` is missing"),
        ('{"raw": "a", "fields": {}, "source": 1}', "`source` is not a string"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, says: str) -> None:
    file = tmp_path / "gold.jsonl"
    file.write_text('{"raw": "a", "fields": {}}\n' + line + "\n")
    with pytest.raises(UsageError, match=f"gold.jsonl:2: {says}"):
        read_gold(file)


@pytest.mark.parametrize(("content", "says"), [(b"", "has no references"), (b"\xff\xfe\xff", "cannot be read")])
def test_a_useless_file_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "gold.jsonl"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=says):
        read_gold(file)
