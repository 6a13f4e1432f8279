"""Near-duplicates: all of them are found, the first of its kind stays."""

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gleanery.tasks.duplicates import Duplicates, marked, normalised
from gleanery.tasks.records import Result, Status

TEXTS = [
    "Small blue gopher digs tunnels between waiting tasks, one word through the dark.",
    "SMALL blue gopher digs\ntunnels between waiting tasks one word through the dark!",
    "Small blue gopher digs tunnels between sleeping tasks, one word through the dark.",
    "Nothing to return, the river keeps what it takes.",
]


def result(number: int, output: object, status: Status = "ok") -> Result:
    return Result(f"g-{number}", "p", output, {}, {}, status, "m")


def alike(one: str, other: str) -> float:
    """The coefficient, computed plainly."""
    sets = []
    for text in (normalised(one) or one.strip(), normalised(other) or other.strip()):
        sets.append({text[at : at + 4] for at in range(max(1, len(text) - 3))})
    return len(sets[0] & sets[1]) / len(sets[0] | sets[1])


def test_case_punctuation_and_accents_do_not_count() -> None:
    assert normalised("Ça,  va?\n— OUI!") == "ca va oui"


@pytest.mark.parametrize(("threshold", "found"), [(1.0, [None, "g-1", None, None]), (0.7, [None, "g-1", "g-1", None])])
def test_the_later_one_is_marked(threshold: float, found: list[str | None]) -> None:
    results = list(marked((result(n, {"lines": text.split(", ")}) for n, text in enumerate(TEXTS, 1)), threshold))
    for said, of in zip(results, found, strict=True):
        assert said.status == ("review" if of else "ok")
        assert [issue.code for issue in said.issues] == (["near-duplicate"] if of else [])
        assert of is None or said.issues[0].message.startswith(f"A near-duplicate of {of} (likeness ")


def test_failed_and_empty_ones_are_no_answers() -> None:
    results = [result(1, None, "failed"), result(2, None, "failed"), result(3, {"a": 5}), result(4, {"a": 5})]
    assert list(marked(results, 0.5)) == results


def test_a_duplicate_of_a_duplicate_is_one_of_the_first_or_none() -> None:
    duplicates = Duplicates(0.9)
    assert duplicates.add("g-1", TEXTS[0]) is None
    assert duplicates.add("g-2", TEXTS[1]) == ("g-1", 1.0)
    assert duplicates.add("g-3", TEXTS[1]) == ("g-1", 1.0)


@given(st.lists(st.text("ab c", min_size=1, max_size=24), max_size=14), st.floats(0.05, 1.0))
def test_none_is_missed_and_none_is_made_up(texts: list[str], threshold: float) -> None:
    duplicates = Duplicates(threshold)
    kept: list[str] = []
    for number, text in enumerate(texts):
        best = max((alike(text, texts[int(id)]) for id in kept), default=0.0)
        found = duplicates.add(str(number), text)
        assert (found is not None) == (best >= threshold - 1e-9)
        assert found is None or found.likeness == best
        kept += [] if found else [str(number)]
    for one, other in combinations(kept, 2):
        assert alike(texts[int(one)], texts[int(other)]) < threshold
