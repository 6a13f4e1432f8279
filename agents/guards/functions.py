"""A guard that is a Python function beside the task."""

from __future__ import annotations

from gleanery.agents.guards.guard import PASSED, Matter, Verdict
from gleanery.tasks import guards as declared
from gleanery.tasks.modules import load_function


class FunctionGuard:
    """Refuses what its function returns a sentence about; a function that fails refuses, too."""

    def __init__(self, guard: declared.FunctionGuard) -> None:
        self._function = load_function(guard.file, guard.name)

    async def __call__(self, matter: Matter) -> Verdict:
        """The verdict on a text."""
        said = self._function(matter.text, matter.columns)
        return PASSED if said is None else Verdict("refused", said.strip().rstrip(".") or "it was refused")
