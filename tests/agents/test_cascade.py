"""Several models at one record: whose answer stands, what the later ones are told, and what it all cost."""

import asyncio
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gleanery.agents.cascade import Cascade
from gleanery.agents.extractor import Extractor
from gleanery.agents.specialist import MODEL, Specialist
from gleanery.agents.stage import SpecialistStage, Stage
from gleanery.errors import EndpointError, GleaneryError, ModelNotFoundError, StalledError
from gleanery.models.references.labeller import Labeller
from gleanery.models.scripted import ScriptedModel
from gleanery.tasks.declarations import load_task
from gleanery.tasks.records import Change, Issue, Record, Result, Status
from gleanery.tasks.schemas import load_schema

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
TODAY = date(2026, 11, 20)
TASK = load_task("bibliography")


@dataclass
class Fixed:
    """A stage that gives always the same, or raises it; `asked` keeps what came before."""

    result: Result | GleaneryError
    model: str = "fixed/model"
    asked: list[Result | None] = field(default_factory=list)

    async def __call__(self, record: Record, before: Result | None = None) -> Result:
        self.asked.append(before)
        if isinstance(self.result, GleaneryError):
            raise self.result
        return self.result


def fixed(status: Status, output: Any = OUTPUT, issues: int = 0, **more: Any) -> Fixed:
    model = more.pop("model", "fixed/model")
    found = tuple(Issue(f"issue-{n}", None, "Something.") for n in range(issues))
    output = None if status == "failed" else output
    return Fixed(Result("r-7", TEXT, output, {}, more.pop("confidence", {}), status, model, found, **more), model)


def perform(*stages: Stage, accept: float = 0.75) -> Result:
    return asyncio.run(Cascade(stages, accept)(RECORD))


def extractor(*replies: Any) -> tuple[Extractor, ScriptedModel]:
    model = ScriptedModel([json.dumps(reply) if isinstance(reply, dict) else reply for reply in replies])
    return Extractor(TASK, load_schema(TASK), model, today=TODAY, shots=0), model


@pytest.fixture(scope="module")
def labeller() -> Labeller:
    return Labeller()


@pytest.mark.parametrize("confidence", [{}, {"record": 0.75}, {"record": 1.0, "title": 0.1}])
def test_a_sure_answer_is_taken(confidence: dict[str, float]) -> None:
    first, second = fixed("ok", confidence=confidence), fixed("ok")
    assert perform(first, second) is first.result
    assert (first.asked, second.asked) == ([None], [])


def test_an_unsure_answer_goes_on() -> None:
    first, second = fixed("review", issues=1), fixed("ok", model="second/model")
    result = perform(first, second)
    assert (result.status, result.model, result.changes) == ("ok", "second/model", ())
    assert second.asked == [first.result]


def test_an_answer_below_accept_is_not_taken() -> None:
    first = fixed("ok", confidence={"record": 0.74})
    alone = perform(first)
    assert (alone.status, [issue.code for issue in alone.issues]) == ("review", ["low-confidence"])
    assert perform(first, second := fixed("ok", model="second/model")).model == "second/model"
    assert second.asked == [alone]


@pytest.mark.parametrize(
    ("first", "second", "stands"),
    [
        (("review", 1), ("failed", 0), "first"),
        (("review", 1), ("review", 1), "second"),
        (("review", 1), ("review", 2), "first"),
        (("review", 2), ("review", 1), "second"),
        (("failed", 0), ("review", 3), "second"),
        (("failed", 0), ("failed", 0), "second"),
        (("failed", 0), ("ok", 0), "second"),
    ],
)
def test_the_best_stands(first: tuple[Status, int], second: tuple[Status, int], stands: str) -> None:
    outcomes = {"first": first, "second": second}
    result = perform(*(fixed(status, issues=n, model=model) for model, (status, n) in outcomes.items()))
    assert (result.model, result.status, len(result.issues)) == (stands, *outcomes[stands])


