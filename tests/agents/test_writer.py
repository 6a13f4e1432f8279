"""A chat model that writes: what it is sent, what is checked, and how it is told to write again."""

import asyncio
import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gleanery.agents.extractor import ChatOptions
from gleanery.agents.writer import Writer, Writers
from gleanery.errors import EndpointError, StalledError
from gleanery.models.chat import Capabilities, Reply, Request, Sampling, Timing
from gleanery.models.scripted import Answer, ScriptedModel
from gleanery.tasks.declarations import Task, load_task
from gleanery.tasks.matrix import matrix_of
from gleanery.tasks.records import Record, Result
from gleanery.tasks.schemas import load_schema

GOOD = {"lines": ["Small blue gopher digs", "tunnels between waiting tasks", "one word through the dark"]}
LONG = {"lines": ["Small blue gopher is digging", *GOOD["lines"][1:]]}
TEXT = """\
name: notes
summary: Write notes.
kind: generate
output: text
temperature: 0.5
prompts:
  - Write a note on tea.
  - Write a note on {{ source }}, for {{ reader }}.
checks:
  - length: {max_words: 4}
"""
CELL = {"prompt": 1, "model": "scripted/model", "seed": 7, "sample": 1}


@pytest.fixture
def notes(tmp_path: Path) -> Task:
    (tmp_path / "task.yaml").write_text(TEXT)
    return load_task(tmp_path)


def write(
    task: Task,
    replies: Iterable[Answer] | Callable[[Request], Answer],
    record: Record,
    *,
    retries: int = 1,
    can: Capabilities | None = None,
    **options: Any,
) -> tuple[Result, list[Request]]:
    """The Result of one record with these replies, and what was asked."""
    model = ScriptedModel(replies, capabilities=can or Capabilities(schema="enforced"))
    writer = Writer(
        task,
        load_schema(task),
        model,
        today=date(2026, 11, 21),
        retries=retries,
        shots=0,
        options=ChatOptions(**options),
    )
    return asyncio.run(writer(record)), model.requests


def a_record(text: str = "coffee", **carried: Any) -> Record:
    return Record("g-1", 1, text, carried)


def test_a_haiku_has_its_syllables_counted() -> None:
    result, [request] = write(load_task("haiku"), [json.dumps(GOOD)], a_record(**CELL))
    assert (result.status, result.issues, result.attempts) == ("ok", (), 1)
    assert result.output == {**GOOD, "syllables": [5, 7, 5]}
    assert result.carried == CELL and result.model == "scripted/model"
    assert request.schema is not None and "syllables" not in request.schema["properties"]
    assert request.messages[-1].content.startswith("Write one haiku about goroutines")


def test_the_seed_of_the_cell_and_the_temperature_of_the_task_are_sent() -> None:
    sampling = Sampling(0.0, top_k=40, seed=1)
    _, [request] = write(load_task("haiku"), [json.dumps(GOOD)], a_record(**CELL), sampling=sampling)
    assert request.sampling == Sampling(0.9, top_k=40, seed=7)


def test_without_a_cell_it_is_the_first_prompt_and_the_seed_of_the_settings(notes: Task) -> None:
    _, [request] = write(notes, ["Tea is hot."], a_record(), sampling=Sampling(seed=3))
    assert request.sampling == Sampling(0.5, seed=3)
    assert request.messages[-1].content == "Write a note on tea."


def test_the_same_record_is_asked_the_same(notes: Task) -> None:
    asked = [write(notes, ["Tea."], a_record(**CELL))[1] for _ in range(2)]
    assert asked[0] == asked[1]
    [other] = write(notes, ["Tea."], a_record(**{**CELL, "seed": 8}))[1]
    assert other != asked[0][0]


def test_the_prompt_of_the_cell_is_filled_with_columns(notes: Task) -> None:
    record = a_record(**{**CELL, "prompt": 2}, reader="{{ source }} drinkers")
    result, [request] = write(notes, [" Coffee.\n"], record)
    assert request.messages[-1].content == "Write a note on coffee, for {{ source }} drinkers."
    assert "{" not in request.messages[0].content and "nothing else" in request.messages[0].content
    assert (result.output, request.schema) == ("Coffee.", None)


def test_a_failed_check_is_told_and_mended() -> None:
    result, [first, second] = write(load_task("haiku"), [json.dumps(LONG), json.dumps(GOOD)], a_record(**CELL))
    assert (result.status, result.attempts, result.output["lines"]) == ("ok", 2, GOOD["lines"])
    assert second.messages[: len(first.messages)] == first.messages
    assert second.messages[-2].content == json.dumps(LONG)
    told = second.messages[-1].content
    assert "Line 1" in told and "7 syllables" in told and "take away 2 syllables" in told and "corrected JSON" in told
    assert second.sampling == first.sampling


@pytest.mark.parametrize("retries", [0, 1, 2])
def test_a_check_that_fails_to_the_end_wants_review(notes: Task, retries: int) -> None:
    result, requests = write(notes, lambda request: "far too many words here", a_record(**CELL), retries=retries)
    assert (result.status, result.error, len(requests)) == ("review", None, retries + 1)
    assert [(issue.code, issue.path) for issue in result.issues] == [("check-failed", None)]
    assert "5 words" in result.issues[0].message and result.output == "far too many words here"


