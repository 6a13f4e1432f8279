"""How many records a shard for another machine should have, found out from how long shards take."""

from __future__ import annotations

_FIRST = 64
"""Records in the first shards of work for the cores."""

_MOST = 10_000


class DaskSizing:
    """The size of a work's shards that take `seconds`. `room`: the records that a process has in flight at once."""

    def __init__(self, seconds: float, embedded: bool) -> None:
        self.room = 1
        self._seconds, self._embedded = seconds, embedded
        self._wanted = 0.0

    @property
    def size(self) -> int:
        """How many records a shard should have now: where a server is waited for, no fewer than it has room for."""
        least = 1 if self._embedded else self.room
        first = _FIRST if self._embedded else self.room
        return max(1, least, min(_MOST, round(self._wanted or first)))

    def learn(self, records: int, seconds: float, room: int) -> None:
        """Take the time that a shard took into account, by a factor of two at most. A small one says little: the last
        of a job, or one that is tried alone."""
        self.room = room
        size = self.size
        if 2 * records >= size:
            self._wanted = min(2.0 * size, max(size / 2, records * self._seconds / max(seconds, 1e-3)))
