"""The wire record of a job: one compressed file, appended to, in which parts that repeat are stored once.

Requests of a job are much alike: a long prompt, the text of one record, a schema. Of a request only what differs from
an earlier one between its beginning and its end is stored, with where that is; all is restored byte for byte.
"""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import orjson

from gleanery.errors import LedgerError
from gleanery.jobs.ledger.blocks import BlockReader, BlockWriter

Group = tuple[str | None, Sequence[bytes]]
"""A record's id (None: of the job as a whole) and its exchanges, a JSON object each, in the order of their sending."""

_BEGINS, _ENDS = b'"body":"', b'"},"reply":'
"""What stands around a request's body in an exchange."""
_LENGTH = struct.Struct("<I")
_INDEX_BITS = 16
_GROUPS = 1 << _INDEX_BITS
"""Groups in a block at most: a place is that of the block, then the number of the group in it."""
_BLOCK_BYTES = 16_384
"""Bytes after which another block is begun: zlib looks back 32 kB, so all of it has its dictionary in sight."""
_WORTHWHILE = 64
"""Bytes that have to be shared."""
_BASES = 4
_BASE_BYTES = 1 << 20
_CACHED_BLOCKS = 8


def wire_file(home: Path, job: str) -> Path:
    """Where the exchanges of a job are kept."""
    return home / "wire" / f"{job}.wire"


def block_of(place: int) -> int:
    """Where the block begins that has the group at `place`."""
    return place >> _INDEX_BITS


@dataclass(frozen=True, slots=True)
class _Base:
    """A request's body that others are compared with: number `number` of the block at `place`."""

    place: int
    number: int
    body: bytes


@dataclass(slots=True)
class _Draft:
    """A block that is being filled, to be written at `place`.

    Its payload is the length of its index, that index as JSON, and what is stored of the exchanges. The index has
    [id, exchanges] a group, and an exchange [before the body, of the body, after it] in bytes; where the body shares
    its ends with another one also that one's [block, number, bytes at the start, at the end].
    """

    place: int
    index: list[tuple[str | None, list[list[int]]]] = field(default_factory=list)
    literals: list[bytes] = field(default_factory=list)
    count: int = 0
    size: int = 0

    def add(self, literals: tuple[bytes, bytes, bytes]) -> None:
        """Put what is stored of an exchange behind that of the others."""
        self.literals += literals
        self.count += 1
        self.size += sum(map(len, literals))

    def payload(self) -> bytes:
        """The block as it is to be compressed."""
        index = orjson.dumps(self.index)
        return b"".join((_LENGTH.pack(len(index)), index, *self.literals))


