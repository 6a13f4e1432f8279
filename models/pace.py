"""How long a model's replies take, and what follows from that for the way they are asked for."""

from __future__ import annotations

ENOUGH = 8
"""Replies after which it is known how long they take."""

MARGIN = 10
"""A model is quick when its slowest reply would fit so many times into the time without a token that is allowed."""

_FORGETTING = 0.98  # of the slowest, with every reply: a slow start is not held against a model for ever


class Pace:
    """What is known of one model's replies.

    Those of a quick model are asked for in one piece: its server then need not send, nor this process read, a chunk for
    every token, and a stall still shows, since nothing for so long is no reply that takes its time.
    """

    def __init__(self) -> None:
        self._replies, self._slowest = 0, 0.0

    def saw(self, seconds: float) -> None:
        """Take note of a reply that took so many seconds."""
        self._replies += 1
        self._slowest = max(seconds, _FORGETTING * self._slowest)

    def quick(self, stall: float) -> bool:
        """Whether its replies come in much less than `stall` seconds."""
        return self._replies >= ENOUGH and MARGIN * self._slowest <= stall
