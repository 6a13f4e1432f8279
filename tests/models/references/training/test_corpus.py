"""Annotated rows become segments that hold just the values."""

import json

import pytest

from gleanery.models.references.training.corpus import read, segments


def row(raw: str, fields: dict, *parts: tuple[str, str]) -> dict:
    return {"source": "grobid-made-up", "raw": raw, "fields": fields, "segments": [list(part) for part in parts]}


def test_segments_concatenate_to_the_source_and_hold_bare_values():
    made = segments(
        row(
            "Doe, J. A title. Vol. 3, pp. 1-2.",
            {"author": ["Doe, J."], "title": "A title", "volume": "3", "pages": "1-2"},
            ("author", "Doe, J."), ("title", "A title."), ("volume", "Vol. 3,"), ("pages", "pp. 1-2."),
        )
    )  # fmt: skip
    assert "".join(text for _, text in made) == "Doe, J. A title. Vol. 3, pp. 1-2."
    labelled = [(label, text) for label, text in made if label]
    assert labelled == [("author", "Doe, J."), ("title", "A title"), ("volume", "3"), ("page", "1-2")]


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        ("2009;28(7-8):", [("date", "2009"), ("volume", "28"), ("issue", "7-8")]),
        ("87(12),", [("volume", "87"), ("issue", "12")]),
    ],
)
def test_a_compound_volume_is_taken_apart(printed, expected):
    made = segments(row(f"T {printed} 1", {"volume": printed.rstrip(":,")}, ("volume", printed)))
    assert [(label, text) for label, text in made if label] == expected


def test_a_periodical_number_holds_volume_date_and_issue():
    made = segments(
        row(
            "In Rivista, XXI, 1990, n. 3.",
            {"container_title": "Rivista", "volume_year": "XXI, 1990, n. 3"},
            ("container-title", "In Rivista,"),
            ("publicationnumber-year", "XXI, 1990, n. 3."),
        )
    )
    assert [pair for pair in made if pair[0]] == [
        ("container-title", "Rivista"), ("volume", "XXI"), ("date", "1990"), ("issue", "3")
    ]  # fmt: skip


def test_a_collaboration_is_the_author_where_there_is_no_other():
    name = "XY Collaboration"
    alone = row(f"{name}, 2001", {"collaboration": name}, ("orgName_collaboration", name))
    assert segments(alone)[0] == ("author", "XY Collaboration")


def test_a_file_is_read_line_by_line(tmp_path):
    file = tmp_path / "train.jsonl"
    file.write_text(json.dumps(row("A title", {"title": "A title"}, ("title", "A title"))) + "\n")
    assert list(read(file)) == [("grobid-made-up", [("title", "A title")])]
