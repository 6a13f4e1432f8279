from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.errors import UsageError
from gleanery.tasks.conversation import Conversation
from gleanery.tasks.declarations import Task, load_task
from gleanery.tasks.examples import Example
from gleanery.tasks.one_line import parse_one_line
from gleanery.tasks.outline import outline
from gleanery.tasks.records import Record
from gleanery.tasks.schemas import Schema, load_schema

FIELDS = "title: as printed, authors? [str], year? int"


def task(prompt: str | None = None, **changes: str) -> Task:
    digest = "0" * 64
    folder = Path("/nowhere")
    return Task(
        name="papers",
        summary="Read papers.",
        kind="extract",
        output=FIELDS,
        agent=None,
        grounding=changes.get("grounding", "require"),  # type: ignore[arg-type]
        models=("default",),
        accept=0.9,
        prompt=prompt,
        examples=None,
        folder=folder,
        file=folder / "task.yaml",
        digest=digest,
    )


def conversation(prompt: str | None = None, examples: tuple[Example, ...] = (), **options: int) -> Conversation:
    declared = task(prompt)
    return Conversation(declared, load_schema(declared), examples, **options)


def record(text: str, **carried: object) -> Record:
    return Record("r-1", 1, text, carried)


def shots(*inputs: str) -> tuple[Example, ...]:
    return tuple(Example(text, {"title": text}, line) for line, text in enumerate(inputs, 1))


def test_what_stands_before_the_first_placeholders_line_is_the_system_turn() -> None:
    made = conversation("Read it.\nTwo rules.\n\nThe text: {{ source }}\nof {{ year }}, {{source}}")
    system, user = made.turns(record("ABC", year=1998))
    assert (system.role, user.role) == ("system", "user")
    assert system.text.startswith(
        "Read it.\nTwo rules.\n\nThe fields of the answer:\n- title (string, required): as printed"
    )
    assert "- authors (list of strings)\n- year (integer)\n" in system.text
    assert "Answer with one JSON object and nothing else" in system.text
    assert user.text == "The text: ABC\nof 1998, ABC"


def test_the_system_turn_is_the_same_for_every_record() -> None:
    made = conversation("Read.\n{{ source }}")
    assert made.turns(record("a"))[0] == made.turns(record("b"), "doubt")[0]


def test_without_a_prompt_there_is_one_all_the_same() -> None:
    system, user = conversation().turns(record("ABC"))
    assert system.text.startswith("Read papers.\n\nCopy values exactly")
    assert user.text == "ABC"
    free = task(grounding="none")
    assert "Copy" not in Conversation(free, load_schema(free), ()).turns(record("ABC"))[0].text


def test_a_prompt_without_a_placeholder_is_followed_by_the_source() -> None:
    system, user = conversation("Only titles.").turns(record("ABC"))
    assert system.text.startswith("Only titles.\n\n")
    assert user.text == "ABC"


@given(st.text(), st.text())
def test_values_go_in_verbatim(source: str, title: str) -> None:
    made = conversation("Read.\nA {{ source }} B {{ title }} C")
    assert made.turns(record(source, title=title))[-1].text == f"A {source} B {title} C"


@pytest.mark.parametrize(
    "source", ["{{ source }}", "{{x}}", "{% if %}", "{#1} #}", "title = {{Deep Learning}}", "{0}", "%s"]
)
def test_a_source_that_looks_like_a_template_is_left_alone(source: str) -> None:
    made = conversation("Read.\n{{ source }}|{{ note }}")
    assert made.turns(record(source, note=source))[-1].text == f"{source}|{source}"


def test_columns_that_are_no_texts_go_in_as_json() -> None:
    made = conversation("Read.\n{{ a }}|{{ b }}|{{ c }}")
    assert made.turns(record("x", a=None, b=[1, "é"], c=True))[-1].text == '|[1,"é"]|true'


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(
        UsageError, match=r"no column `titel`. Did you mean `title`\? The columns are `source`, `title`."
    ):
        conversation("Read.\n{{ titel }}").turns(record("x", title="y"))


def test_all_examples_in_their_order_where_they_are_few() -> None:
    turns = conversation("Read.\nText: {{ source }}", shots("one", "two")).turns(record("zwei"))
    assert [(turn.role, turn.text) for turn in turns[1:]] == [
        ("user", "Text: one"),
        ("assistant", '{"title":"one"}'),
        ("user", "Text: two"),
        ("assistant", '{"title":"two"}'),
        ("user", "Text: zwei"),
    ]


