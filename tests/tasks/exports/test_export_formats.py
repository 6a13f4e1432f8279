import json
import subprocess
import sys

import pytest
from export_cases import ARTICLE, export, failed, result

from gleanery.errors import UsageError
from gleanery.tasks.exports.formats import FORMATS, format_for


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a.jsonl", "jsonl"),
        ("a.NDJSON", "jsonl"),
        ("a.json", "csl-json"),
        ("a.bib", "bibtex"),
        ("a.ris", "ris"),
        ("a.csv", "csv"),
        ("a.tsv", "tsv"),
        ("-", "jsonl"),
        ("/dev/stdout", "jsonl"),
    ],
)
def test_the_extension_means_the_format(path, name):
    assert format_for(path).name == name


def test_an_explicit_format_wins_over_the_extension():
    assert format_for("a.txt", "RIS").name == "ris"


@pytest.mark.parametrize(
    ("path", "explicit", "said"),
    [
        ("out.jsnl", None, "`.jsnl`. Did you mean `.jsonl`?"),
        ("out", None, "no extension says"),
        ("out.json", "bibtx", "`bibtx`. Did you mean `bibtex`?"),
    ],
)
def test_an_unknown_format_is_refused_with_the_valid_ones(path, explicit, said):
    with pytest.raises(UsageError) as refused:
        format_for(path, explicit)
    assert said in str(refused.value)
    assert all(name in str(refused.value) for name in FORMATS)


def test_naming_the_formats_imports_no_exporter():
    code = (
        "import sys, gleanery.tasks.exports.formats; print([m for m in sys.modules if 'exports' in m or m == 'orjson'])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert "orjson" not in loaded
    assert not any(name in loaded for name in ("jsonl", "bibtex", "ris'", "csl_json", "table"))


@pytest.mark.parametrize("name", FORMATS)
def test_no_results_are_a_valid_file(name):
    written, left_out = export(name, [])
    assert left_out == 0
    assert {"csl-json": "[]\n", "csv": written, "tsv": written}.get(name, "") == written


def test_jsonl_has_every_result_as_it_is():
    results = [result(ARTICLE, carried={"shelf": 3}), failed(), result({"a": "line\nbreak \x00"}, "r-3")]
    written, left_out = export("jsonl", results)
    assert [json.loads(line) for line in written.splitlines()] == [each.as_json() for each in results]
    assert left_out == 0


def test_jsonl_survives_what_utf8_and_64_bits_cannot_say():
    written, _ = export(
        "jsonl", [result({"lone": "a\ud800b", "pair": "\ud83e\udd8a", "n": 2**70, "nan": float("nan")})]
    )
    assert json.loads(written)["output"] == {"lone": "a\ufffdb", "pair": "🦊", "n": 2**70, "nan": None}


def test_a_folder_is_no_format(tmp_path):
    with pytest.raises(UsageError, match=r"is a folder. Name a file in it, such as .*results\.jsonl"):
        format_for(tmp_path)
