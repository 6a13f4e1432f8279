"""The folder of a job in which its tools may read and write, and out of which no path leads.

Every path is walked component by component from an open folder, following no link (`openat` with O_NOFOLLOW), and what
is read or written is what was opened: nothing is looked up twice, so that a folder swapped for a link meanwhile
leads nowhere.
"""

from __future__ import annotations

import os
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from gleanery.errors import UsageError
from gleanery.tools.given import Given

MOST_READ = 10_000_000
"""Bytes of a file that is read."""
MOST_WRITTEN = 1_000_000
"""Bytes of a file that is written."""
MOST_LISTED = 1_000
_LONGEST, _DEEPEST = 1_000, 32
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_PART = ".gleanery-part"
_writing = threading.Lock()  # so that of two records that write the same new file one is told that it is there


class Entry(NamedTuple):
    """A file of the workspace with its size in bytes, or a folder (None)."""

    name: str
    bytes: int | None


class Workspace(Given):
    """A job's folder. What leads out of it, and what is neither a plain file nor a folder, is refused: UsageError."""

    __slots__ = ("_folder",)

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self, path: str) -> bytes:
        """The bytes of a file; UsageError where it has more than MOST_READ."""
        *folders, name = _components(path, file=True)
        with self._open(folders, path) as folder, _told(path):
            _plain_file(os.stat(name, dir_fd=folder, follow_symlinks=False), path)
            file = os.open(name, _READ, dir_fd=folder)
            with os.fdopen(file, "rb") as stream:
                _plain_file(os.fstat(file), path)  # what is open, whatever stood there a moment ago
                content = stream.read(MOST_READ + 1)
        if len(content) > MOST_READ:
            raise UsageError(f"`{path}` has more than {MOST_READ:,} bytes, too many to read.")
        return content

    def entries(self, path: str = ".") -> list[Entry]:
        """The files and folders in a folder, by name, at most MOST_LISTED; links and devices are left out."""
        with self._open(_components(path), path) as folder, _told(path), os.scandir(folder) as found:
            listed = []
            for entry in found:
                about = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(about.st_mode):
                    listed.append(Entry(_printed(entry.name), None))
                elif stat.S_ISREG(about.st_mode) and not entry.name.endswith(_PART):
                    listed.append(Entry(_printed(entry.name), about.st_size))
        return sorted(listed, key=lambda entry: entry.name)[:MOST_LISTED]

    def write(self, path: str, content: bytes, *, replace: bool = False) -> bool:
        """Write a file whole or not at all, with the folders it stands in; whether one was replaced.

        UsageError where it is there and is not to be replaced, is no plain file, or has other names (hard links).
        """
        *folders, name = _components(path, file=True)
        if len(content) > MOST_WRITTEN:
            raise UsageError(f"A file may have {MOST_WRITTEN:,} bytes, and this has {len(content):,}. Write less.")
        with self._open(folders, path, make=True) as folder, _told(path):
            part = f".{secrets.token_hex(8)}{_PART}"
            try:
                with os.fdopen(os.open(part, _NEW, 0o600, dir_fd=folder), "wb") as stream:
                    stream.write(content)
                    stream.flush()
                    os.fsync(stream.fileno())
                with _writing:
                    there = _replaceable(folder, name, path, replace=replace)
                    os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                with suppress(OSError):
                    os.unlink(part, dir_fd=folder)
                raise
        return there

    @contextmanager
    def _open(self, folders: list[str], path: str, *, make: bool = False) -> Iterator[int]:
        """The folder at the end of a walk from the workspace, as a descriptor; `make` makes those that are missing."""
        with _told(path):
            current = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for name in folders:
                with _told(path):
                    if make:
                        with suppress(FileExistsError):
                            os.mkdir(name, 0o700, dir_fd=current)
                    below = os.open(name, _FOLDER, dir_fd=current)
                os.close(current)
                current = below
            yield current
        finally:
            os.close(current)


def _components(path: str, *, file: bool = False) -> list[str]:
    """The names that a path goes through, without any that could lead up or out."""
    if "\0" in path or len(path) > _LONGEST or not path.isprintable():
        raise UsageError("A path is one line of at most 1,000 printable characters.")
    if path.startswith(("/", "~", "\\")):
        raise UsageError(f"`{path}` leads out of the workspace. Paths start in it: `notes/a.txt`.")
    names = [name for name in path.split("/") if name not in ("", ".")]
    if ".." in names:
        raise UsageError(f"`{path}` leads up, and may lead out of the workspace. Write it without `..`.")
    if file and not names:
        raise UsageError(f"`{path}` names no file. Write it like `notes/a.txt`.")
    if len(names) > _DEEPEST:
        raise UsageError(f"`{path}` goes through more than {_DEEPEST} folders.")
    return names


def _replaceable(folder: int, name: str, path: str, *, replace: bool) -> bool:
    """Whether there is a file that may be replaced."""
    try:
        there = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    _plain_file(there, path)
    if there.st_nlink > 1:
        raise UsageError(f"`{path}` is a file that has other names too (hard links), so it is not written.")
    if not replace:
        raise UsageError(f"`{path}` is there already. Take another name, or say that it is to be replaced.")
    return True


def _plain_file(about: os.stat_result, path: str) -> None:
    if stat.S_ISDIR(about.st_mode):
        raise UsageError(f"`{path}` is a folder, not a file.")
    if not stat.S_ISREG(about.st_mode):
        raise UsageError(f"`{path}` is no plain file, so it is left alone.")


@contextmanager
def _told(path: str) -> Iterator[None]:
    """Turn what the system says into a sentence that names the path as it was given, and no other."""
    try:
        yield
    except FileNotFoundError:
        raise UsageError(f"There is no `{path}` in the workspace. List its files.") from None
    except OSError as error:
        raise UsageError(f"`{path}` cannot be used: {os.strerror(error.errno or 0)}.") from None


def _printed(name: str) -> str:
    """A name as text, whatever bytes it has."""
    return name.encode("utf-8", "replace").decode()