class WireWriter:
    """Appends the exchanges of a job. Opening it cuts off what a dead writer left half written.

    What was appended survives the process at once, and the machine after some seconds or `close`.
    """

    def __init__(self, path: Path) -> None:
        self._blocks = BlockWriter(path)
        self._bases: list[_Base] = []

    def __enter__(self) -> WireWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def append(self, groups: Sequence[tuple[str | None, Sequence[bytes]]]) -> list[int]:
        """Write the exchanges (JSON objects) of some records (id; None: of the job as a whole): for each group where it
        begins, to be given to `read_group`. LedgerError where the disk is full."""
        places: list[int] = []
        draft = _Draft(self._blocks.end)
        for record, exchanges in groups:
            if draft.size > _BLOCK_BYTES or len(draft.index) == _GROUPS:
                places += self._written(draft)
                draft = _Draft(self._blocks.end)
            draft.index.append((record, self._entries(draft, exchanges)))
        return places + self._written(draft) if draft.index else places

    def close(self) -> None:
        """Bring what was written to disk, and close the file."""
        self._blocks.close()

    def _written(self, draft: _Draft) -> list[int]:
        try:
            place = self._blocks.append(draft.payload())
        except LedgerError:
            self._bases = []  # they may be in the block that was not written
            raise
        return [place << _INDEX_BITS | number for number in range(len(draft.index))]

    def _entries(self, draft: _Draft, exchanges: Sequence[bytes]) -> list[list[int]]:
        """Put the exchanges of a group into the block: what its index says of each."""
        entries: list[list[int]] = []
        before: _Base | None = None
        for exchange in exchanges:
            begin, end = _body(exchange)
            body = exchange[begin:end]
            base, start, tail = self._shared(body, before)
            entry = [begin, len(body) - start - tail, len(exchange) - end]
            before = _Base(draft.place, draft.count, body)
            if base is not None:
                entry += (base.place, base.number, start, tail)
            elif _WORTHWHILE <= len(body) <= _BASE_BYTES:
                self._bases = [before, *self._bases[: _BASES - 1]]
            draft.add((exchange[:begin], body[start : len(body) - tail], exchange[end:]))
            entries.append(entry)
        return entries

    def _shared(self, body: bytes, before: _Base | None) -> tuple[_Base | None, int, int]:
        """The base that the body shares at least half of itself with, and how many bytes at its start and end; None
        where it is to be a base of its own."""
        for base in (before, *self._bases) if before is not None else self._bases:
            start = _common_start(body, base.body)
            tail = _common_end(body, base.body, start)
            if start + tail >= max(_WORTHWHILE, len(body) // 2):
                if base is not before and base is not self._bases[0]:
                    self._bases.remove(base)
                    self._bases.insert(0, base)
                return base, start, tail
        return None, 0, 0


class WireReader:
    """Reads the exchanges of a job, also while they are written: byte for byte as they were given."""

    def __init__(self, path: Path) -> None:
        self._blocks = BlockReader(path)
        self._cached: OrderedDict[int, _Block] = OrderedDict()

    def __enter__(self) -> WireReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._blocks.close()

    def group(self, place: int) -> Group:
        """The group that begins at `place`."""
        block, number = self._block(block_of(place)), place % _GROUPS
        if number >= len(block.groups):
            raise LedgerError(f"{self._blocks.path}, the wire record, has no exchanges at {place}.")
        record, exchanges = block.groups[number]
        return record, [self._exchange(block, exchange) for exchange in exchanges]

    def groups(self) -> Iterator[Group]:
        """All groups, in order; a torn end is left out."""
        for place in self._blocks.places():
            for number in range(len(self._block(place).groups)):
                yield self.group(place << _INDEX_BITS | number)

    def _exchange(self, block: _Block, number: int) -> bytes:
        begin, entry = block.entries[number]
        head, literal, rest = entry[:3]
        after = begin + head + literal
        return b"".join((
            block.payload[begin : begin + head], self._body(block, number), block.payload[after : after + rest],
        ))  # fmt: skip

    def _body(self, block: _Block, number: int) -> bytes:
        if number not in block.bodies:
            begin, (head, length, _, *shared) = block.entries[number]
            body = block.payload[begin + head : begin + head + length]
            if shared:
                place, other, start, tail = shared
                base = self._body(self._block(place), other)
                body = b"".join((base[:start], body, base[len(base) - tail :]))
            block.bodies[number] = body
        return block.bodies[number]

    def _block(self, place: int) -> _Block:
        if place not in self._cached:
            self._cached[place] = _Block.of(place, self._blocks.read(place))
            if len(self._cached) > _CACHED_BLOCKS:
                self._cached.popitem(last=False)
        self._cached.move_to_end(place)
        return self._cached[place]


@dataclass(slots=True)
class _Block:
    """A block: its groups as (id, numbers of their exchanges), and where what is stored of each exchange begins."""

    place: int
    payload: bytes
    groups: list[tuple[str | None, range]]
    entries: list[tuple[int, list[int]]]
    bodies: dict[int, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, place: int, payload: bytes) -> _Block:
        (length,) = _LENGTH.unpack_from(payload)
        offset = _LENGTH.size + length
        block = cls(place, payload, [], [])
        for record, entries in orjson.loads(payload[_LENGTH.size : offset]):
            first = len(block.entries)
            for entry in entries:
                block.entries.append((offset, entry))
                offset += sum(entry[:3])
            block.groups.append((record, range(first, len(block.entries))))
        return block


def read_group(path: Path, place: int) -> tuple[str | None, list[dict[str, Any]]]:
    """The record's id and the exchanges of the group that begins at `place`. LedgerError where the file is damaged."""
    with WireReader(path) as reader:
        return _parsed(reader.group(place))


def read_groups(path: Path) -> Iterator[tuple[str | None, list[dict[str, Any]]]]:
    """All groups, in the order in which they were written; a torn end is left out."""
    with WireReader(path) as reader:
        yield from map(_parsed, reader.groups())


def _parsed(group: Group) -> tuple[str | None, list[dict[str, Any]]]:
    record, exchanges = group
    return record, [orjson.loads(exchange) for exchange in exchanges]


def _body(exchange: bytes) -> tuple[int, int]:
    """Where the request's body begins and ends in an exchange; at its end where it has none."""
    found = exchange.find(_BEGINS)
    if found < 0:
        return len(exchange), len(exchange)
    begin = found + len(_BEGINS)
    end = exchange.find(_ENDS, begin)
    return begin, len(exchange) if end < 0 else end


def _common_start(one: bytes, other: bytes) -> int:
    """How many bytes two texts share at their start."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _common_end(one: bytes, other: bytes, start: int) -> int:
    """How many bytes two texts share at their end, behind the `start` bytes that they share there."""
    low, high = 0, min(len(one), len(other)) - start
    while low < high:
        middle = (low + high + 1) // 2
        if one[len(one) - middle : len(one) - low] == other[len(other) - middle : len(other) - low]:
            low = middle
        else:
            high = middle - 1
    return low
