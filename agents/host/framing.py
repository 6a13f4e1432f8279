"""How messages cross between two processes of ours, over a socket that only they have: their length, they pickled."""

from __future__ import annotations

import pickle
import struct
from typing import Any, BinaryIO

_LENGTH = struct.Struct(">Q")


def pack(message: object) -> bytes:
    """A message as it crosses."""
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