def test_what_it_cost_is_summed_whoever_stands() -> None:
    costs: dict[str, Any] = {
        "attempts": 2,
        "milliseconds": 1.5,
        "usage": {"prompt": 10, "completion": 2, "cached": None},
    }
    timing = {"total_ms": 1.0}
    first = fixed("failed", **costs, exchanges=("one",))
    second = fixed("review", issues=1, **costs, exchanges=("two", "three"), timing=timing)
    third = fixed("failed", milliseconds=None, exchanges=("four",))
    for stages in ((first, second, third), (second, first, third)):
        result = perform(*stages)
        assert (result.status, result.attempts, result.milliseconds) == ("review", 5, 3.0)
        assert result.usage == {"prompt": 20, "completion": 4, "cached": None}
        assert sorted(map(str, result.exchanges)) == ["four", "one", "three", "two"]
        assert result.timing == timing


def test_changes_are_said_by_path() -> None:
    after = {
        **OUTPUT,
        "author": [{"family": "Smith", "given": "J. R."}],
        "issued": {"date-parts": [[1999]], "circa": True},
        "note": "printed",
    }
    del after["publisher"]
    result = perform(fixed("review", issues=1), fixed("ok", after, model="m"))
    assert result.changes == (
        Change("author", OUTPUT["author"], after["author"], "m"),
        Change("publisher", "Verso", None, "m"),
        Change("issued.circa", None, True, "m"),
        Change("note", None, "printed", "m"),
    )
    assert result.as_json()["changes"][1] == {"path": "publisher", "before": "Verso", "after": None, "model": "m"}


def test_an_answer_after_a_failure_changes_nothing() -> None:
    assert perform(fixed("failed"), fixed("ok")).changes == ()


def test_of_three_each_says_what_it_changed() -> None:
    second = fixed("review", {**OUTPUT, "title": "Title"}, issues=1, model="b")
    result = perform(fixed("review", issues=2), second, fixed("ok", {**OUTPUT, "title": "A title"}, model="c"))
    assert [(change.before, change.after, change.model) for change in result.changes] == [
        ("Title of a book", "Title", "b"),
        ("Title", "A title", "c"),
    ]


@pytest.mark.parametrize("error", [EndpointError("Gone."), ModelNotFoundError("Removed.")])
def test_a_model_that_is_not_there_is_skipped_where_there_is_an_answer(error: GleaneryError) -> None:
    gone = Fixed(error, "ollama/gone")
    result = perform(fixed("review", issues=1), gone)
    assert (result.status, result.output) == ("review", OUTPUT)
    assert [issue.code for issue in result.issues] == ["issue-0", "stage-skipped"]
    assert "ollama/gone" in result.issues[1].message and str(error) in result.issues[1].message
    assert perform(fixed("review", issues=1), gone, fixed("ok")).status == "ok"
    for stages in ([gone, fixed("ok")], [fixed("failed"), gone]):
        with pytest.raises(type(error)):
            perform(*stages)


statuses = st.tuples(st.sampled_from(["ok", "review", "failed"]), st.integers(0, 2), st.sampled_from(["a", "b", "c"]))


@settings(deadline=None)
@given(st.lists(statuses, min_size=1, max_size=4))
def test_the_best_of_any_cascade_stands(drawn: list[tuple[Status, int, str]]) -> None:
    rank = {"ok": 2, "review": 1, "failed": 0}
    result = perform(*(fixed(status, {"title": title}, n if status == "review" else 0) for status, n, title in drawn))
    assert rank[result.status] == max(rank[status] for status, _, _ in drawn)
    assert result.attempts == next((n for n, one in enumerate(drawn, 1) if one[0] == "ok"), len(drawn))
    replayed = None
    for change in result.changes:
        assert replayed in (None, change.before) and change.before != change.after
        replayed = change.after
    assert result.output is None or replayed in (None, result.output["title"])


