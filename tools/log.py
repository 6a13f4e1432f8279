"""The tool log: what tools were really called, with what and by whose leave; and what a text claims beyond it."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from gleanery.tools.tool import Tool

Leave = Literal["declared", "asked", "remembered", "refused"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call: when it began (seconds since 1970) and how long it took, what the model was told of it, or the error.

    `arguments` are as the model gave them. `leave` is by whose leave it ran; `refused`: by nobody's, so it did not run;
    None: there is no such tool, or the arguments did not fit, so nobody was asked.
    """

    tool: str
    arguments: Any
    result: str | None
    error: str | None
    began: float
    seconds: float
    leave: Leave | None

    @property
    def ran(self) -> bool:
        """Whether the tool was called at all."""
        return self.leave not in (None, "refused")

    def as_json(self) -> dict[str, Any]:
        """The call as a JSON object."""
        return {
            "tool": self.tool,
            "arguments": self.arguments,
            "result": self.result,
            "error": self.error,
            "began": round(self.began, 3),
            "seconds": round(self.seconds, 6),
            "leave": self.leave,
        }


class ToolLog:
    """The calls of one record, in the order in which they began. Several threads may add to it."""

    def __init__(self) -> None:
        self._calls: list[ToolCall] = []
        self._lock = threading.Lock()

    def add(self, call: ToolCall) -> None:
        """Write down a call that has ended."""
        with self._lock:
            self._calls.append(call)

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """What was called so far."""
        with self._lock:
            return tuple(sorted(self._calls, key=lambda call: call.began))

    def ran(self, tool: str) -> bool:
        """Whether the tool was called, whatever came of it."""
        return any(call.ran for call in self.calls if call.tool == tool)

    def as_json(self) -> list[dict[str, Any]]:
        """The calls as JSON objects."""
        return [call.as_json() for call in self.calls]


def not_called(required: Iterable[str], log: ToolLog) -> str | None:
    """Why a record has failed whose task requires tools that were not called; None where all were, without error."""
    answered = {call.tool for call in log.calls if call.ran and call.error is None}
    tried = {call.tool: call.error for call in log.calls if call.error is not None}
    missing = [
        f"`{name}`" + (f" (tried, and told: {tried[name]})" if name in tried else "")
        for name in dict.fromkeys(required)
        if name not in answered
    ]
    if not missing:
        return None
    return f"The task requires what was not called: {', '.join(missing)}. Run it again, or take another model."


class Claim(NamedTuple):
    """Words that claim a call of a tool which was not called; `start` and `end` in code points."""

    tool: str
    text: str
    start: int
    end: int


# Words that say it was done, before the name of a tool: "I used X", "I checked it with X", "according to X" ...
_I = r"\b(?:I|we)(?:['’]ve|\shave)?(?:\s(?:also|then|now|already|first|just))?\s"
_BEFORE = "|".join(
    (
        rf"{_I}(?:called|ran|used|invoked|consulted|queried|asked|searched)\s(?:the\s)?",
        rf"{_I}(?:checked|verified|confirmed|validated|searched|parsed|looked)\s(?:[^\n]{{0,60}}?\s)?"
        r"(?:with|by|via|using|through|in|against|on)\s(?:the\s)?",
        r"\b(?:was|were|been|is|are)\s(?:checked|verified|confirmed|validated|looked\sup|found)\s"
        r"(?:with|by|via|using|through|in|against)\s(?:the\s)?",
        r"\baccording\sto\s(?:the\s)?",
    )
)
# ... and after it: "X returned", "using X, I found".
_SAID = r"returned|says|said|confirmed|confirms|reported|reports|responded|answered|found|showed|shows|gave"
_AFTER = rf"(?:\s(?:tool|lookup|search))?(?:\s(?:has|have))?\s(?:{_SAID})\b"
_I_FOUND = r",?\s(?:I|we)\s(?:checked|verified|confirmed|validated|found)\b"
# A word before the name that denies or only proposes: nothing is concluded from such a sentence.
_NOT = re.compile(
    r"\b(?:not|never|no|nor|without|unable|cannot|could|would|should|will|shall|may|might|must|can|if|unless|before|"
    r"fail(?:ed|s)?|refused|denied|unavailable)\b|n['’]t\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^\n.!?;]+(?:[.!?;](?!\s|$)[^\n.!?;]+)*")


def claims(text: str, log: ToolLog, tools: Iterable[Tool]) -> list[Claim]:
    """Where a text claims that one of `tools` was called which, by the log, was not.

    Only plain claims are found, in sentences that neither deny nor propose: "I checked it with X", "according to X",
    "verified by X", "X returned ...", where X is the tool's name, that name in words, or what else it is known as.
    So a claim may be missed, in other words or another language; a text that claims nothing is hardly ever flagged.
    `tools` should be all there are, not only the agent's: a model may claim what it never had.
    """
    absent = [(tool.name, _claiming(tool)) for tool in tools if not log.ran(tool.name)]
    return list(_claims(text, absent)) if absent else []


def _claims(text: str, absent: list[tuple[str, re.Pattern[str]]]) -> Iterator[Claim]:
    for sentence in _SENTENCE.finditer(text):
        for name, claiming in absent:
            found = claiming.search(sentence[0])
            if found and not _NOT.search(sentence[0], 0, found.end()):
                said = sentence[0].strip()
                start = sentence.start() + sentence[0].index(said)
                yield Claim(name, said, start, start + len(said))


def _claiming(tool: Tool) -> re.Pattern[str]:
    spelt = (tool.name, *([tool.name.replace("_", " ")] if "_" in tool.name else []), *tool.known_as)
    name = rf"[`'\"*]*\b(?:{'|'.join(re.escape(word) for word in spelt)})\b(?:\(\))?[`'\"*]*"
    return re.compile(
        rf"(?:{_BEFORE}){name}|{name}{_AFTER}|\b(?:using|with|via|by)\s(?:the\s)?{name}{_I_FOUND}", re.IGNORECASE
    )
