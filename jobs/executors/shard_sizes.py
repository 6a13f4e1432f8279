"""How many records a shard for a process should have: few at first, so that results come soon, then a moment's work."""

from __future__ import annotations

_FIRST = (1, 8, 32)
"""Records of the first shards that each process gets."""

_SECONDS = 0.075
"""What a shard should take: long beside its way to a process and back, short beside what somebody notices who pauses
or cancels."""

_LEAST, _MOST, _UNKNOWN = 1, 256, 64


class ShardSizes:
    """The size of the shards of one work, for so many processes."""

    def __init__(self, processes: int) -> None:
        self._processes = processes
        self._begun = 0
        self._each: float | None = None

    @property
    def size(self) -> int:
        """Records that the next shard should have."""
        rung = self._begun // self._processes
        wanted = _UNKNOWN if self._each is None else max(_LEAST, min(_MOST, round(_SECONDS / max(self._each, 1e-6))))
        return min(wanted, _FIRST[rung]) if rung < len(_FIRST) else wanted

    def begun(self) -> None:
        """A shard was sent."""
        self._begun += 1

    def took(self, records: int, seconds: float) -> None:
        """A shard of so many records took so many seconds."""
        each = seconds / max(1, records)
        self._each = each if self._each is None else (self._each + each) / 2
