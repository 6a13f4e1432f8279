"""What to do when a request failed: wait until its server is there again or has room, and then try anew."""

from __future__ import annotations

import asyncio

from gleanery.errors import ModelError, OverloadedError, ReplyError
from gleanery.models.presence import Presence, delays

BROKEN_TRIES = 3
"""How often a request is sent again whose connection broke while its server is there: it may be what breaks it."""


class Trouble:
    """How often one request was tried, and the waiting between."""

    def __init__(self, presence: Presence, patience: float) -> None:
        self._presence, self._patience = presence, patience
        self._waited = 0.0
        self._broken = 0
        self._delays = delays(None)
        self.attempts = 1

    @staticmethod
    def is_overload(failure: BaseException | None) -> bool:
        """Whether the server said that it has too much to do."""
        return isinstance(failure, OverloadedError)

    async def wait_out(self, failure: ModelError) -> None:
        """Wait until it may be tried again; raises the failure where that is hopeless."""
        self.attempts += 1
        if isinstance(failure, OverloadedError):
            await self._overloaded(failure)
            return
        self._broken += 1
        if not await self._presence.wait():
            raise failure
        if self._broken >= BROKEN_TRIES:
            raise ReplyError(f"{failure} That happened {self._broken} times, and the server is there.") from failure
        await asyncio.sleep(next(self._delays))  # a proxy answers while what is behind it starts again

    async def _overloaded(self, failure: OverloadedError) -> None:
        delay = next(self._delays) + (failure.after or 0.0)
        if self._waited + delay > self._patience:
            raise failure
        self._waited += delay
        await asyncio.sleep(delay)