def test_the_specialist_then_a_chat_model_that_agrees(labeller: Labeller) -> None:
    """Below `accept`, the chat model is asked; where it says the same, that is ok and nothing changed."""
    specialist = SpecialistStage(Specialist(labeller, 1.01, TODAY))
    alone = asyncio.run(Cascade([specialist], 1.01)(RECORD))
    assert (alone.status, alone.model) == ("review", MODEL)
    chat, model = extractor(alone.output)
    result = asyncio.run(Cascade([specialist, chat], 1.01)(RECORD))
    assert (result.status, result.model, result.output) == ("ok", "scripted/model", alone.output)
    assert (result.changes, result.issues, result.confidence) == ((), (), {})
    assert result.attempts == 2
    assert len(result.exchanges) == 1
    said = " ".join(message.content for message in model.requests[0].messages)
    assert json.dumps(alone.output, separators=(",", ":"), ensure_ascii=False) in said


def test_the_specialist_then_a_chat_model_that_does_not(labeller: Labeller) -> None:
    specialist = SpecialistStage(Specialist(labeller, 1.01, TODAY))
    chat, _ = extractor({**OUTPUT, "title": "Title"})
    result = asyncio.run(Cascade([specialist, chat], 1.01)(RECORD))
    assert (result.status, result.output["title"]) == ("ok", "Title")
    assert Change("title", "Title of a book", "Title", "scripted/model") in result.changes


def test_the_specialist_stands_where_the_chat_model_fails(labeller: Labeller) -> None:
    specialist = SpecialistStage(Specialist(labeller, 1.01, TODAY))
    chat, _ = extractor(StalledError("It sent nothing."))
    result = asyncio.run(Cascade([specialist, chat], 1.01)(RECORD))
    assert (result.status, result.model, result.changes) == ("review", MODEL, ())
    assert result.attempts == 2 and len(result.exchanges) == 1


class Batches:
    """A specialist that notes how many records it gets at once, and on which threads."""

    def __init__(self, error: Exception | None = None) -> None:
        self.sizes: list[int] = []
        self.threads: set[int] = set()
        self.error = error

    def __call__(self, records: Sequence[Record]) -> list[Result]:
        self.sizes.append(len(records))
        self.threads.add(threading.get_ident())
        if self.error:
            raise self.error
        return [Result(record.id, record.text, {}, {}, {}, "ok", MODEL) for record in records]


async def _all(stage: SpecialistStage, count: int) -> list[Result]:
    return await asyncio.gather(*(stage(Record(f"r-{n}", n, "text")) for n in range(count)))


def test_the_specialist_works_on_what_waits_together_and_off_the_loop() -> None:
    batches = Batches()
    stage = SpecialistStage(cast(Specialist, batches))
    assert [result.id for result in asyncio.run(_all(stage, 100))] == [f"r-{n}" for n in range(100)]
    assert sum(batches.sizes) == 100 and len(batches.sizes) < 10
    assert threading.get_ident() not in batches.threads
    assert len(asyncio.run(_all(stage, 3))) == 3  # and again, on another loop


def test_a_specialist_that_breaks_leaves_nobody_waiting() -> None:
    stage = SpecialistStage(cast(Specialist, Batches(RuntimeError("no threads left"))))
    with pytest.raises(RuntimeError, match="no threads left"):
        asyncio.run(asyncio.wait_for(_all(stage, 40), 5))


def test_whoever_is_cancelled_does_not_disturb_the_others() -> None:
    async def work() -> list[str]:
        stage = SpecialistStage(cast(Specialist, Batches()))
        tasks = [asyncio.create_task(stage(Record(f"r-{n}", n, "text"))) for n in range(3)]
        await asyncio.sleep(0)
        tasks[1].cancel()
        done = await asyncio.gather(*tasks, return_exceptions=True)
        return [one.id if isinstance(one, Result) else type(one).__name__ for one in done]

    assert asyncio.run(work()) == ["r-0", "CancelledError", "r-2"]
