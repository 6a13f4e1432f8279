"""The ledger's tables, version by version: `MIGRATIONS[n]` leads from version n to n + 1. What was released stays as it
is; a change is a further migration."""

from __future__ import annotations

_FIRST = """
CREATE TABLE jobs (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    id        TEXT NOT NULL UNIQUE,
    state     TEXT NOT NULL,
    reason    TEXT,
    task      TEXT NOT NULL,
    manifest  BLOB NOT NULL,
    bundle    TEXT NOT NULL REFERENCES bundles (digest),
    priority  INTEGER NOT NULL DEFAULT 0,
    place     REAL NOT NULL,
    loaded    INTEGER NOT NULL DEFAULT 0,
    read_from TEXT NOT NULL DEFAULT '',
    total     INTEGER NOT NULL DEFAULT 0,
    todo      INTEGER NOT NULL DEFAULT 0,
    ok        INTEGER NOT NULL DEFAULT 0,
    review    INTEGER NOT NULL DEFAULT 0,
    failed    INTEGER NOT NULL DEFAULT 0,
    cached    INTEGER NOT NULL DEFAULT 0,
    pace      BLOB NOT NULL DEFAULT (x'7B7D'),
    pins      BLOB NOT NULL DEFAULT (x'7B7D'),
    submitted REAL NOT NULL,
    started   REAL,
    ended     REAL
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state);

-- The files of a task's folder as they were when it was submitted, once however many jobs it has.
CREATE TABLE bundles (digest TEXT PRIMARY KEY, files BLOB NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE dependencies (
    job   INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    after TEXT NOT NULL,
    PRIMARY KEY (job, after)
) STRICT, WITHOUT ROWID;

CREATE TABLE records (
    job      INTEGER NOT NULL,
    position INTEGER NOT NULL,
    id       TEXT NOT NULL,
    text     TEXT NOT NULL,
    carried  BLOB,
    issues   BLOB,
    PRIMARY KEY (job, position)
) STRICT, WITHOUT ROWID;

-- Appended to and never changed; a record has one row at most, which is what `todo` is the want of. No number is given
-- twice: `superseded` keeps those of rows that stood here.
CREATE TABLE results (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    job       INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    status    TEXT NOT NULL,
    body      BLOB NOT NULL,
    about     BLOB NOT NULL,
    cached    INTEGER NOT NULL DEFAULT 0,
    content   BLOB,     -- what it depends on, as a digest: equal work has equal content
    exchanges INTEGER,  -- where its exchanges begin in the job's wire file
    at        REAL NOT NULL
) STRICT;
CREATE UNIQUE INDEX results_by_position ON results (job, position);
CREATE INDEX results_by_number ON results (job, number);
CREATE INDEX results_not_ok ON results (job, status, position) WHERE status <> 'ok';
CREATE INDEX results_by_content ON results (content) WHERE content IS NOT NULL;

-- What stood in `results` before a retry.
CREATE TABLE superseded (
    number    INTEGER PRIMARY KEY,
    job       INTEGER NOT NULL,
    position  INTEGER NOT NULL,
    status    TEXT NOT NULL,
    body      BLOB NOT NULL,
    about     BLOB NOT NULL,
    cached    INTEGER NOT NULL DEFAULT 0,
    exchanges INTEGER,
    at        REAL NOT NULL
) STRICT;
CREATE INDEX superseded_by_position ON superseded (job, position);

CREATE TABLE commands (
    number    INTEGER PRIMARY KEY AUTOINCREMENT,
    at        REAL NOT NULL,
    job       TEXT NOT NULL,
    verb      TEXT NOT NULL,
    arguments BLOB NOT NULL,
    answered  REAL,
    ok        INTEGER,  -- 1: it was done, 0: it could not be, `answer` says why
    answer    TEXT
) STRICT;
CREATE INDEX commands_pending ON commands (number) WHERE answered IS NULL;

CREATE TABLE events (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    at     REAL NOT NULL,
    job    TEXT,
    kind   TEXT NOT NULL,
    text   TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_job ON events (job, number);

-- Jobs that were deleted, and whose rows are still being taken away, some at a time.
CREATE TABLE deletions (job INTEGER PRIMARY KEY, id TEXT NOT NULL) STRICT;
"""

MIGRATIONS: tuple[str, ...] = (_FIRST,)

APPLICATION = 0x676C6E72
"""What tells a ledger from other SQLite files (`PRAGMA application_id`): "glnr"."""

VERSION = len(MIGRATIONS)
"""The version of the ledgers that this package writes (`PRAGMA user_version`)."""
