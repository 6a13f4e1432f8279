"""What a guard is given to judge, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

Decision = Literal["passed", "refused", "unreadable"]


@dataclass(frozen=True, slots=True)
class Matter:
    """What is to be judged: the `source`, all that a model is shown of a record; or, where there is one, the `answer`
    to it. `columns` are the record's, its text as `source`."""

    source: str
    answer: str | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The text that is judged."""
        return self.source if self.answer is None else self.answer


@dataclass(frozen=True, slots=True)
class Verdict:
    """A guard's decision and, unless it passed, the reason in a sentence. `unreadable`: it came to none."""

    decision: Decision
    reason: str = ""


PASSED = Verdict("passed")


class Guard(Protocol):
    """Judges. Raises only what says that its model is not there."""

    async def __call__(self, matter: Matter) -> Verdict:
        """The verdict."""
