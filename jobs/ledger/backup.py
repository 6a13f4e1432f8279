"""A copy of a ledger, whole or not at all, while the worker goes on: a folder that can be a ledger's home by itself."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
from pathlib import Path

from gleanery.errors import LedgerError, UsageError
from gleanery.jobs.ledger.faults import fault
from gleanery.jobs.ledger.ledger import FILE, Ledger
from gleanery.jobs.ledger.retention import size_of
from gleanery.jobs.ledger.wire import wire_file


def back_up(ledger: Ledger, folder: Path) -> int:
    """Copy the ledger and its wire files into a new folder (0700): how many bytes that has.

    UsageError where the folder is there already, LedgerError where it cannot be written, has no room, or the ledger is
    damaged.
    """
    folder = folder.absolute()
    if folder.exists() or folder.is_symlink():
        raise UsageError(f"{folder} exists already. Name a folder that does not, such as one with the date.")
    if not folder.parent.is_dir():
        raise UsageError(f"{folder}: there is no folder {folder.parent}. Make it first: mkdir -p '{folder.parent}'")
    _check_room(ledger, folder)
    partial = folder.parent / f".gleanery-{secrets.token_hex(8)}.part"
    try:
        _fill(ledger, partial)
        size = size_of(partial).all
        partial.rename(folder)
    except OSError as error:
        raise LedgerError(
            f"{folder}, the backup, cannot be written: {error.strerror}. Choose another place."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    _sync(folder.parent)
    return size


def _fill(ledger: Ledger, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    copy = folder / FILE
    os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    _copy_database(ledger, copy)
    # After the ledger: exchanges are written before the results that name them, so all of those are in the files.
    (folder / "wire").mkdir(mode=0o700)
    for job in ledger.jobs():
        _copy_file(wire_file(ledger.home, job.id), wire_file(folder, job.id))
    _sync(folder / "wire")
    _sync(folder)


def _copy_database(ledger: Ledger, path: Path) -> None:
    """In one step, and so of one moment: a copy in several would begin anew with each commit of the worker."""
    try:
        target = sqlite3.connect(path)
        try:
            ledger.database.connection.backup(target, pages=-1)
            found = target.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            target.close()
    except sqlite3.Error as error:
        raise fault(path, error) from error
    if found != "ok":
        raise LedgerError(
            f"{ledger.database.path} is damaged ({found}), and is not copied. `gleanery ledger check` says how far; an "
            "older backup takes its place."
        )


def _copy_file(source: Path, target: Path) -> None:
    try:
        stream = source.open("rb")
    except FileNotFoundError:  # no exchanges, or the job was deleted just now
        return
    with stream, os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as copy:
        shutil.copyfileobj(stream, copy, 1 << 20)
        copy.flush()
        os.fsync(copy.fileno())


def _check_room(ledger: Ledger, folder: Path) -> None:
    needed, free = size_of(ledger.home).all, shutil.disk_usage(folder.parent).free
    if needed > free:
        raise LedgerError(
            f"{folder}: the backup needs {needed // 1_000_000 + 1} MB, and the disk has {free // 1_000_000}. Choose "
            "another disk, or delete old jobs first: `gleanery ledger prune`."
        )


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
