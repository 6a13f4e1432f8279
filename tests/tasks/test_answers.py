from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from gleanery.tasks.answers import AnswerReader, feedback, quotable
from gleanery.tasks.declarations import Task, load_task
from gleanery.tasks.records import Issue, Record
from gleanery.tasks.schemas import InvalidOutputError, load_schema

TODAY = date(2026, 1, 1)
SOURCE = "Smith, A. (1998). Soils of the north. Soil 12, 3-4."


def declared(tmp_path: Path, extra: str = "") -> Task:
    file = tmp_path / "task.yaml"
    file.write_text(
        f"name: papers\nsummary: Read papers.\nkind: extract\noutput: title?, authors? [str], year? int\n{extra}",
        encoding="utf-8",
    )
    return load_task(file)


def reader(task: Task) -> AnswerReader:
    return AnswerReader(task, load_schema(task), TODAY)


def record(text: str = SOURCE, **carried: object) -> Record:
    return Record("r-1", 1, text, carried)


def test_a_clean_answer(tmp_path: Path) -> None:
    answer = reader(declared(tmp_path)).read(
        {"title": "Soils of the north", "year": 1998, "authors": ["Smith"]}, record()
    )
    assert answer.output == {"title": "Soils of the north", "year": 1998, "authors": ["Smith"]}
    assert (answer.issues, answer.review) == ((), False)
    assert list(answer.spans) == ["title", "year", "authors.0"]


def test_an_invalid_answer_is_the_callers(tmp_path: Path) -> None:
    with pytest.raises(InvalidOutputError):
        reader(declared(tmp_path)).read({"titel": "Soils"}, record())


@pytest.mark.parametrize(
    ("grounding", "codes", "review"),
    [("none", [], False), ("warn", ["ungrounded"], False), ("require", ["ungrounded"], True)],
)
def test_what_is_not_printed(tmp_path: Path, grounding: str, codes: list[str], review: bool) -> None:
    task = declared(tmp_path, f"grounding: {grounding}\n")
    answer = reader(task).read({"title": "Soils of the north", "authors": ["Smyth"]}, record())
    assert ([issue.code for issue in answer.issues], answer.review) == (codes, review)
    assert list(answer.spans) == ["title"]
    for issue in answer.issues:
        assert issue.path == "authors.0"
        assert issue.message.startswith("'Smyth' does not stand in the input. Copy values exactly")


def test_what_is_printed_otherwise(tmp_path: Path) -> None:
    answer = reader(declared(tmp_path)).read({"title": "Soil of the north"}, record("Soils of the north"))
    assert [(issue.code, issue.path) for issue in answer.issues] == [("altered", "title")]
    assert "'Soil of the north' is not how the input has it: 'Soils of the north'." in answer.issues[0].message
    assert answer.review
    assert answer.spans["title"].match == "fuzzy"


def test_what_stands_in_a_column_that_the_prompt_shows(tmp_path: Path) -> None:
    shown = declared(tmp_path, 'prompt: "{{ source }} by {{ name }}"\n')
    carried = {"name": "Ann Jones", "other": "Paul"}
    assert reader(shown).read({"authors": ["Ann Jones"]}, record(**carried)).issues == ()
    assert reader(shown).read({"authors": ["Paul"]}, record(**carried)).review
    assert reader(declared(tmp_path)).read({"authors": ["Ann Jones"]}, record(**carried)).review


@pytest.mark.parametrize("value", [{}, {"title": None}, {"title": " ", "authors": []}, {"authors": [""]}])
def test_an_answer_with_nothing_in_it(tmp_path: Path, value: dict[str, object]) -> None:
    answer = reader(declared(tmp_path, "grounding: none\n")).read(value, record())
    assert ([issue.code for issue in answer.issues], answer.review) == (["empty-answer"], True)


def test_zero_is_not_nothing(tmp_path: Path) -> None:
    assert not reader(declared(tmp_path)).read({"year": 0}, record("0")).review


def test_references_keep_their_rules() -> None:
    task = load_task("bibliography")
    source = "Smith, A. (2098). Soils of the north. Soil 12, 34-30. ISBN 978-1-23-456789-0"
    value = {
        "type": "article-journal",
        "author": [{"family": "Smith", "given": "A.", "literal": None}],
        "issued": {"date-parts": [[2098]]},
        "title": "Soils of the north",
        "container-title": "Soil",
        "volume": None,
        "page": "34-30",
        "ISBN": "9781234567890",
    }
    for grounding in ("require", "none"):
        answer = reader(replace(task, grounding=grounding)).read(value, record(source))
        assert [issue.code for issue in answer.issues] == ["pages-reversed", "year-in-future", "isbn-check-digit"]
        assert answer.review
        assert "volume" not in answer.output
        assert answer.output["author"] == [{"family": "Smith", "given": "A."}]
        assert {"author", "author.0.family", "issued", "type"} <= answer.spans.keys()


def test_an_empty_reference() -> None:
    answer = reader(load_task("bibliography")).read({"title": None}, record("12"))
    assert [issue.code for issue in answer.issues] == ["empty-answer", "no-reference"]
    assert (answer.output, answer.spans, answer.review) == ({}, {}, True)


def test_an_invented_doi_is_reported() -> None:
    value = {"title": "Soils of the north", "DOI": "10.1000/182", "issued": {"date-parts": [[1999]]}}
    answer = reader(load_task("bibliography")).read(value, record())
    assert [(issue.code, issue.path) for issue in answer.issues] == [("ungrounded", "issued"), ("ungrounded", "DOI")]
    assert """'{"date-parts": [[1999]]}' does not stand""" in answer.issues[0].message


def test_the_answers_of_the_bibliography_examples_have_no_issue() -> None:
    task = load_task("bibliography")
    for example in task.read_examples():
        assert reader(task).read(example.output, record(example.input)).issues == ()


def test_feedback_tells_what_is_wrong_and_where() -> None:
    told = feedback(
        [Issue("ungrounded", "title", "'X' does not stand in the input."), Issue("empty-answer", None, "No.")]
    )
    assert told.splitlines()[1:3] == ["- title: 'X' does not stand in the input.", "- No."]
    assert "stays as it is, even where the print is wrong" in told
    many = feedback([Issue("ungrounded", f"x.{number}", "No.") for number in range(50)])
    assert "x.19" in many and "x.20" not in many and "and 30 more" in many


def test_long_values_are_shortened_in_messages(tmp_path: Path) -> None:
    answer = reader(declared(tmp_path)).read({"title": "zyx" * 100}, record())
    assert len(answer.issues[0].message) < 250


def test_a_language_is_nothing_that_a_grammar_can_quote() -> None:
    task = load_task("bibliography")
    schema = load_schema(task)
    assert "language" in schema.json_schema["properties"]
    assert "language" not in quotable(schema)["properties"]
    assert quotable(schema)["properties"].keys() == schema.json_schema["properties"].keys() - {"language"}
