"""The specialist at one record: which status, and that nothing ever comes out of it but a Result."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import cast

import pytest

from gleanery.agents.specialist import MODEL, Specialist
from gleanery.models.references.decoding import LabelledSpan
from gleanery.models.references.labeller import Labeller, Labelling
from gleanery.tasks.records import Issue, Record, Result

TEXT = "Smith, J. (1999). Title of a book. London: Verso."
TODAY = date(2020, 1, 1)


def spans(text: str = TEXT, **values: tuple[str, float]) -> list[LabelledSpan]:
    """Labelled spans at where the values stand in the text."""
    found = [
        LabelledSpan(label, text.index(value), text.index(value) + len(value), sure)
        for label, (value, sure) in values.items()
    ]
    return sorted(found, key=lambda span: span.start)


CLEAN = spans(author=("Smith, J.", 0.99), date=("1999", 0.98), title=("Title of a book", 0.97))


class Stub:
    """A labeller that finds the same in every text, and raises `error` at the text "broken"."""

    def __init__(self, labelling: Labelling, error: Exception | None = None) -> None:
        self.labelling, self.error = labelling, error

    def label(self, texts: Sequence[str]) -> list[Labelling]:
        if self.error and "broken" in texts:
            raise self.error
        return [self.labelling for _ in texts]


def specialist(labels: Sequence[LabelledSpan], confidence: float, *, accept: float = 0.9) -> Callable[[Record], Result]:
    """The specialist with a labeller that finds these labels, at one record."""
    agent = Specialist(cast(Labeller, Stub(Labelling(list(labels), confidence))), accept, TODAY)
    return lambda record: agent([record])[0]


def test_clean_and_sure_is_ok() -> None:
    result = specialist(CLEAN, 0.95)(Record("r-7", 7, TEXT, {"key": "smith99"}))
    assert (result.id, result.input, result.status, result.model) == ("r-7", TEXT, "ok", MODEL)
    assert result.output["title"] == "Title of a book"
    assert result.confidence["record"] == 0.95
    assert result.confidence["title"] == 0.97
    assert (result.issues, result.error, result.carried) == ((), None, {"key": "smith99"})
    assert result.milliseconds is not None


@pytest.mark.parametrize(("confidence", "status"), [(0.9, "ok"), (0.8999, "review"), (0.0, "review")])
def test_accept_is_the_least_that_is_ok(confidence: float, status: str) -> None:
    assert specialist(CLEAN, confidence)(Record("r-1", 1, TEXT)).status == status


def test_the_reason_for_doubt_names_the_weakest_value() -> None:
    (issue,) = specialist(CLEAN, 0.42)(Record("r-1", 1, TEXT)).issues
    assert (issue.code, issue.path) == ("low-confidence", "title")
    assert "0.42" in issue.message
    assert "0.90" in issue.message
    assert "title (0.97)" in issue.message


def test_what_breaks_a_rule_is_in_review_however_sure() -> None:
    text = TEXT.replace("1999", "2099")
    labels = spans(text, author=("Smith, J.", 0.99), date=("2099", 0.98), title=("Title of a book", 0.97))
    result = specialist(labels, 0.99)(Record("r-1", 1, text))
    assert result.status == "review"
    assert [issue.code for issue in result.issues] == ["year-in-future"]


def test_an_issue_of_reading_is_kept_and_puts_into_review() -> None:
    issue = Issue("invalid-utf8", None, "Bytes were replaced.")
    result = specialist(CLEAN, 0.99)(Record("r-1", 1, TEXT, issues=(issue,)))
    assert (result.status, result.issues) == ("review", (issue,))


@pytest.mark.parametrize("text", ["", "   ", "\x00", "…"])
def test_nothing_found_is_in_review_for_that_alone(text: str) -> None:
    result = specialist([], 0.0)(Record("r-1", 1, text))
    assert (result.status, result.output) == ("review", {})
    assert [issue.code for issue in result.issues] == ["no-reference"]


@pytest.mark.parametrize("error", [ValueError("no such thing"), RecursionError(), MemoryError(), KeyError("x")])
def test_what_goes_wrong_with_one_record_is_its_own_error(error: Exception) -> None:
    issue = Issue("invalid-utf8", None, "Bytes were replaced.")
    good, bad = Record("r-1", 1, TEXT), Record("r-3", 3, "broken", {"key": 1}, (issue,))
    agent = Specialist(cast(Labeller, Stub(Labelling(CLEAN, 0.95), error)), 0.9, TODAY)
    before, result, after = agent([good, bad, good])
    assert (before.status, after.status) == ("ok", "ok")
    assert (result.id, result.input, result.status, result.output) == ("r-3", "broken", "failed", None)
    assert result.error is not None
    assert result.error.startswith(f"{type(error).__name__}: {error}. This is a bug")
    assert (result.carried, result.issues) == ({"key": 1}, (issue,))


def test_no_records_give_no_results() -> None:
    assert Specialist(cast(Labeller, Stub(Labelling(CLEAN, 0.95))), 0.9, TODAY)([]) == []


@pytest.mark.parametrize(
    "labels",
    [
        [LabelledSpan("title", -5, 500, 0.5)],
        [LabelledSpan("title", 9, 3, 0.5)],
        [LabelledSpan("no such label", 0, 5, 0.5)],
        [LabelledSpan("title", 0, 5, 0.5)] * 3,
        [LabelledSpan("date", 30, 40, 0.5), LabelledSpan("author", 0, 3, 0.5)],
    ],
)
def test_spans_that_make_no_sense_fail_no_record(labels: list[LabelledSpan]) -> None:
    assert specialist(labels, 0.5)(Record("r-1", 1, TEXT)).status == "review"