def test_the_answer_with_the_fewest_faults_stands() -> None:
    worse = {"lines": ["Small blue gopher is digging", "tunnels", "one word"]}
    task = load_task("haiku")
    result, _ = write(replace(task), [json.dumps(GOOD | {"lines": LONG["lines"]}), "no JSON"], a_record(**CELL))
    assert (result.status, result.output["lines"]) == ("review", LONG["lines"])
    result, _ = write(task, [json.dumps(LONG), json.dumps(worse)], a_record(**CELL))
    assert len(result.issues) == 1


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_text_is_no_answer(notes: Task, text: str) -> None:
    result, requests = write(notes, lambda request: text, a_record(**CELL))
    assert (result.status, len(requests), result.issues[0].code) == ("failed", 2, "schema-invalid")


def test_an_answer_that_breaks_the_schema_fails() -> None:
    two = json.dumps({"lines": ["one", "two"]})
    result, requests = write(load_task("haiku"), lambda request: two, a_record(**CELL))
    assert (result.status, result.output, len(requests)) == ("failed", None, 2)
    assert result.issues[0].code == "schema-invalid" and "lines" in requests[1].messages[-1].content


def test_a_text_that_is_cut_off_fails_and_mishaps_do(notes: Task) -> None:
    cut = Reply("Tea", "length", "scripted/model", Timing(1.0))
    assert "cut off" in str(write(notes, [cut], a_record(**CELL))[0].error)
    assert write(notes, [StalledError("Nothing came.")], a_record(**CELL))[0].error == "Nothing came."
    with pytest.raises(EndpointError):
        write(notes, [EndpointError("Gone.")], a_record(**CELL))


def test_a_column_that_is_not_there_fails_the_record(notes: Task) -> None:
    result, requests = write(notes, ["x"], a_record(**{**CELL, "prompt": 2}))
    assert (result.status, requests) == ("failed", []) and "reader" in str(result.error)


def test_a_schema_that_thinking_breaks_is_asked_without_it() -> None:
    can = Capabilities(schema="enforced", thinking=True, thinking_breaks_schema=True)
    _, [request] = write(load_task("haiku"), [json.dumps(GOOD)], a_record(**CELL), can=can, thinking=True)
    assert request.thinking is False
    can = Capabilities(schema="refused")
    _, [request] = write(load_task("haiku"), [f"```json\n{json.dumps(GOOD)}\n```"], a_record(**CELL), can=can)
    assert request.schema is None


def test_examples_of_a_text_are_shown_as_text() -> None:
    task = load_task("summarize")
    model = ScriptedModel(["It is a text of five words."])
    asyncio.run(Writer(task, load_schema(task), model, today=date(2026, 1, 1))(a_record("A long text.")))
    roles = [(message.role, message.content[:13]) for message in model.requests[0].messages]
    assert roles == [
        ("system", "You summarise"),
        ("user", "The town libr"),
        ("assistant", "From 1 March "),
        ("user", "A long text."),
    ]


def test_grounding_holds_where_it_is_declared() -> None:
    task = load_task("keywords")
    answer = json.dumps({"keywords": ["bees", "pollen", "quarks"]})
    result, [_] = write(task, [answer], a_record("Bees carry pollen home."))
    assert result.status == "ok"
    assert [(issue.code, issue.path) for issue in result.issues] == [("ungrounded", "keywords.2")]


def test_a_label_must_be_one_of_the_column(notes: Task) -> None:
    task = load_task("classify")
    right, wrong = (json.dumps({"reason": "It asks.", "label": label}) for label in ("question", "query"))
    result, requests = write(task, [wrong, right], a_record("Where is it?", labels="question, complaint"))
    assert (result.status, result.output["label"]) == ("ok", "question")
    assert "'query' is not one of the labels: question, complaint" in requests[1].messages[-1].content
    assert "Labels: question, complaint" in requests[0].messages[-1].content


def test_each_record_is_written_by_the_model_of_its_cell(notes: Task) -> None:
    models = {name: ScriptedModel(lambda request: "Tea.", model=name) for name in ("a/1", "b/2")}
    notes = replace(notes, generation=replace(notes.generation, prompts=notes.generation.prompts[:1]))
    writers = Writers(
        {name: Writer(notes, load_schema(notes), model, today=date(2026, 1, 1)) for name, model in models.items()}
    )
    matrix = matrix_of(notes, ("a/1", "b/2"), seed=5, temperature=0.0)
    assert matrix is not None

    async def all_of() -> list[Result]:
        return [await writers(record) for record in matrix.records([Record("r-1", 1, "x"), Record("r-2", 2, "y")])]

    results = asyncio.run(all_of())
    assert [(result.id, result.model, result.carried["model"]) for result in results] == [
        ("r-1.1", "a/1", "a/1"),
        ("r-2.1", "a/1", "a/1"),
        ("r-1.2", "b/2", "b/2"),
        ("r-2.2", "b/2", "b/2"),
    ]
    assert [request.sampling.seed for request in models["b/2"].requests] == [5, 5]
    stranger = asyncio.run(writers(a_record(**{**CELL, "model": "c/3"})))
    assert stranger.status == "failed" and "`c/3`" in str(stranger.error)
    one = Writers({"a/1": writers.writers["a/1"]})
    assert asyncio.run(one(a_record(**{**CELL, "model": "c/3"}))).model == "a/1"
