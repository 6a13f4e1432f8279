"""What a text claims beside what was called, and what a task requires."""

import pytest

from gleanery.tools.crossref import crossref_lookup
from gleanery.tools.duplicates import find_duplicates
from gleanery.tools.finding import library_tools
from gleanery.tools.identifiers import check_identifier
from gleanery.tools.log import ToolCall, ToolLog, claims, not_called
from gleanery.tools.tool import tool_of

TOOLS = [tool_of(function) for function in (check_identifier, crossref_lookup, find_duplicates)]


def log(*calls: tuple[str, str | None, str | None]) -> ToolLog:
    """A log of calls: tool, error, leave."""
    made = ToolLog()
    for number, (tool, error, leave) in enumerate(calls):
        made.add(ToolCall(tool, {}, None if error else "{}", error, float(number), 0.0, leave))  # type: ignore[arg-type]
    return made


def flagged(text: str, made: ToolLog | None = None) -> list[str]:
    return [claim.tool for claim in claims(text, made or log(), [tool for tool in TOOLS if tool])]


@pytest.mark.parametrize(
    "text",
    [
        "I checked the ISBN with check_identifier.",
        "I have verified it using `check_identifier`, and it is right.",
        "I've used check_identifier to look at it.",
        "I called check_identifier() for 10.1000/182.",
        "I checked 10.1000/182 with check_identifier and found no error.",
        "According to check_identifier, the ISBN is right.",
        "The DOI 10.1000/182 was verified with the check identifier tool.",
        "check_identifier returned valid.",
        "The `check_identifier` tool has confirmed this.",
        "Using check_identifier, I confirmed the check digit.",
        "It is fine.\n- **check_identifier** says that it is valid",
    ],
)
def test_a_claim_of_a_call_that_was_not_made_is_flagged(text: str) -> None:
    assert flagged(text) == ["check_identifier"]
    assert flagged(text, log(("check_identifier", None, "declared"))) == []
    assert flagged(text, log(("check_identifier", "x", "refused"))) == ["check_identifier"]
    assert flagged(text, log(("check_identifier", "x", None))) == ["check_identifier"]


@pytest.mark.parametrize(
    "text",
    [
        "I looked the DOI up in Crossref.",
        "According to Crossref, the year is 1948.",
        "The title was confirmed by crossref_lookup.",
        "Crossref returned three works.",
    ],
)
def test_what_a_tool_is_known_as_counts(text: str) -> None:
    assert flagged(text) == ["crossref_lookup"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The ISBN is right.",
        "I could not check it with check_identifier.",
        "I did not use check_identifier.",
        "Without crossref_lookup I cannot say more.",
        "If check_identifier returned an error, ask again.",
        "You should verify it with check_identifier.",
        "The DOI would have to be looked up in Crossref.",
        "check_identifier was not called.",
        "Nobody asked Crossref.",
        "Hendricks, G. Crossref: The sustainable source of metadata. 2020.",
        "A study of Crossref metadata found that 10% are wrong; it used check_digits.",
        "We checked identifiers by hand.",
        "I never said that Crossref returned it.",
    ],
)
def test_what_claims_nothing_is_left_alone(text: str) -> None:
    assert flagged(text) == []


def test_a_claim_says_where_it_stands() -> None:
    text = "Fine. I used check_identifier for it. Done; Crossref confirmed it!"
    found = claims(text, log(), [tool for tool in TOOLS if tool])
    assert [claim.text for claim in found] == ["I used check_identifier for it", "Crossref confirmed it"]
    assert [text[claim.start : claim.end] for claim in found] == [claim.text for claim in found]


def test_long_texts_are_read_in_no_time() -> None:
    for text in ("I checked " * 20_000, "a." * 50_000, "I " + "x" * 100_000, "according to the " * 10_000):
        assert claims(text, log(), library_tools().values()) == []


def test_what_is_required_must_have_been_called_and_answered() -> None:
    made = log(("a", None, "declared"), ("b", "refused", "refused"), ("c", "failed", "declared"), ("d", "no", None))
    assert not_called(["a"], made) is None
    assert not_called([], log()) is None
    said = not_called(["a", "b", "c", "d", "e"], made)
    assert said == (
        "The task requires what was not called: `b` (tried, and told: refused), `c` (tried, and told: failed), "
        "`d` (tried, and told: no), `e`. Run it again, or take another model."
    )
    again = log(("c", "failed", "declared"), ("c", None, "asked"))
    assert not_called(["c"], again) is None


def test_the_log_is_in_the_order_in_which_calls_began() -> None:
    made = ToolLog()
    for began in (3.0, 1.0, 2.0):
        made.add(ToolCall("a", {}, "x", None, began, 0.5, "declared"))
    assert [call["began"] for call in made.as_json()] == [1.0, 2.0, 3.0]
    assert set(made.as_json()[0]) == {"tool", "arguments", "result", "error", "began", "seconds", "leave"}
