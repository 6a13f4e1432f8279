"""Thinking is told from the answer, however the text is cut into pieces."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from gleanery.models.thinking import ThinkingFilter, whole

TEXT = st.text(alphabet="<>/thinkab \n", max_size=40)


def split(pieces: list[str]) -> tuple[str, str]:
    splitter = ThinkingFilter()
    parts = [*map(splitter.feed, pieces), splitter.end()]
    return "".join(answer for answer, _ in parts), "".join(thought for _, thought in parts)


@given(TEXT, st.lists(st.integers(0, 60), max_size=8))
def test_pieces_make_no_difference(text: str, cuts: list[int]) -> None:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    pieces = [text[a:b] for a, b in itertools.pairwise(places)]
    assert split(pieces) == split([text])


@given(st.text(), st.text().filter(lambda text: not text.lstrip().startswith("<think>")))
def test_what_was_thought_is_not_answered(thought: str, answer: str) -> None:
    if "</think>" not in thought:
        assert split([f"<think>{thought}</think>{answer}"]) == (answer.lstrip(), thought)


@given(st.text())
def test_a_text_that_does_not_begin_with_the_tag_is_the_answer(text: str) -> None:
    if not text.lstrip().startswith("<think>"):
        assert split(list(text)) == (text, "")


def test_thinking_that_never_ends_is_no_answer() -> None:
    assert split(["  <thi", "nk>Let me see", " </th"]) == ("", "Let me see </th")


def test_a_tag_opened_in_the_prompt() -> None:
    assert whole('I wonder.</think>\n{"a": 1}', "") == ('{"a": 1}', "I wonder.")
    assert whole("The tag <think> is closed by </think>.", "") == ("The tag <think> is closed by </think>.", "")
    assert whole("plain", "before") == ("plain", "before")
