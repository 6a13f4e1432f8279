"""A chat model at a task: every way an answer can go, and that nothing ever comes out of it but a Result."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date
from time import perf_counter
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gleanery.agents.extractor import ChatOptions, Extractor
from gleanery.agents.reading import read_json
from gleanery.errors import (
    ContextWindowError,
    EndpointError,
    ModelError,
    ModelNotFoundError,
    OverloadedError,
    ReplyError,
    StalledError,
)
from gleanery.models.chat import Capabilities, Reply, Request, Sampling, Timing, Usage
from gleanery.models.scripted import Answer, ScriptedModel
from gleanery.models.wire import recording
from gleanery.tasks.declarations import Grounding, load_task
from gleanery.tasks.records import Issue, Record, Result
from gleanery.tasks.schemas import InvalidOutputError, Schema, load_schema

TEXT = "Smith, J. (1999). Title of a book. London: Verso."
RECORD = Record("r-7", 7, TEXT, {"key": "smith99"})
OUTPUT = {
    "type": "book",
    "author": [{"family": "Smith", "given": "J."}],
    "title": "Title of a book",
    "issued": {"date-parts": [[1999]]},
    "publisher": "Verso",
    "publisher-place": "London",
}
GOOD = json.dumps(OUTPUT)
INVENTED = json.dumps({**OUTPUT, "container-title": "Journal of Invention"})
INVALID = json.dumps({**OUTPUT, "type": "novel"})
UNHELD = Capabilities(schema="accepted")
TASK = load_task("bibliography")
SCHEMA: Schema = load_schema(TASK)
TODAY = date(2026, 11, 20)


def extractor(model: ScriptedModel, *, task: Any = TASK, retries: int = 1, **options: Any) -> Extractor:
    return Extractor(task, SCHEMA, model, today=TODAY, retries=retries, shots=0, options=ChatOptions(**options))


def extract(
    replies: Iterable[Answer] | Callable[[Request], Answer],
    record: Record = RECORD,
    *,
    capabilities: Capabilities | None = None,
    before: Result | None = None,
    **how: Any,
) -> tuple[Result, list[Request]]:
    """The Result of one record with these replies, and what was asked."""
    model = ScriptedModel(replies, capabilities=capabilities or Capabilities(schema="enforced"))
    result = asyncio.run(extractor(model, **how)(record, before))
    return result, model.requests


def last(request: Request) -> str:
    """What the model was told last."""
    assert request.messages[-1].role == "user"
    return request.messages[-1].content


def codes(result: Result) -> list[str]:
    return [issue.code for issue in result.issues]


def test_a_good_answer_is_ok() -> None:
    result, [request] = extract([GOOD])
    assert (result.id, result.input, result.status, result.model) == ("r-7", TEXT, "ok", "scripted/model")
    assert (result.output, result.issues, result.error) == (OUTPUT, (), None)
    assert result.carried == {"key": "smith99"}
    assert TEXT[slice(*result.spans["title"][:2])] == "Title of a book"
    assert result.confidence == {}
    assert TEXT in last(request)


def test_what_it_cost_is_said() -> None:
    result, [request] = extract([GOOD])
    assert result.attempts == 1
    assert result.usage == {"prompt": _words(request), "completion": len(GOOD.split()), "cached": None}
    assert result.timing is not None and result.timing["total_ms"] is not None
    assert result.milliseconds is not None and result.milliseconds > 0
    [exchange] = result.exchanges
    assert json.loads(json.loads(exchange.as_json()["reply"]["body"])["text"]) == OUTPUT


def _words(request: Request) -> int:
    return sum(len(message.content.split()) for message in request.messages)


def test_an_answer_that_breaks_the_schema_is_told_and_corrected() -> None:
    result, [first, second] = extract([INVALID, GOOD])
    assert (result.status, result.output, result.attempts, result.issues) == ("ok", OUTPUT, 2, ())
    assert second.messages[: len(first.messages)] == first.messages
    assert (second.messages[-2].role, second.messages[-2].content) == ("assistant", INVALID)
    assert "type" in last(second) and "pydantic.dev" not in last(second)
    assert result.usage == {
        "prompt": _words(first) + _words(second),
        "completion": len(INVALID.split()) + len(GOOD.split()),
        "cached": None,
    }
    assert [exchange.as_json()["total_ms"] is not None for exchange in result.exchanges] == [True, True]


@pytest.mark.parametrize("text", ["I am sorry, I cannot.", "", "   ", '{"title": "cut', "[1, 2]", "{}{}", "NaN"])
@pytest.mark.parametrize("retries", [0, 1, 2])
def test_no_valid_answer_fails(text: str, retries: int) -> None:
    result, requests = extract(lambda request: text, retries=retries)
    assert (result.status, result.output, result.spans) == ("failed", None, {})
    assert result.attempts == len(requests) == retries + 1
    assert result.error and "no answer fits the schema" in result.error and "retries" in result.error
    assert codes(result) and set(codes(result)) == {"schema-invalid"}


def test_a_value_that_is_not_printed_is_told_and_corrected() -> None:
    result, [_, second] = extract([INVENTED, GOOD])
    assert (result.status, result.output, result.attempts) == ("ok", OUTPUT, 2)
    assert "container-title" in last(second)


def test_a_value_that_is_not_printed_twice_wants_review() -> None:
    result, requests = extract([INVENTED, INVENTED])
    assert (result.status, result.error, len(requests)) == ("review", None, 2)
    assert result.output["container-title"] == "Journal of Invention"
    assert "container-title" in [issue.path for issue in result.issues]


def test_without_retries_nothing_is_told() -> None:
    result, requests = extract([INVENTED], retries=0)
    assert (result.status, len(requests)) == ("review", 1)


@pytest.mark.parametrize(
    "then", ["no JSON", INVALID, StalledError("It sent nothing."), Reply("{", "length", "m", Timing(1.0))]
)
def test_a_valid_answer_stands_where_the_correction_fails(then: Answer) -> None:
    result, requests = extract([INVENTED, then])
    assert (result.status, result.error, len(requests), result.attempts) == ("review", None, 2, 2)
    assert result.output["container-title"] == "Journal of Invention"


def test_grounding_is_the_tasks_affair() -> None:
    result, requests = extract([INVENTED], task=replace(TASK, grounding="none"))
    assert (result.status, len(requests)) == ("ok", 1)


def test_what_reading_the_source_showed_stays() -> None:
    issue = Issue("replaced-characters", None, "Some characters were unreadable.")
    result, requests = extract([GOOD], replace(RECORD, issues=(issue,)))
    assert (result.status, result.issues, len(requests)) == ("review", (issue,), 1)
    failed, _ = extract(lambda request: "no", replace(RECORD, issues=(issue,)))
    assert failed.issues[0] == issue


@pytest.mark.parametrize(("bound", "says"), [(100, "`max_tokens` (100)"), (None, "window")])
def test_an_answer_that_is_cut_off_fails_at_once(bound: int | None, says: str) -> None:
    cut = Reply(GOOD, "length", "scripted/model", Timing(1.0), Usage(10, 20))
    result, requests = extract([cut], retries=2, max_tokens=bound)
    assert (result.status, len(requests), result.attempts) == ("failed", 1, 1)
    assert result.error and says in result.error and "Raise `max_tokens`" in result.error
    assert result.usage == {"prompt": 10, "completion": 20, "cached": None}
    assert len(result.exchanges) == 1


@pytest.mark.parametrize(
    "error",
    [
        StalledError("It sent nothing for 120 seconds."),
        ReplyError("It answered nothing at all."),
        ContextWindowError("The prompt does not fit.", tokens=9000, window=4096),
    ],
)
def test_a_model_that_gives_no_answer_fails_the_record(error: ModelError) -> None:
    result, requests = extract([error], retries=2)
    assert (result.status, result.error, result.issues) == ("failed", str(error), ())
    assert (len(requests), result.attempts, result.usage, result.timing) == (1, 1, None, None)
    assert len(result.exchanges) == 1


@pytest.mark.parametrize("error", [EndpointError("Gone."), OverloadedError("Full."), ModelNotFoundError("Removed.")])
@pytest.mark.parametrize("before", [[], [INVENTED]])
def test_a_model_that_is_not_there_is_no_fault_of_the_record(error: ModelError, before: list[str]) -> None:
    with pytest.raises(type(error)):
        extract([*before, error])


def test_a_column_that_is_not_there_fails_the_record() -> None:
    result, requests = extract([GOOD], task=replace(TASK, prompt="Read {{ source }} of {{ journal }}."))
    assert (result.status, requests, result.attempts) == ("failed", [], 0)
    assert result.error and "journal" in result.error


def test_an_error_of_ours_is_a_result_too() -> None:
    result, _ = extract([INVENTED, KeyError("oops")])
    assert (result.status, result.output) == ("failed", None)
    assert result.error and result.error.startswith("KeyError: 'oops'") and "bug" in result.error


@pytest.mark.parametrize(
    "text",
    [f"```json\n{GOOD}\n```", f"```\n{GOOD}```", f"Here [1] you are: {GOOD} I hope it helps.", f"So:\n```json{GOOD}"],
)
def test_text_around_the_answer_is_taken_where_nothing_holds_the_model(text: str) -> None:
    assert extract([text], retries=0, capabilities=UNHELD)[0].output == OUTPUT
    assert extract([text], retries=0)[0].status == "failed"


def test_an_array_may_stand_in_a_fence() -> None:
    assert read_json('```json\n[{"a": 1}]\n```', strict=False) == [{"a": 1}]


@pytest.mark.parametrize("text", ["```" + "a" * 200_000, "{" * 200_000, "[" * 200_000 + "```" * 9, "}" * 9 + "{"])
def test_nonsense_is_refused_in_no_time(text: str) -> None:
    began = perf_counter()
    with pytest.raises(InvalidOutputError, match="not JSON"):
        read_json(text, strict=False)
    assert perf_counter() - began < 0.5


def test_fences_in_a_value_are_the_values_own() -> None:
    record = replace(RECORD, text="```Title of a book```")
    output = {"title": "```Title of a book```"}
    assert extract([json.dumps(output)], record, capabilities=UNHELD)[0].output == output


@pytest.mark.parametrize(
    ("capabilities", "options", "constraint", "thinking"),
    [
        (Capabilities(schema="enforced"), {}, "schema", False),
        (Capabilities(schema="accepted"), {}, "schema", False),
        (Capabilities(), {}, "schema", False),
        (Capabilities(schema="refused"), {}, None, False),
        (Capabilities(schema="enforced", grammar=True), {}, "grammar", False),
        (Capabilities(schema="enforced", grammar=True), {"grammar": "off"}, "schema", False),
        (Capabilities(schema="enforced", grammar=True, thinking=True), {"thinking": True}, "schema", True),
        (Capabilities(schema="enforced", grammar=True, thinking=False), {"thinking": True}, "grammar", True),
        (Capabilities(schema="enforced", thinking=True), {"thinking": 500}, "schema", 500),
        (
            Capabilities(schema="enforced", thinking=True, thinking_breaks_schema=True),
            {"thinking": True},
            "schema",
            False,
        ),
        (Capabilities(schema="refused", thinking=True, thinking_breaks_schema=True), {"thinking": True}, None, True),
    ],
)
def test_how_a_model_is_asked(
    capabilities: Capabilities, options: dict[str, Any], constraint: str | None, thinking: bool | int
) -> None:
    result, [request] = extract([GOOD], capabilities=capabilities, **options)
    assert result.status == "ok"
    assert request.schema == (SCHEMA.json_schema if constraint == "schema" else None)
    assert (request.grammar is not None) == (constraint == "grammar")
    assert request.thinking == thinking and type(request.thinking) is type(thinking)


def test_the_grammar_says_the_words_of_the_source() -> None:
    _, [request] = extract([GOOD], capabilities=Capabilities(schema="enforced", grammar=True))
    assert request.grammar and "Verso" in request.grammar and "root" in request.grammar


def test_the_grammar_says_the_words_of_the_columns_that_are_shown() -> None:
    task = replace(TASK, prompt="Read {{ source }} with {{ key }}.")
    _, [request] = extract([GOOD], task=task, capabilities=Capabilities(schema="enforced", grammar=True))
    assert request.grammar and "smith99" in request.grammar
    _, [request] = extract([GOOD], capabilities=Capabilities(schema="enforced", grammar=True))
    assert request.grammar and "smith99" not in request.grammar


@pytest.mark.parametrize("grounding", ["none", "warn"])
def test_a_task_that_may_compose_is_held_to_its_schema_alone(grounding: Grounding) -> None:
    task = replace(TASK, grounding=grounding)
    _, [request] = extract([GOOD], task=task, capabilities=Capabilities(schema="enforced", grammar=True))
    assert (request.grammar, request.schema) == (None, SCHEMA.json_schema)


def test_the_schema_has_to_do_where_there_can_be_no_grammar() -> None:
    schema = Schema({"type": "object", "additionalProperties": True}, None, lambda value: value)
    model = ScriptedModel([GOOD], capabilities=Capabilities(schema="enforced", grammar=True))
    asyncio.run(Extractor(TASK, schema, model, today=TODAY)(RECORD))
    assert (model.requests[0].grammar, model.requests[0].schema) == (None, schema.json_schema)


def test_options_reach_the_model() -> None:
    sampling = Sampling(0.5, top_k=7, seed=1)
    options: dict[str, Any] = {"sampling": sampling, "max_tokens": 99, "context": 4096, "timeout": 5.0, "stall": 2.0}
    _, [request] = extract([GOOD], **options)
    assert {name: getattr(request, name) for name in options} == options


@pytest.mark.parametrize(
    "text",
    [
        "title = {{Deep Learning}} of {{ source }}, {{ x }}",
        "{% if a %} b {% endif %} {# gone? #} {{{ }}} {%",
        "@book{k, title = {{The {\\LaTeX} Book}}, author = {Knuth, D. {\\'E}.}}",
        "\\{\\} %s {0} ${x} <think>no</think> ```json {} ```",
    ],
)
def test_a_records_text_is_sent_as_it_is(text: str) -> None:
    """Also when the model is asked again: Instructor would render a template there."""
    answer = json.dumps({"title": "made up " + text})
    _, [first, second] = extract([answer, answer], replace(RECORD, text=text), task=replace(TASK, grounding="require"))
    assert text in last(first)
    assert second.messages[: len(first.messages)] == first.messages
    assert second.messages[-2].content == answer


def test_what_an_earlier_model_was_unsure_of_is_told() -> None:
    output = {"title": "Title of a {{book}}", "publisher": "Verso"}
    confidence = {"record": 0.3, "title": 0.4, "publisher": 0.99}
    issue = Issue("check-digit", "ISBN", "The check digit is wrong.")
    before = Result("r-7", TEXT, output, {}, confidence, "review", "embedded/references", (issue,))
    said = " ".join(message.content for message in extract([GOOD], before=before)[1][0].messages)
    assert json.dumps(output, separators=(",", ":")) in said
    assert "ISBN: The check digit is wrong." in said and "title: may be wrong" in said
    assert "publisher: may be wrong" not in said


def test_of_a_failure_nothing_is_told() -> None:
    before = Result("r-7", TEXT, None, {}, {}, "failed", "embedded/references", error="broken")
    assert extract([GOOD], before=before)[1] == extract([GOOD])[1]


def test_records_side_by_side_do_not_mix() -> None:
    def echo(request: Request) -> Answer:
        number = request.messages[-1].content.split("Number ")[-1].split(".")[0] if len(request.messages) < 4 else "x"
        return json.dumps({"title": f"Number {number}"})

    async def work() -> list[Result]:
        perform = extractor(ScriptedModel(echo, delay=0.01), retries=0)
        return await asyncio.gather(*(perform(Record(f"r-{n}", n, f"Number {n}.")) for n in range(50)))

    for n, result in enumerate(asyncio.run(work())):
        assert (result.id, result.status, result.output) == (f"r-{n}", "ok", {"title": f"Number {n}"})
        assert len(result.exchanges) == 1


def test_cancelling_ends_it() -> None:
    async def work() -> None:
        task = asyncio.create_task(extractor(ScriptedModel([GOOD], delay=60))(RECORD))
        await asyncio.sleep(0.05)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(work())


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Instructor logs failures, with the record's text in them; without a handler Python would print that."""
    monkeypatch.setattr(logging.root, "handlers", [])
    extract(lambda request: "no JSON")
    extract([StalledError("It sent nothing.")])
    assert capfd.readouterr() == ("", "")


def test_whoever_records_around_it_is_told_too() -> None:
    with recording() as outside:
        result, _ = extract([GOOD])
    assert list(result.exchanges) == outside
    assert len(outside) == 1


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*OUTPUT, "x", ""]), inner, max_size=5),
    max_leaves=12,
)
_texts = st.text() | _values.map(json.dumps) | _values.map(lambda value: f"```json\n{json.dumps(value)}\n```")


@settings(deadline=None)
@given(st.lists(_texts, min_size=2, max_size=2), st.sampled_from(["enforced", "accepted", "refused"]))
def test_whatever_a_model_says_there_is_one_result(texts: list[str], support: Any) -> None:
    result, requests = extract(texts, capabilities=Capabilities(schema=support))
    assert result.status in ("ok", "review", "failed") and "bug" not in (result.error or "")
    assert (result.output is None) == (result.status == "failed") == (result.error is not None)
    assert result.attempts == len(requests) <= 2
    assert orjson.dumps(result.as_json())
