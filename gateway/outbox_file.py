"""The outbox's file: its tables, its lock, its transactions, and how it is made or carried over from an earlier layout.

Small pages: a commit writes whole pages, and a gateway commits a few rows at a time on a card that wears. Rows are
appended, and what marks them by state is indexed only while they wait or were refused.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import uuid
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

PAGE_SIZE: Final = 1024
LAYOUT: Final = "3"
_WAL_PAGES: Final = 4096
_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE epochs (
    id INTEGER PRIMARY KEY, meter TEXT NOT NULL, register TEXT NOT NULL, epoch TEXT NOT NULL,
    UNIQUE (meter, register, epoch)
) STRICT;
CREATE TABLE machines (id INTEGER PRIMARY KEY, boot TEXT NOT NULL, clock TEXT NOT NULL, UNIQUE (boot, clock)) STRICT;
CREATE TABLE stands (
    sequence INTEGER PRIMARY KEY, life INTEGER NOT NULL, at INTEGER NOT NULL,
    wh ANY NOT NULL, resolution ANY NOT NULL, before INTEGER NOT NULL, after INTEGER NOT NULL,
    quality INTEGER NOT NULL, machine INTEGER NOT NULL, monotonic_ms INTEGER NOT NULL, late_s INTEGER NOT NULL,
    checksum INTEGER NOT NULL, state INTEGER NOT NULL, reason TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX stands_by_at ON stands (at, life);
CREATE INDEX stands_waiting ON stands (at) WHERE state = 0;
CREATE INDEX stands_aside ON stands (state) WHERE state = 4;
CREATE TABLE lives (
    life INTEGER PRIMARY KEY, wh ANY NOT NULL, step ANY NOT NULL, sent INTEGER NOT NULL, received INTEGER NOT NULL,
    wraps INTEGER NOT NULL, scale ANY NOT NULL, checksum INTEGER NOT NULL
) STRICT;
CREATE TABLE requests (id TEXT PRIMARY KEY, request TEXT NOT NULL, number INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""
STATES: Final = ("waiting", "released", "held", "conflict", "aside")
"""A state's number in the file is its place here."""


class OutboxError(Exception):
    """The outbox's file can't be used; the message says which and what to do."""


class transaction:  # noqa: N801 - reads as the statement it stands for
    """Begin, then commit; roll back when the block raises."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """One transaction of that connection."""
        self._connection = connection

    def __enter__(self) -> None:
        """Begin."""
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Commit, or roll back."""
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            # A commit that fails (a full disk) leaves its transaction open.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def lock(path: Path) -> BinaryIO:
    """Make the outbox ours alone until the file that is returned is closed, or the process ends.

    Raises:
        OutboxError: its folder can't be written, or another gateway has it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = path.with_suffix(".lock").open("ab")
    except OSError as error:
        raise OutboxError(f"{path}: the outbox can't be written: {error.strerror}") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise OutboxError(f"{path}: another klaster-gateway is using this outbox") from error
    return held


def connect(path: Path) -> sqlite3.Connection:
    """Open a file of the present layout to write, and check it; make it where there is none.

    Raises:
        sqlite3.Error: it is damaged, or can't be written.
        OutboxError: it is of another layout.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
        if (state := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
            raise DamagedError(state)
        if not connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]:
            make_tables(connection)
        if (there := layout(connection)) != LAYOUT:
            raise OutboxError(f"{path}: its layout is {there}; this version of klaster knows {LAYOUT}")
    except BaseException:
        connection.close()
        raise
    return connection


class DamagedError(sqlite3.DatabaseError):
    """The file's own check found damage."""


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error says that the file is damaged, rather than the disk full or busy."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, DamagedError) or (
        code is not None and code & 0xFF in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
    )


def make_tables(connection: sqlite3.Connection, outbox: str | None = None) -> None:
    """Make the tables in an empty file, all or none; ``outbox`` is the id it goes on with."""
    with transaction(connection):
        for statement in _SCHEMA.split(";\n"):
            connection.execute(statement)
        facts = [("layout", LAYOUT), ("outbox", outbox or uuid.uuid4().hex)]
        connection.executemany("INSERT INTO meta VALUES (?, ?)", facts)


def layout(connection: sqlite3.Connection) -> str:
    """Which layout a file has."""
    row = connection.execute("SELECT value FROM meta WHERE key = 'layout'").fetchone()
    if row is None:
        raise DamagedError("it doesn't say its layout")
    return str(row[0])


class NewFile:
    """A file being made beside the outbox, that takes its place when it is whole."""

    def __init__(self, path: Path, outbox: str | None) -> None:
        """Begin it: ``path`` is the outbox's."""
        self._part = path.with_suffix(".part")
        self._new = path.with_suffix(".new")
        remove(self._part)
        self.connection = sqlite3.connect(self._part, isolation_level=None)
        self.connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        make_tables(self.connection, outbox)

    def __enter__(self) -> Self:
        """All that is written belongs together."""
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute("BEGIN")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """When all went well: it is whole, and nothing but ``finish`` is left to do. Otherwise it is gone."""
        try:
            if kind is None:
                self.connection.execute("COMMIT")
        finally:
            self.connection.close()
            if kind is not None:
                remove(self._part)
        if kind is None:
            self._part.replace(self._new)
            _settle(self._new.parent)


def finish(path: Path, *, keep: bool = True) -> Path | None:
    """Put a whole new file into the outbox's place, if there is one; after a crash midway too.

    What was there is renamed by the time of its last change, its WAL too, unless it needn't be kept; gives that name.
    """
    new = path.with_suffix(".new")
    if not new.exists():
        return None
    aside = _damaged_name(path) if keep and path.exists() else None
    # The file itself comes last: until then its name, and so the others', stays the same.
    for ending in ("-wal", "-shm", ""):
        old = path.with_name(path.name + ending)
        if aside is None:
            old.unlink(missing_ok=True)
        elif old.exists():
            old.replace(aside.with_name(aside.name + ending))
    _settle(path.parent)
    new.replace(path)
    _settle(path.parent)
    return aside


def _damaged_name(path: Path) -> Path:
    changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    name = f"{path.stem}.damaged-{changed:%Y%m%dT%H%M%SZ}"
    found = path.with_name(name + path.suffix)
    return found if not found.exists() else path.with_name(f"{name}-{changed.microsecond}{path.suffix}")


def remove(path: Path) -> None:
    """Remove a database file and what SQLite puts beside it."""
    for ending in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """Wait until the folder's names are on the disk."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
