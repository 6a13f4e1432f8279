"""Where an export is written: whole, or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from gleanery.errors import ExportError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DESCRIPTORS = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/")


@contextmanager
def whole_file(path: Path | str) -> Iterator[BinaryIO]:
    """A stream whose bytes stand at `path` once the block has ended well; until then what stood there still does.

    They gather in a hidden file in the same folder, which is removed when the block raises anything (only a killed
    process leaves it behind). Links are followed. What is no regular file (`-` for standard output, a pipe, a device)
    is written directly. Raises ExportError when the place cannot be written.
    """
    if os.fspath(path) in ("-", "/dev/stdout"):
        with _said_of("standard output"):
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
    elif is_stream(path):
        with _said_of(path), _opened(path, os.O_WRONLY, path) as stream:
            yield stream
    else:
        # Symbolic links keep pointing where they point: it is their target that is replaced.
        with _replaced(Path(os.path.realpath(path))) as stream:
            yield stream


def is_stream(path: Path | str) -> bool:
    """Whether the path means something that is written as it comes: standard output, a descriptor, a pipe, a device."""
    text = os.fspath(path)
    if text == "-" or text.startswith(_DESCRIPTORS):
        return True
    with suppress(OSError):
        mode = Path(text).stat().st_mode
        return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
    return False


@contextmanager
def _replaced(target: Path) -> Iterator[BinaryIO]:
    _check(target)
    partial = target.parent / f".gleanery-{secrets.token_hex(8)}.part"
    try:
        with _said_of(target):
            with _opened(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, target) as stream:
                if target.exists():
                    os.fchmod(stream.fileno(), stat.S_IMODE(target.stat().st_mode))
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _check(target: Path) -> None:
    """Refuse before any work is done what could not be written at the end of it."""
    folder = target.parent
    try:
        if target.is_dir():
            raise ExportError(f"{target} is a folder. Name a file in it, such as {target / 'results.jsonl'}.")
        if not folder.is_dir():
            raise ExportError(f"{target}: there is no folder {folder}. Make it first: mkdir -p '{folder}'")
        # A file that may not be written is not to be replaced either, though its folder would allow it.
        for place in (folder, target):
            if place.exists() and not os.access(place, os.W_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise ExportError(sentence(target, error)) from error


def _opened(path: Path | str, flags: int, place: Path | str) -> BinaryIO:
    """The path opened with the mode that the umask leaves; a failure to is said of `place`."""
    try:
        return os.fdopen(os.open(path, flags | os.O_CLOEXEC, 0o666), "wb")
    except OSError as error:
        raise ExportError(sentence(place, error)) from error


@contextmanager
def _said_of(place: Path | str) -> Iterator[None]:
    """Turn a full disk into a sentence; other errors of the block are about something else and pass."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise ExportError(sentence(place, error)) from error
        raise


def is_full(error: OSError) -> bool:
    """Whether something could not be written for want of room. Such an error has no name; one about a file read has."""
    return error.errno in _FULL and error.filename is None


def sentence(place: Path | str, error: OSError) -> str:
    """Why a place cannot be written, and what to do about it."""
    if error.errno in _FULL:
        return f"{place}: the disk is full. Free some space, or write to another disk."
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{place}: no permission to write there. Choose another place, or change its permissions with chmod."
    return f"{place} cannot be written: {error.strerror}. Choose another place."


def _sync_folder(folder: Path) -> None:
    """Bring the new name to disk; some file systems have no such call, and the file is in place already."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
