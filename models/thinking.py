"""Tells a model's thinking from its answer where both stand in one text, as `<think>...</think>` before the answer."""

from __future__ import annotations

OPENING, CLOSING = "<think>", "</think>"


class ThinkingFilter:
    """Takes a text piece by piece and gives back, for each piece, what of it is answer and what is thinking.

    Only a text that begins with the tag is taken apart: further on, the tag is the answer's own. What a model thought
    before a closing tag whose opening stood in the prompt is told apart at the end (`whole`).
    """

    def __init__(self) -> None:
        self._held = ""
        self._state = "start"

    def feed(self, piece: str) -> tuple[str, str]:
        """The answer and the thinking in the next piece; a few characters may be held back until the next."""
        if self._state == "answer":
            return piece, ""
        if self._state == "closed":  # white space between thinking and answer belongs to neither
            return self._after_thinking(piece), ""
        self._held += piece
        if self._state == "start":
            begun = self._held.lstrip()
            if not begun or OPENING.startswith(begun):
                return "", ""
            if not begun.startswith(OPENING):
                return self._answer(self._held), ""
            self._state, self._held = "thinking", begun[len(OPENING) :]
        thought, closed, answer = self._held.partition(CLOSING)
        if closed:
            return self._after_thinking(answer), thought
        kept = _overlap(self._held, CLOSING)
        thought, self._held = self._held[: len(self._held) - kept], self._held[len(self._held) - kept :]
        return "", thought

    def end(self) -> tuple[str, str]:
        """What was held back: a text that ends in the midst of a tag."""
        held, self._held = self._held, ""
        return ("", held) if self._state == "thinking" else (held, "")

    def _after_thinking(self, text: str) -> str:
        self._state, self._held = "closed", ""
        begun = text.lstrip()
        return self._answer(begun) if begun else ""

    def _answer(self, text: str) -> str:
        self._state, self._held = "answer", ""
        return text


def whole(text: str, thinking: str) -> tuple[str, str]:
    """A whole answer and its thinking, where only the closing tag was seen in the text."""
    thought, closed, answer = text.partition(CLOSING)
    if not closed or OPENING in thought:
        return text, thinking
    return answer.lstrip(), thinking + thought


def _overlap(text: str, tag: str) -> int:
    """How many characters at the end of the text may be the beginning of the tag."""
    return next((n for n in range(min(len(tag) - 1, len(text)), 0, -1) if tag.startswith(text[-n:])), 0)