def test_the_most_similar_examples_where_they_are_many_the_best_last() -> None:
    examples = shots("Soil and water", "A treatise of metals", "Soil and watering", "Nothing")
    turns = conversation(None, examples, shots=2).turns(record("Soil and waters of Asia"))
    assert [turn.text for turn in turns[1::2]] == ["Soil and watering", "Soil and water", "Soil and waters of Asia"]
    assert conversation(None, examples, shots=0).turns(record("Soil"))[1:] == [("user", "Soil")]


def test_examples_equally_similar_come_in_their_order() -> None:
    turns = conversation(None, shots("abc", "abd", "abe", "abf"), shots=2).turns(record("zzzz"))
    assert [turn.text for turn in turns[1:-1:2]] == ["abd", "abc"]


def test_an_example_of_the_records_own_text_is_left_out() -> None:
    turns = conversation(None, shots("one", "two")).turns(record(" two\n"))
    assert [turn.text for turn in turns[1:]] == ["one", '{"title":"one"}', " two\n"]


def test_examples_have_no_columns() -> None:
    turns = conversation("Read.\n{{ source }} of {{ year }}", shots("one")).turns(record("two", year="1"))
    assert [turn.text for turn in turns[1:]] == ["one", '{"title":"one"}', "two of 1"]


def test_a_doubt_stands_after_the_source() -> None:
    *_, user = conversation("Read.\n{{ source }}").turns(record("ABC"), '{"title": "{{ source }}"}')
    assert user.text.startswith("ABC\n\n---")
    assert user.text.endswith('\n{"title": "{{ source }}"}')


def test_examples_are_compact_json_in_the_order_of_their_file() -> None:
    bibliography = load_task("bibliography")
    turns = Conversation(bibliography, load_schema(bibliography), shots=8).turns(record("x"))
    answers = [turn.text for turn in turns if turn.role == "assistant"]
    outputs = [example.output for example in bibliography.read_examples()]
    assert answers == [json.dumps(output, ensure_ascii=False, separators=(",", ":")) for output in outputs]


def test_the_bibliographys_system_turn_ends_its_rules_before_the_fields() -> None:
    bibliography = load_task("bibliography")
    system, *_, user = Conversation(bibliography, load_schema(bibliography)).turns(record("Darwin 1859."))
    assert "whatever it says.\n\nThe fields of the answer:\n- type (one of " in system.text
    assert "- editor (list of objects, with the fields of author): The editors" in system.text
    assert user.text == "Darwin 1859."


def test_outline_of_a_schema_with_all_there_is() -> None:
    schema = {
        "type": "object",
        "$defs": {
            "Node": {"type": "object", "properties": {"name": {"type": "string"}, "below": {"$ref": "#/$defs/Node"}}}
        },
        "properties": {
            "kind": {"enum": ["a", "b", None], "description": "What\n  it is."},
            "fixed": {"const": 3},
            "seen": {"anyOf": [{"type": "string", "format": "date"}, {"type": "null"}]},
            "rows": {"type": "array", "items": {"type": "array", "items": {"type": "integer"}}},
            "tree": {"$ref": "#/$defs/Node"},
            "what": {},
        },
        "required": ["kind", "seen"],
    }
    assert outline(schema).splitlines() == [
        '- kind (one of "a", "b", required): What it is.',
        "- fixed (3)",
        "- seen (date YYYY-MM-DD, required)",
        "- rows (list of lists of integers)",
        "- tree (object)",
        "  - name (string)",
        "  - below (object, with the fields of tree)",
        "- what (any value)",
    ]
    made = Conversation(task(), Schema(schema, None, lambda value: value), ())
    assert "is null, where it may be." in made.turns(record("x"))[0].text


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        (
            {"type": "array", "items": parse_one_line("title")},
            "The fields of each of its objects:\n- title (string, required)",
        ),
        ({"type": "array", "items": {"type": "string"}}, "Answer with one JSON array"),
        ({"type": "string"}, "Answer with one JSON value"),
    ],
)
def test_answers_that_are_no_objects(schema: dict[str, object], says: str) -> None:
    made = Conversation(task(), Schema(schema, None, lambda value: value), ())
    assert says in made.turns(record("x"))[0].text
