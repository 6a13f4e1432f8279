"""What SQLite and the file system say when a ledger cannot be used, as sentences that say what to do."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from gleanery.errors import LedgerError

_FULL = (
    "The disk of {path} is full: the last writing was undone, what was committed before stands. Make room, for example "
    "with `gleanery ledger prune`, and go on."
)
_READ_ONLY = (
    "{path} cannot be written: the file, its folder or its disk is read-only. Give yourself the right to write there, "
    "or set GLEANERY_HOME to another folder."
)
_UNOPENED = "{path} cannot be opened: {detail}. See whether its folder is there and yours, or set GLEANERY_HOME."
_LOCKED = (
    "{path} stayed locked for too long by another process. Look for one that hangs (`gleanery worker status`), and try "
    "again."
)
_DAMAGED = (
    "{path} is damaged ({detail}). Stop the worker, and see with `gleanery ledger check` what can be read; the folder "
    "of a copy made by `gleanery ledger backup` takes the place of its folder."
)
_FOREIGN = "{path} is not a ledger of Gleanery: {detail}. Move it away, or set GLEANERY_HOME to another folder."
_FAILED = (
    "{path} could not be read or written: {detail}. What was committed before stands. See whether its disk is there "
    "and healthy, and try again."
)
_GONE = (
    "{path}, or its -wal or -shm, was deleted, replaced or moved while it was open: nothing more is written to it. "
    "Stop what works on it, put all three back, or the folder of a copy made by `gleanery ledger backup`, and start "
    "again."
)
_ORPHANED = (
    "{path} is not there, but {log} is, with what was written to it last. Put the ledger back beside it; to begin "
    "another one, move {log} away."
)
_CUT = "it is shorter than it was"

_SENTENCES = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_AUTH: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _UNOPENED,
    sqlite3.SQLITE_BUSY: _LOCKED,
    sqlite3.SQLITE_LOCKED: _LOCKED,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _FOREIGN,
}
_LITTLE = 1 << 20
"""Bytes that are too few for anything: a failed writing on a disk that has no more is for want of room."""


def is_busy(error: sqlite3.Error) -> bool:
    """Whether only another connection was in the way."""
    return _code(error) in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def fault(path: Path, error: sqlite3.Error, *, was_sound: bool = False) -> LedgerError:
    """What SQLite said, as an error of ours; `was_sound`: of a ledger that could be used before."""
    sentence = _SENTENCES.get(_code(error), _FAILED)
    if sentence is _FOREIGN and was_sound:
        sentence = _DAMAGED
    if sentence is _FAILED and _code(error) == sqlite3.SQLITE_IOERR and _is_full(path):
        sentence = _FULL
    return LedgerError(sentence.format(path=path, detail=error))


def refused_by_system(path: Path, error: OSError) -> LedgerError:
    """What the file system said."""
    return LedgerError(_UNOPENED.format(path=path, detail=error.strerror))


def foreign(path: Path, detail: str) -> LedgerError:
    """The file is something else."""
    return LedgerError(_FOREIGN.format(path=path, detail=detail))


def gone(path: Path) -> LedgerError:
    """The file is not there any more, or another one is in its place."""
    return LedgerError(_GONE.format(path=path))


def orphaned(path: Path, log: Path) -> LedgerError:
    """The file is not there, but its log is."""
    return LedgerError(_ORPHANED.format(path=path, log=log.name))


def cut(path: Path) -> LedgerError:
    """The file was truncated."""
    return LedgerError(_DAMAGED.format(path=path, detail=_CUT))


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def _is_full(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _LITTLE
    except OSError:
        return False
