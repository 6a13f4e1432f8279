"""A guard that is a model, asked in the style of its family."""

from __future__ import annotations

import asyncio

from gleanery.agents.guards.guard import PASSED, Matter, Verdict
from gleanery.agents.guards.styles import Question, Reading, Style
from gleanery.agents.stage import ABSENT
from gleanery.errors import ModelError
from gleanery.models.chat import Chat, Request, Sampling

_TOKENS = 32
"""A verdict is a word or two."""
_SAID = 3


class ModelGuard:
    """Refuses what its model refuses; where the verdict on a part cannot be read and no part is refused, that on all
    cannot."""

    def __init__(self, chat: Chat, style: Style) -> None:
        self._chat, self._style = chat, style

    async def __call__(self, matter: Matter) -> Verdict:
        """The verdict, of as many questions as the style asks."""
        asking = [asyncio.create_task(self._ask(question)) for question in self._style.questions(matter)]
        try:
            readings = await asyncio.gather(*asking)
        finally:  # a model that is not there is not there for the other questions either
            for task in asking:
                task.cancel()
        for decision in ("refused", "unreadable"):
            reasons = [reason for said, reason in readings if said == decision]
            if reasons:
                more = f"; and {len(reasons) - _SAID} more" if len(reasons) > _SAID else ""
                return Verdict(decision, f"`{self._chat.model}`: {'; '.join(reasons[:_SAID])}{more}")
        return PASSED

    async def _ask(self, question: Question) -> Reading:
        request = Request(question.messages, sampling=Sampling(0.0), max_tokens=_TOKENS)
        try:
            reply = await self._chat.send(request)
        except ABSENT:
            raise
        except ModelError as error:
            return "unreadable", f"there is no verdict: {error}"
        return self._style.read(reply.text, question)
