"""What splits, joins and filters make of records: every record comes out once, under a name of its own."""

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gleanery.pipeline.expressions import Expression
from gleanery.pipeline.flow import Given, flow
from gleanery.pipeline.items import Item, filtered, joined, split, text_of
from gleanery.pipeline.steps import FilterStep, JoinStep, SplitStep, Step, TaskStep
from gleanery.tasks.declarations import load_task
from gleanery.tasks.records import Record, Result

TASK = load_task("bibliography")
LEAVES = st.text(max_size=4) | st.integers(0, 9) | st.none()
NESTED = st.lists(st.lists(LEAVES, max_size=4), max_size=4)


def item(output: Any, id: str = "r-7", status: Any = "ok") -> Item:
    error = "no" if status == "failed" else None
    return Item(Record(id, 7, "text"), Result(id, "text", output, {}, {}, status, "m", error=error), "first")


def out(text: str) -> Expression:
    return Expression.read(text)


@given(st.lists(LEAVES, max_size=6))
def test_what_is_split_is_joined_again(parts: list[Any]) -> None:
    whole = item(parts)
    pieces = list(split(whole, SplitStep("s", out("output"))))
    if parts:
        assert [piece.record.id for piece in pieces] == [f"r-7.{n}" for n in range(1, len(parts) + 1)]
        assert [piece.record.text for piece in pieces] == [text_of(part) for part in parts]
    (again,) = joined(pieces, JoinStep("j", "list", out("output")))
    assert again.record.id == "r-7" and again.final().output == parts and again.goes_on
    assert again.record.carried == {"j": parts}


@given(NESTED, st.lists(st.booleans(), min_size=40, max_size=40))
def test_parts_of_parts_keep_their_names_and_places(parts: list[list[Any]], kept: list[bool]) -> None:
    """Split twice, some leave on the way, joined twice: the records are as before, in their order."""
    left = iter(kept)
    outer = [piece for n in (1, 2) for piece in split(item(parts, f"r-{n}"), SplitStep("s", out("output")))]
    inner = [piece for one in outer for piece in split(one, SplitStep("t", out("output")))]
    ids = [piece.record.id for piece in inner]
    assert len(set(ids)) == len(ids)
    whole = {piece.record.id: piece.parent.record.id for piece in inner if piece.part and piece.parent}
    assert all(id.rpartition(".")[0] == parent for id, parent in whole.items())
    some = [piece if next(left, True) or not piece.goes_on else leave(piece) for piece in inner]
    once = list(joined(some, JoinStep("j", "list", out("output"))))
    assert [one.record.id for one in once] == [one.record.id for one in outer if one.part] or not parts
    twice = list(joined(once, JoinStep("k", "list", out("j"))))
    assert [one.record.id for one in twice] == ["r-1", "r-2"]
    gathered = [value for one in twice for some in one.record.carried["k"] for value in some]
    assert gathered == [piece.final().output for piece in some if piece.part and piece.goes_on]


def leave(piece: Item) -> Item:
    return filtered(piece, FilterStep("f", out("false"), drop=True))


STEPS: list[Step] = [
    TaskStep("b", TASK),
    FilterStep("f", out("output.n != 3")),
    SplitStep("s", out("output.parts")),
    FilterStep("g", out("output != 'x'"), drop=True),
    TaskStep("c", TASK),
    JoinStep("j", "list", out("output.said")),
    TaskStep("d", TASK, input=out("j")),
]


def driven(record: Record, answer: Any) -> tuple[list[Given], list[Item]]:
    """A flow to its end, its tasks answered: what they were given, and the Items."""
    given: list[Given] = []
    way = flow(record, STEPS, (None, None, None), lambda step, arguments: None)
    results: Any = None
    while True:
        try:
            given.append(way.send(results))
        except StopIteration as end:
            return given, end.value
        results = [
            Result(r.id, r.text, answer(given[-1].task, r), {}, {}, "ok", "m", carried=r.carried)
            for r in given[-1].records
        ]


@given(st.lists(st.sampled_from(["x", "y", "z"]), max_size=4), st.integers(1, 4))
def test_every_record_comes_out_once(parts: list[str], n: int) -> None:
    def answer(task: int, record: Record) -> Any:
        return [{"n": n, "parts": parts}, {"said": record.text}, {"all": record.text}][task]

    given, items = driven(Record("r-1", 1, "text"), answer)
    (whole,) = items
    kept = [part for part in parts if part != "x"]
    assert whole.record.id == whole.final().id == "r-1"
    if n == 3:
        assert whole.left_at == "f" and [one.task for one in given] == [0]
        return
    assert [one.task for one in given] == ([0, 1, 2] if kept else [0, 2])
    assert whole.record.carried["j"] == kept
    assert whole.final().output == {"all": text_of(kept)} and whole.record.text == "text"


def test_a_part_that_failed_makes_the_whole_doubtful() -> None:
    whole = item(["a", "b"])
    one, two = split(whole, SplitStep("s", out("output")))
    broken = replace(two, result=replace(two.result, status="failed", error="cut off"), left_at="t")
    (again,) = joined([one, broken], JoinStep("j", "text", out("output")))
    assert again.record.carried == {"j": "a"}
    assert again.final().status == "review"
    (issue,) = again.final().issues
    assert (issue.code, issue.message) == ("part-not-ok", "Its part r-7.2 failed: cut off")
