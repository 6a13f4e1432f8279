"""What passes between this process and those that perform for it, over a socket that only the two of them have.

Every order is answered by one answer, in order: what was asked for, or an exception.
"""

from __future__ import annotations

import pickle
import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

from gleanery.jobs.outcome import Outcome
from gleanery.jobs.work import Work
from gleanery.tasks.records import Record

_LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Greet:
    """The first order. `parent` is the process whose end is this one's, `path` where it finds modules, `opener` the
    Opener, pickled apart: it can be read only with that path. Answered with None."""

    parent: int
    path: tuple[str, ...]
    opener: bytes


@dataclass(frozen=True, slots=True)
class Open:
    """Open a work. Answered with Opened."""

    work: Work


@dataclass(frozen=True, slots=True)
class Perform:
    """Perform records of an open work. Answered with Performed."""

    job: str
    records: tuple[Record, ...]


@dataclass(frozen=True, slots=True)
class Close:
    """Close a work. Answered with None."""

    job: str


Order = Greet | Open | Perform | Close


@dataclass(frozen=True, slots=True)
class Performed:
    """What became of the records, and the seconds that it took."""

    outcomes: list[Outcome]
    seconds: float


def pack(message: object) -> bytes:
    """A message as it crosses: its length, and it pickled."""
    body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
    return _LENGTH.pack(len(body)) + body


def receive(stream: BinaryIO) -> Any:
    """The next message; EOFError where the other side has gone."""
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    return pickle.loads(_exactly(stream, length))


def unpack(received: bytearray) -> list[Any]:
    """The messages that are whole in what was received so far, from which they are taken."""
    messages, at = [], 0
    while len(received) >= at + _LENGTH.size:
        (length,) = _LENGTH.unpack_from(received, at)
        end = at + _LENGTH.size + length
        if len(received) < end:
            break
        with memoryview(received) as view, view[at + _LENGTH.size : end] as body:
            messages.append(pickle.loads(body))
        at = end
    del received[:at]
    return messages


def _exactly(stream: BinaryIO, count: int) -> bytes:
    data = stream.read(count)
    if len(data) < count:
        raise EOFError
    return data
