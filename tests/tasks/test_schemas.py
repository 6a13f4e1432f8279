from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.errors import DeclarationError, UsageError
from gleanery.tasks.declarations import load_task
from gleanery.tasks.schemas import Field, InvalidOutputError, Schema, load_schema, parse_one_line

TYPES = {"str": "string", "int": "integer", "float": "number", "bool": "boolean", "date": "string"}


def schema_of(folder: Path, output: str, **files: str) -> Schema:
    folder.mkdir(exist_ok=True)
    quoted = output.replace("'", "''")
    (folder / "task.yaml").write_text(f"name: x\nsummary: s\nkind: extract\noutput: '{quoted}'\n", encoding="utf-8")
    for name, content in files.items():
        (folder / name.replace("_", ".")).write_text(content, encoding="utf-8")
    return load_schema(load_task(folder))


def test_one_line() -> None:
    schema = parse_one_line("title, authors [str], year? int: when it came out, container-title")
    assert schema == {
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "authors": {"type": "array", "items": {"type": "string"}},
            "year": {"type": ["integer", "null"], "description": "when it came out"},
            "container-title": {"type": "string"},
        },
        "required": ["title", "authors", "container-title"],
        "additionalProperties": False,
    }


def test_lines_let_descriptions_hold_commas() -> None:
    schema = parse_one_line("title: as printed, in full\nyear int,\n\n")
    assert schema["properties"]["title"]["description"] == "as printed, in full"
    assert list(schema["properties"]) == ["title", "year"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("title, year itn", "At character 8 (`year itn`): there is no type `itn`. Did you mean `int`?"),
        ("title, year int?", "the `?` goes after the field's name"),
        ("title,, year", "At character 7: a field is missing"),
        ("title,", "a field is missing"),
        ("", "At character 1: a field is missing"),
        ("title, title int", "two fields `title`"),
        ("authors [strs]", "Did you mean `str`?"),
        ("authors [[str]]", "Did you mean `str`?"),
        ("a qqq", "The types are str, int"),
        ("models:Invoice", "written `schema:Name`"),
        ("1st", "starts with a letter"),
        ("title of the work", "a field is written"),
        ("a\nb itn", "At character 3 (`b itn`)"),
    ],
)
def test_wrong_one_lines_say_where_and_the_nearest_type(text: str, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_one_line(text)
    assert says in str(caught.value)


names = st.from_regex(r"[A-Za-z_é][A-Za-z0-9_é-]{0,8}", fullmatch=True)
descriptions = st.none() | st.from_regex(r"[a-z(][a-z :?\[\]()]{0,10}[a-z]", fullmatch=True)
fields = st.tuples(names, st.booleans(), st.sampled_from([*TYPES, None]), st.booleans(), descriptions)
spaces = st.sampled_from(["", " ", "  "])


@given(st.lists(fields, min_size=1, max_size=6, unique_by=lambda field: field[0]), spaces, st.sampled_from(",\n"))
def test_one_line_gives_back_what_was_written(
    written: list[tuple[str, bool, str | None, bool, str | None]], space: str, separator: str
) -> None:
    parts = []
    for name, optional, type_, listed, description in written:
        word = "" if type_ is None else f" [{space}{type_}{space}]" if listed else f" {type_}"
        parts.append(f"{name}{'?' * optional}{word}{f'{space}: {description}' if description else ''}")
    schema = parse_one_line(f"{space}{separator}{space}".join(parts))
    assert list(schema["properties"]) == [field[0] for field in written]
    assert schema["required"] == [field[0] for field in written if not field[1]]
    for name, optional, type_, listed, description in written:
        expected = "array" if listed and type_ else TYPES[type_ or "str"]
        assert schema["properties"][name]["type"] == ([expected, "null"] if optional else expected)
        assert schema["properties"][name].get("description") == description


@given(st.text(alphabet="ab ,:?[]\nintsr1.-", max_size=30) | st.text(max_size=30))
def test_any_text_is_a_schema_or_a_usage_error(text: str) -> None:
    try:
        assert parse_one_line(text)["properties"] is not None
    except UsageError as error:
        assert "At character" in str(error)


def test_one_line_schema_validates(tmp_path: Path) -> None:
    schema = schema_of(tmp_path, "title, year? int, on? date, tags [str]")
    good = {"title": "x", "year": None, "on": "2024-01-31", "tags": []}
    assert schema.validate(good) == good
    with pytest.raises(InvalidOutputError) as caught:
        schema.validate({"title": 5, "on": "May", "tags": ["a", 1]})
    assert [issue.path for issue in caught.value.issues] == ["on", "tags.1", "title"]
    assert {issue.code for issue in caught.value.issues} == {"schema-invalid"}
    assert "title: 5 is not of type 'string'" in str(caught.value)
    assert schema.fields() == [
        Field("title", "str", True, ""),
        Field("year", "int", False, ""),
        Field("on", "date", False, ""),
        Field("tags", "[str]", True, ""),
    ]


CLASS = """\
from __future__ import annotations
from pydantic import BaseModel, Field

class Person(BaseModel):
    family: str

class Paper(BaseModel):
    title: str = Field(alias="the-title", description="As printed")
    by: list[Person] = []
    year: int | None = None
"""


def test_pydantic_class(tmp_path: Path) -> None:
    before = list(sys.path)
    schema = schema_of(tmp_path, "schema:Paper", schema_py=CLASS)
    assert sys.path == before
    assert not (tmp_path / "__pycache__").exists()
    assert schema.model is not None and schema.model.__name__ == "Paper"
    value = {"the-title": "x", "by": [{"family": "A"}], "year": "1999"}
    assert schema.validate(value) == {"the-title": "x", "by": [{"family": "A"}], "year": 1999}
    assert schema.validate({"the-title": "x", "year": None}) == {"the-title": "x", "by": []}
    with pytest.raises(InvalidOutputError) as caught:
        schema.validate({"by": [{}]})
    assert [issue.path for issue in caught.value.issues] == ["the-title", "by.0.family"]
    assert [(field.name, field.type) for field in schema.fields()] == [
        ("the-title", "str"),
        ("by", "[Person]"),
        ("year", "int"),
    ]
    assert load_schema(load_task(tmp_path)).model is schema.model


def test_changed_schema_is_another_class_and_digest(tmp_path: Path) -> None:
    first = schema_of(tmp_path, "schema:Paper", schema_py=CLASS)
    second = schema_of(tmp_path, "schema:Paper", schema_py=CLASS.replace("year: int", "year: str"))
    assert first.digest != second.digest
    assert second.validate({"the-title": "x", "year": "c. 1900"})["year"] == "c. 1900"


@pytest.mark.parametrize(
    ("source", "line", "says"),
    [
        (CLASS.replace("Paper", "Papers"), None, "Did you mean `Papers`?"),
        ("Paper = 5\n", None, "is not a Pydantic class: `Paper`"),
        ("\n\nimport nothing_of_this_name\n", 3, "No module named 'nothing_of_this_name'"),
        ("x = 1\ny = 1 / 0\n", 2, "ZeroDivisionError"),
        ("x = 1\ny = = 2\n", 2, "SyntaxError"),
        ("raise SystemExit(3)\n", 1, "SystemExit"),
        ("import json\n\ndef f():\n    json.loads('{')\n\nf()\n", 4, "JSONDecodeError"),
        ("x = '\0'\n", None, "cannot be loaded"),
    ],
)
def test_wrong_schema_files_say_where(tmp_path: Path, source: str, line: int | None, says: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        schema_of(tmp_path, "schema:Paper", schema_py=source)
    assert (caught.value.file, caught.value.line) == (tmp_path / "schema.py", line)
    assert says in str(caught.value)


def test_a_schema_that_failed_can_be_mended(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError):
        schema_of(tmp_path, "schema:Paper", schema_py="1 / 0")
    assert not any(getattr(module, "__file__", None) == str(tmp_path / "schema.py") for module in sys.modules.values())
    assert schema_of(tmp_path, "schema:Paper", schema_py=CLASS).model is not None


def test_class_without_a_json_schema(tmp_path: Path) -> None:
    source = "from typing import *\nfrom pydantic import BaseModel\nclass Paper(BaseModel):\n    f: Callable\n"
    with pytest.raises(DeclarationError, match="has no JSON Schema"):
        schema_of(tmp_path, "schema:Paper", schema_py=source)


def test_json_schema_file(tmp_path: Path) -> None:
    text = """{"type": "object", "required": ["a"], "properties": {
        "a": {"anyOf": [{"$ref": "#/$defs/P"}, {"type": "null"}]},
        "b": {"type": "array", "items": {"type": "number"}}, "c": {}}, "$defs": {"P": {"type": "string"}}}"""
    schema = schema_of(tmp_path, "schema.json", schema_json=text)
    assert schema.validate({"a": "x"}) == {"a": "x"}
    with pytest.raises(InvalidOutputError, match="'a' is a required property"):
        schema.validate({})
    assert [field.type for field in schema.fields()] == ["P", "[float]", "any"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{\n"a" 1}', "schema.json:2: is not JSON"),
        ("[]", "an object"),
        ('{"properties": {"a": {"type": "strin"}}}', "`properties.a.type`: is not JSON Schema"),
    ],
)
def test_wrong_json_schemas(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(DeclarationError) as caught:
        schema_of(tmp_path, "schema.json", schema_json=text)
    assert says in str(caught.value)


def test_remote_references_are_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr("urllib.request.urlopen", fetch)
    schema = schema_of(tmp_path, "schema.json", schema_json='{"$ref": "https://example.org/schema.json"}')
    with pytest.raises(DeclarationError, match="leads nowhere"):
        schema.validate({})
