"""The ledger's SQLite file: opened so that what is committed is on disk, and used in short transactions.

Nobody in a process that has it open may open and close the same file by other means than SQLite: closing any descriptor
of it gives up the locks of them all.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from gleanery.errors import LedgerError
from gleanery.jobs.ledger.faults import cut, fault, foreign, gone, is_busy, orphaned, refused_by_system
from gleanery.jobs.ledger.schema import APPLICATION, MIGRATIONS, VERSION

PATIENCE = 30.0
"""Seconds that a transaction waits for its turn."""
_POLL = 0.001
"""Seconds between two looks for the write lock: SQLite's own waiting looks so seldom that a process which writes chunk
after chunk would keep others out."""
_CHECKPOINT = 4000
"""Pages (16 MB) after which the write-ahead log is brought into the file."""
_LONG_LOG = 64 << 20
"""Bytes of the write-ahead log from which it is emptied by force, and to which it is cut otherwise."""
_EMPTYING = 0.2
"""Seconds for which readers may be in the way of emptying it."""
_RESPITE = 5.0
"""Seconds from then on in which it is not tried again."""
_CACHE_KB = 32_000

_T = TypeVar("_T")
_Row = tuple[Any, ...]


class Database:
    """A connection to the file of a ledger; made by `Database.open`. Used by one thread at a time."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.connection = connection
        self._log, self._index = log_of(path), path.with_name(f"{path.name}-shm")
        self._files: tuple[tuple[int, int], ...] = ()
        self._size = 0
        self._empty_at = 0.0

    @classmethod
    def open(cls, path: Path) -> Database:
        """Open the file, made by `make_file`, and bring it to this version. LedgerError where that cannot be."""
        if sqlite3.sqlite_version_info < (3, 37):
            raise LedgerError(f"SQLite {sqlite3.sqlite_version} is too old: use a Python with SQLite 3.37 or newer.")
        try:
            # Isolation None: transactions begin and end where they are written down, below.
            connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise fault(path, error) from error
        database = cls(path, connection)
        try:
            with database._faults():
                database._set_up()
        except BaseException as error:
            connection.close()
            if isinstance(error, OSError):
                raise refused_by_system(path, error) from error
            raise
        return database

    def close(self) -> None:
        """Close the file."""
        with self._faults():
            self.connection.close()

    # Transactions

    @contextmanager
    def reading(self) -> Iterator[None]:
        """A transaction in which all that is read is of one moment. Keep it short."""
        with self._transaction("BEGIN"):
            yield

    @contextmanager
    def writing(self) -> Iterator[None]:
        """A transaction that is on disk when this ends, or undone. Within another one it is part of that."""
        with self._transaction("BEGIN IMMEDIATE"):
            yield

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[_Row]:
        """All rows of a query."""
        with self._faults():
            if not self.connection.in_transaction:
                self._check_files()
            return self.connection.execute(statement, values).fetchall()

    def row(self, statement: str, values: Sequence[Any] = ()) -> _Row | None:
        """The first row of a query."""
        return next(iter(self.rows(statement, values)), None)

    def value(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """The one value of a query's first row; None where there is no row."""
        row = self.row(statement, values)
        return row[0] if row else None

    def change(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Change rows, within `writing`: how many were."""
        with self._faults():
            return self.connection.execute(statement, values).rowcount

    def insert(self, statement: str, values: Sequence[Any]) -> int:
        """Insert a row, within `writing`: its number."""
        with self._faults():
            return self.connection.execute(statement, values).lastrowid or 0

    def change_all(self, statement: str, rows: Iterable[Sequence[Any]]) -> None:
        """Do the same with many rows, within `writing`."""
        with self._faults():
            self.connection.executemany(statement, rows)

    # The write-ahead log

    def keep_log_short(self) -> None:
        """Empty the write-ahead log where readers kept it from being emptied for longer than is good."""
        if self._size_of_log() > _LONG_LOG:
            self.empty_log()

    def empty_log(self) -> bool:
        """Bring the write-ahead log into the file, and cut it to nothing, so that nothing deleted is left in it.

        False where readers are in the way; then it is not tried again at once, which would hold everything up.
        """
        if time.monotonic() < self._empty_at:
            return False
        with self._faults(), self._waiting(_EMPTYING):
            busy, _, _ = self.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        self._empty_at = time.monotonic() + _RESPITE if busy else 0.0
        return not busy

    def give_back(self, pages: int) -> bool:
        """Give up to that many empty pages back to the disk: whether there are more. A transaction of its own."""
        with self._faults():
            self._check_files()
            if not self._empty_pages():
                return False
            # It works page by page, as its rows are read, which `execute` does not do: it sees no columns.
            self.connection.executescript(f"PRAGMA incremental_vacuum({pages})")
            return bool(self._empty_pages())

    # How it is done

    def _empty_pages(self) -> int:
        return int(self.connection.execute("PRAGMA freelist_count").fetchone()[0])

    def _size_of_log(self) -> int:
        try:
            return self._log.stat().st_size
        except OSError:
            return 0

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        if self.connection.in_transaction:
            yield
            return
        with self._faults():
            self._check_files()
            self._begin(begin)
        try:
            yield
            with self._faults():
                self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:  # SQLite undoes some by itself, when the disk is full
                with self._faults():
                    self.connection.execute("ROLLBACK")
            raise

    def _begin(self, begin: str) -> None:
        with self._waiting(0):
            _patiently(lambda: self.connection.execute(begin))

    @contextmanager
    def _waiting(self, seconds: float) -> Iterator[None]:
        """For that long SQLite waits by itself, for a while."""
        self.connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
        try:
            yield
        finally:
            self.connection.execute(f"PRAGMA busy_timeout = {int(PATIENCE * 1000)}")

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise fault(self.path, error, was_sound=bool(self._files)) from error

    def _set_up(self) -> None:
        for pragma in (
            "foreign_keys = ON",
            "secure_delete = ON",
            f"cache_size = -{_CACHE_KB}",
            "synchronous = FULL",
            "fullfsync = ON",  # macOS's own fsync leaves it to the disk when it writes
            "checkpoint_fullfsync = ON",
        ):
            self.connection.execute(f"PRAGMA {pragma}")
        if self._is_new():
            # Before the first table, or never: gives back room without rewriting the whole file.
            self.connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        _patiently(lambda: self.connection.execute("PRAGMA journal_mode = WAL"))
        self.connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT}")
        self.connection.execute(f"PRAGMA journal_size_limit = {_LONG_LOG}")
        while self._version() < VERSION:
            self._migrate()
        self._files, self._size = self._identity(), self.path.stat().st_size

    def _is_new(self) -> bool:
        """Whether the file is empty. LedgerError where it is somebody else's, or of a newer version."""
        row = self.connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        application = self.connection.execute("PRAGMA application_id").fetchone()[0]
        if application == 0 and row[0] == 0:
            return True
        if application != APPLICATION:
            raise foreign(self.path, "it is an SQLite file with something else in it")
        if self._version() > VERSION:
            raise LedgerError(
                f"{self.path} was written by a newer Gleanery (ledger version {self._version()}; this one knows "
                f"{VERSION}). Nothing was changed. Use that Gleanery, or set GLEANERY_HOME to another folder."
            )
        return False

    def _version(self) -> int:
        return int(self.connection.execute("PRAGMA user_version").fetchone()[0])

    def _migrate(self) -> None:
        """One version further, unless another process was quicker."""
        self._begin("BEGIN IMMEDIATE")
        try:
            version = self._version()
            if version < VERSION:
                for statement in _statements(MIGRATIONS[version]):
                    self.connection.execute(statement)
                self.connection.execute(f"PRAGMA application_id = {APPLICATION}")
                self.connection.execute(f"PRAGMA user_version = {version + 1}")
            self.connection.execute("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("ROLLBACK")
            raise

    def _check_files(self) -> None:
        """LedgerError where somebody took the file away under us, or cut it."""
        if not self._files:
            return
        try:
            same, size = self._identity() == self._files, self.path.stat().st_size
        except OSError:
            same, size = False, 0
        if not same:
            raise gone(self.path)
        if size < self._size and not self._is_whole(size):
            raise cut(self.path)
        self._size = size

    def _identity(self) -> tuple[tuple[int, int], ...]:
        """Which files they are; the log and its index are there for as long as anybody has the ledger open.

        Two processes with an index each would not see what the other writes, and overwrite it.
        """
        files = (self.path.stat(), self._log.stat(), self._index.stat())
        return tuple((stat.st_dev, stat.st_ino) for stat in files)

    def _is_whole(self, size: int) -> bool:
        """Whether a file that became shorter is all there, as after giving back room."""
        pages, page = (self.connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        if size >= pages * page:
            return True
        fresh = sqlite3.connect(self.path, timeout=PATIENCE)  # what this connection has in its cache proves nothing
        try:
            found = tuple(
                fresh.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "quick_check(1)")
            )
            return found == (APPLICATION, "ok")
        finally:
            fresh.close()


def log_of(path: Path) -> Path:
    """SQLite's write-ahead log, which is a part of the file at `path`."""
    return path.with_name(f"{path.name}-wal")


def make_file(path: Path) -> None:
    """An empty file for its owner's eyes only, where there is none, in a folder that is the same.

    LedgerError where the log of one is there that was taken away: SQLite would throw it away.
    """
    try:
        if log_of(path).exists() and not os.path.lexists(path):  # in this order: another process may just make both
            raise orphaned(path, log_of(path))
        _make_folder(path.parent)
        # Only a file that is new, and so open nowhere, may be closed here: see above.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise refused_by_system(path, error) from error


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def _patiently(work: Callable[[], _T]) -> _T:
    """Do it as soon as no other connection is in the way."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return work()
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > deadline:
                raise
        time.sleep(_POLL)


def _statements(script: str) -> Iterator[str]:
    """The statements of a script: sqlite3's own way to run one would commit first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
