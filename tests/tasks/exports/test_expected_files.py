"""What each reference format writes for four plain references, whole, as a reader would see it."""

from pathlib import Path

import pytest
from export_cases import PLAIN, export, failed, result

EXPECTED = Path(__file__).parent / "expected"


@pytest.mark.parametrize(
    ("format", "name"), [("csl-json", "plain.json"), ("bibtex", "plain.bib"), ("ris", "plain.ris")]
)
def test_the_plain_references_are_written_as_ever(format, name):
    results = [result(output, f"r-{kind}") for kind, output in PLAIN.items()] + [failed(), result({}, "r-empty")]
    written, left_out = export(format, results)
    assert written == (EXPECTED / name).read_bytes().decode()
    assert left_out == 2
