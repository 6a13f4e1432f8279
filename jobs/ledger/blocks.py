"""A file of compressed blocks that is only appended to: what was written whole is found again.

After a line that says what it is come blocks: a mark, the length, a checksum, and the payload by zlib. A block is
compressed with the text of an earlier one as its dictionary, so that a single exchange comes out as small as many.
"""

from __future__ import annotations

import errno
import os
import struct
import zlib
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

from gleanery.errors import LedgerError

MAGIC = b"gleanery wire 1\n"
_MARK = b"\xb1blk"
_HEADER = struct.Struct("<4sIIQ")
"""Mark, length of what follows the header, its CRC-32, and where the block is that is its dictionary (0: none)."""
_WINDOW = 32_768
"""Bytes of a text that zlib can use as a dictionary."""
_LEVEL = 3
_STRIDE = 1 << 20
_LAST_BLOCKS = 10_000
"""Blocks that are looked at from the end: more than are written between two times that all is brought to disk."""
_SYNC_SECONDS = 5.0
"""A machine that goes down loses the blocks of this time; a process that dies loses none."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A part of a file that cannot be read, from `start` to `end`; `torn` at its end, by a writer that died."""

    start: int
    end: int
    torn: bool


class BlockWriter:
    """Appends blocks to a file, made (0600, its folder 0700) where it is not there; a torn end is cut off."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.end = len(MAGIC)
        self._written = 0
        self._dictionary = 0
        self._primed: Any = None
        self._synced = monotonic()
        self._descriptor = -1
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._begin()
        except OSError as error:
            self._drop()
            raise LedgerError(_unwritable(path, error)) from error
        except LedgerError:
            self._drop()
            raise

    def append(self, payload: bytes) -> int:
        """Write a block: where it begins. LedgerError where it cannot be written; the file is then as it was before."""
        number = self._written + 1
        fresh = number & (number - 1) == 0  # the 1st, 2nd, 4th, 8th ...: the first may be a poor one
        packer = zlib.compressobj(_LEVEL, wbits=-15) if fresh else self._primed.copy()
        dictionary = 0 if fresh else self._dictionary
        packed = packer.compress(payload) + packer.flush()
        place = self.end
        self._write(_HEADER.pack(_MARK, len(packed), _checksum(packed, dictionary), dictionary) + packed)
        self._written = number
        if fresh:
            self._dictionary = place
            self._primed = zlib.compressobj(_LEVEL, wbits=-15, zdict=payload[-_WINDOW:])
        return place

    def close(self) -> None:
        """Bring what was written to disk, and close the file."""
        if self._descriptor < 0:
            return
        try:
            os.fsync(self._descriptor)
        except OSError as error:
            raise LedgerError(_unwritable(self.path, error)) from error
        finally:
            self._drop()

    def _begin(self) -> None:
        size = os.fstat(self._descriptor).st_size
        if size < len(MAGIC):  # a writer died when it had only just made it
            os.ftruncate(self._descriptor, 0)
            _write_all(self._descriptor, MAGIC, 0)
            return
        with BlockReader(self.path) as reader:
            self.end = reader.whole_end()
        if self.end < size:
            os.ftruncate(self._descriptor, self.end)

    def _write(self, block: bytes) -> None:
        try:
            _write_all(self._descriptor, block, self.end)
            self.end += len(block)
            if monotonic() - self._synced > _SYNC_SECONDS:
                os.fsync(self._descriptor)
                self._synced = monotonic()
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self.end)
            raise LedgerError(_unwritable(self.path, error)) from error

    def _drop(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class BlockReader:
    """Reads the blocks of a file, also of one that is being written. LedgerError where it is none, or damaged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._dictionaries: dict[int, bytes] = {}
        try:
            self._stream = path.open("rb", buffering=0)
        except FileNotFoundError:
            raise LedgerError(f"{path}, the wire record, is not there. What was said to models is lost.") from None
        except OSError as error:
            raise LedgerError(f"{path}, the wire record, cannot be read: {error.strerror}.") from error
        magic = self._stream.read(len(MAGIC))
        if len(magic) == len(MAGIC) and magic != MAGIC:
            self.close()
            older = magic.startswith(MAGIC[:-2])
            raise LedgerError(
                f"{path} was written by a newer version of Gleanery. Update this one."
                if older
                else f"{path} is not a wire record. Restore it from a backup, or move it away."
            )

    def __enter__(self) -> BlockReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def read(self, place: int) -> bytes:
        """The payload of the block at `place`."""
        payload = self._payload(place)
        if payload is None:
            raise LedgerError(
                f"{self.path}, the wire record, is damaged at byte {place}. Restore it from a backup; "
                "`gleanery ledger check` lists what else is. Results are not affected."
            )
        return payload

    def places(self) -> Iterator[int]:
        """Where the blocks begin, in order; LedgerError where one is damaged, unless it is a torn end."""
        for found in self.scan():
            if isinstance(found, int):
                yield found
            elif not found.torn:
                self.read(found.start)

    def scan(self) -> Iterator[int | Damage]:
        """Where the blocks begin, and what between or behind them is damaged; every checksum is looked at."""
        place, size = len(MAGIC), self._size()
        while place < size:
            header = self._header(place)
            if header is not None and self._packed(place, header) is not None:
                yield place
                place += _HEADER.size + header[0]
                continue
            following = self._following(place)
            yield Damage(place, size if following is None else following, torn=following is None)
            if following is None:
                return
            place = following

    def whole_end(self) -> int:
        """Where the last whole block ends. Only headers are read, and blocks from the end: there may be gigabytes."""
        place: int | None = len(MAGIC)
        end, size = len(MAGIC), self._size()
        last: deque[int] = deque(maxlen=_LAST_BLOCKS)
        while place is not None and place < size:
            header = self._header(place)
            if header is None:
                place = self._following(place)
            else:
                last.append(place)
                place = end = place + _HEADER.size + header[0]
        while last and not self._is_whole(last[-1]):  # a machine that went down wrote their headers, and no more
            end = last.pop()
        return end

    def _size(self) -> int:
        return os.fstat(self._stream.fileno()).st_size

    def _header(self, place: int) -> tuple[int, int, int] | None:
        """Length, checksum and dictionary of the block at `place`; None where there is no such block as a whole."""
        raw = os.pread(self._stream.fileno(), _HEADER.size, place)
        if len(raw) < _HEADER.size:
            return None
        mark, length, checksum, dictionary = _HEADER.unpack(raw)
        whole = place + _HEADER.size + length <= self._size()
        return (length, checksum, dictionary) if mark == _MARK and dictionary < place and whole else None

    def _packed(self, place: int, header: tuple[int, int, int]) -> bytes | None:
        """What the block holds, compressed; None where it is not what was written."""
        length, checksum, dictionary = header
        packed = os.pread(self._stream.fileno(), length, place + _HEADER.size)
        return packed if _checksum(packed, dictionary) == checksum else None

    def _is_whole(self, place: int) -> bool:
        header = self._header(place)
        return header is not None and self._packed(place, header) is not None

    def _payload(self, place: int) -> bytes | None:
        header = self._header(place) if place >= len(MAGIC) else None
        packed = None if header is None else self._packed(place, header)
        if header is None or packed is None:
            return None
        if not header[2]:
            return zlib.decompress(packed, wbits=-15)
        unpacker = zlib.decompressobj(wbits=-15, zdict=self._dictionary(header[2]))
        return unpacker.decompress(packed) + unpacker.flush()

    def _dictionary(self, place: int) -> bytes:
        if place not in self._dictionaries:
            self._dictionaries[place] = self.read(place)[-_WINDOW:]
        return self._dictionaries[place]

    def _following(self, place: int) -> int | None:
        """Where the next whole block begins behind a place that is damaged."""
        start = place + 1
        while part := os.pread(self._stream.fileno(), _STRIDE, start):
            found = part.find(_MARK)
            while found >= 0:
                if self._is_whole(start + found):
                    return start + found
                found = part.find(_MARK, found + 1)
            start += max(len(part) - len(_MARK) + 1, 1)
        return None


def _checksum(packed: bytes, dictionary: int) -> int:
    return zlib.crc32(packed, dictionary & 0xFFFFFFFF)


def _write_all(descriptor: int, data: bytes, place: int) -> None:
    view = memoryview(data)
    while view:
        count = os.pwrite(descriptor, view, place)
        view, place = view[count:], place + count


def _unwritable(path: Path, error: OSError) -> str:
    reason = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG) else error.strerror
    return (
        f"{path}, the wire record, cannot be written: {reason}. Free some space (`gleanery ledger prune` deletes old "
        'jobs), or keep fewer exchanges: `wire = "failures"` in the settings.'
    )
