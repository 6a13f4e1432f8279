import csv
import io

import pytest
from export_cases import ARTICLE, THESIS, export, failed, references, result, text
from hypothesis import given

from gleanery.tasks.exports.table import REFERENCE_COLUMNS
from gleanery.tasks.records import Issue


def rows(results, columns=(), format="csv"):
    written, left_out = export(format, results, columns)
    assert left_out == 0
    assert not written.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(written, newline=""), delimiter="\t" if format == "tsv" else ","))


def test_a_reference_is_a_flat_row():
    row, thesis = rows(
        [result(ARTICLE, issues=(Issue("doi", "DOI", "Bad, very"), Issue("x", None, "Odd"))), result(THESIS)]
    )
    assert row["authors"] == "van der Berg, Jan, Jr.; Müller, Änne"
    assert (row["id"], row["status"], row["confidence"], row["year"]) == ("r-1", "ok", "0.9", "2017")
    assert (row["accessed"], row["issues"], row["input"]) == ("2024-01-02", "doi (DOI): Bad, very; x: Odd", "text")
    assert thesis["year"] == "in press"


def test_a_failed_result_has_its_row():
    (row,) = rows([failed()])
    assert (row["status"], row["title"], row["issues"]) == ("failed", "", "schema: No answer")
    assert "valid JSON" in row["error"]


def test_any_tasks_keys_are_columns_and_nested_values_json():
    output = {"name": "Ann", "tags": ["a", "ü"], "old": True, "author": [{"family": "X"}], "none": None}
    (row,) = rows([result(output)], ("name", "tags", "old", "author", "none", "missing"), "tsv")
    assert list(row.values())[3:9] == ["Ann", '["a", "ü"]', "true", '[{"family": "X"}]', "", ""]


def test_carried_columns_of_the_first_result_come_first():
    first, second = (
        result(ARTICLE, carried={"shelf": "A", "title": "theirs"}),
        result(ARTICLE, carried={"late": 1, "shelf": "B"}),
    )
    both = rows([first, second])
    assert list(both[0])[:3] == ["shelf", "carried.title", "id"]
    assert [row["shelf"] for row in both] == ["A", "B"]
    assert (both[0]["carried.title"], both[0]["title"]) == ("theirs", ARTICLE["title"])
    assert "late" not in both[1]


@pytest.mark.parametrize("danger", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", " =1", "＝1"])
def test_what_a_spreadsheet_would_run_is_marked_as_text(danger):
    assert rows([result({"title": danger})])[0]["title"] == f"'{danger}"


@pytest.mark.parametrize("harmless", ["-5", "+3.2", "-1,000", "3=4", "'=1", "12%", "a@b"])
def test_numbers_and_other_text_stay_as_they_are(harmless):
    assert rows([result({"title": harmless})])[0]["title"] == harmless


@given(text)
def test_cells_keep_their_line_breaks_and_text(value):
    (row,) = rows([result({"x": value})], ("x",))
    kept = "".join(letter for letter in value if letter >= " " or letter in "\t\r\n").replace("\ud800", "\ufffd")
    assert row["x"].removeprefix("'") == kept.replace("\x7f", "").removeprefix("'")


@given(references)
def test_every_reference_has_a_row_of_its_own(reference):
    assert [row["id"] for row in rows([result(reference), result(ARTICLE, "r-2")])] == ["r-1", "r-2"]


def test_no_results_are_a_header():
    assert export("csv", [])[0].split(",")[3:5] == list(REFERENCE_COLUMNS[:2])
