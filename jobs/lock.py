"""One worker for a ledger: a lock that ends with its holder, and that no child of it can keep.

A POSIX record lock belongs to a process: the kernel takes it back at its death, whatever its children do. It has two
traps, against which this module keeps a list of what this process holds: a process never finds its own lock taken, and
loses it when it closes any descriptor of the file. So nobody else opens `worker.lock`, not even to read it.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import struct
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from time import time
from types import TracebackType

from gleanery.errors import WorkerError

FILE = "worker.lock"

_MAC = sys.platform == "darwin"
_FLOCK = struct.Struct("qqihh" if _MAC else "hhqqi0q")
"""`struct flock`: start, length, process, type and whence; Linux has type and whence first."""

_File = tuple[int, int]
_NOWHERE: _File = (-1, -1)
_held: dict[_File, WorkerLock] = {}
"""The locks that this process holds, by device and inode."""
_guard = threading.Lock()


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds the lock, and since when (seconds since 1970).

    `here`: its number means that process on this system; a worker in another container has a number of its own there,
    by which it cannot be reached from here.
    """

    pid: int
    began: float
    here: bool = True


class WorkerLock:
    """The lock of the worker of the ledger in `home`. A POSIX record lock: it goes when the process dies, and a forked
    child does not have it. Holds the number of the process, for whoever finds it taken."""

    def __init__(self, home: Path) -> None:
        self.path = home / FILE
        self._descriptor: int | None = None

    def acquire(self) -> bool:
        """Take it, at once or not at all. WorkerError where the folder cannot be written."""
        with _guard:
            holding = _held.get(_file_at(self.path))
            return holding is self if holding else self._take()

    def release(self) -> None:
        """Give it back."""
        with _guard:
            if self._descriptor is None:
                return
            file = _file_of(self._descriptor)
            if _held.get(file) is self:  # not so in a forked child, whose parent still has it
                del _held[file]
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> WorkerLock:
        """Take it; WorkerError that names the holder where it is taken."""
        if not self.acquire():
            raise WorkerError(_taken(self.path.parent))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _take(self) -> bool:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise WorkerError(
                f"{self.path}, the worker's lock, cannot be opened: {error.strerror}. Make its folder writable, or "
                "choose another with GLEANERY_HOME."
            ) from error
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            if error.errno in (errno.EAGAIN, errno.EACCES):
                return False
            raise WorkerError(
                f"{self.path}, the worker's lock, cannot be taken: {error.strerror}. Choose a folder on a disk of this "
                "machine with GLEANERY_HOME."
            ) from error
        with suppress(OSError):  # on a full disk too a worker may be what makes room
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "began": time()}).encode(), 0)
        self._descriptor = descriptor
        _held[_file_of(descriptor)] = self
        return True


def holder_of(home: Path) -> Holder | None:
    """Who holds the lock of the worker; None where nobody does. WorkerError where the lock may not be read."""
    path = home / FILE
    with _guard:
        own = _held.get(_file_at(path))
        if own is not None and own._descriptor is not None:
            return Holder(os.getpid(), _written(own._descriptor)[1])
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise WorkerError(
                f"{path}, the worker's lock, cannot be read: {error.strerror}. It belongs to whoever made it."
            ) from error
        try:
            pid = _locked_by(descriptor)
            written, began = _written(descriptor)
        finally:
            os.close(descriptor)
    if pid is None:
        return None
    if pid <= 0:  # of another container, or beyond the sight of this system
        return Holder(written, began, here=False)
    return Holder(pid, began if written == pid else time())  # it has only just taken it


def _locked_by(descriptor: int) -> int | None:
    """The process that the kernel says holds the lock; not positive where that has no number here."""
    asked = (0, 0, 0, fcntl.F_RDLCK, os.SEEK_SET) if _MAC else (fcntl.F_RDLCK, os.SEEK_SET, 0, 0, 0)
    told = _FLOCK.unpack(fcntl.fcntl(descriptor, fcntl.F_GETLK, _FLOCK.pack(*asked)))
    kind, pid = (told[3], told[2]) if _MAC else (told[0], told[4])
    return None if kind == fcntl.F_UNLCK else int(pid)


def _written(descriptor: int) -> tuple[int, float]:
    """What the last holder wrote: its number, and when it took the lock. Says nothing of whether it still has it."""
    try:
        said = json.loads(os.pread(descriptor, 1000, 0))
        return int(said["pid"]), float(said["began"])
    except (ValueError, KeyError, TypeError):  # a holder that is just writing it, or found the disk full
        return 0, time()


def _taken(home: Path) -> str:
    holder = holder_of(home)
    if holder is None:
        return f"The worker of {home} has only just ended. Try again."
    since = datetime.fromtimestamp(holder.began).strftime("%Y-%m-%d %H:%M:%S")
    where = "" if holder.here else " in another container"
    return (
        f"Process {holder.pid}{where} is the worker of {home} since {since}, and a ledger has only one. "
        "`gleanery worker status` shows it, `gleanery worker stop` ends it."
    )


def _file_at(path: Path) -> _File:
    try:
        found = path.stat()
    except OSError:
        return _NOWHERE
    return found.st_dev, found.st_ino


def _file_of(descriptor: int) -> _File:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino


def _forget() -> None:
    """In a forked child, which holds nothing."""
    _held.clear()
    _guard.release()


# Were another thread in the guard at that moment, it would stay shut for ever in the child.
os.register_at_fork(before=_guard.acquire, after_in_parent=_guard.release, after_in_child=_forget)
