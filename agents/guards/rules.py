"""A guard that is a rule: patterns and a length."""

from __future__ import annotations

import re

from gleanery.agents.guards.guard import PASSED, Matter, Verdict
from gleanery.tasks import guards as declared

_SHOWN = 60


class RuleGuard:
    """Refuses a text that has what is forbidden, lacks what is required, or is too long."""

    def __init__(self, rule: declared.RuleGuard) -> None:
        self._longest = rule.longest
        self._forbid = re.compile(rule.forbid) if rule.forbid is not None else None
        self._require = re.compile(rule.require) if rule.require is not None else None

    async def __call__(self, matter: Matter) -> Verdict:
        """The verdict on a text; the patterns are searched for anywhere in it."""
        text = matter.text
        if self._longest is not None and len(text) > self._longest:  # first: patterns may be slow on what is long
            return Verdict("refused", f"it has {len(text):,} characters, and {self._longest:,} are allowed")
        if self._forbid is not None and (found := self._forbid.search(text)):
            return Verdict(
                "refused", f"it has '{found[0][:_SHOWN]}', which matches the forbidden {_said(self._forbid)}"
            )
        if self._require is not None and self._require.search(text) is None:
            return Verdict("refused", f"it lacks what must match {_said(self._require)}")
        return PASSED


def _said(pattern: re.Pattern[str]) -> str:
    return f"pattern `{pattern.pattern}`"
