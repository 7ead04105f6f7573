"""``register.sqlite``: a row for each run and each approval, in a chain of digests. Nothing in it is ever changed."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Final

import msgspec

from central.finding import when
from central.register.manifest import NONE, ChangedError, Entry, RunError, decode, encode, entry_digest, sealed
from central.sqlite_file import connect

REGISTER: Final = "register.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    what TEXT NOT NULL,
    body TEXT NOT NULL,
    UNIQUE (run, what)
) STRICT;
""" + "".join(
    f"CREATE TRIGGER IF NOT EXISTS no_{what.lower()} BEFORE {what} ON entries "
    "BEGIN SELECT RAISE(ABORT, 'the register is never changed'); END;\n"
    for what in ("UPDATE", "DELETE")
)


class RegisterFile:
    """The file; the row of a run is the last thing that is written of it."""

    def __init__(self, path: Path) -> None:
        """Open it for writing; it is made if it isn't there.

        Raises:
            sqlite3.Error: it can't be opened, or isn't a register.
        """
        self._path = path
        self._db = connect(path, _SCHEMA, journal="DELETE")

    def add(self, entry: Entry) -> Entry:
        """Commit a row; number, previous and digest are given to it here.

        Raises:
            RunError: there is such a row, the chain is broken, or the register is another cluster's.
            sqlite3.Error: it can't be written.
        """
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            before = _entries(self._db, self._path)
            if before and before[0].cluster != entry.cluster:
                raise RunError(foreign(self._path, before[0].cluster, entry.cluster))
            if same := next((one for one in before if (one.run, one.what) == (entry.run, entry.what)), None):
                raise RunError(f"{entry.run}: {_there(same)}: it is never changed")
            previous = before[-1].digest if before else NONE
            row = sealed(msgspec.structs.replace(entry, number=len(before) + 1, previous=previous))
            body = encode(row).decode()
            self._db.execute("INSERT INTO entries VALUES (?, ?, ?, ?)", (row.number, row.run, row.what, body))
        return row

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _there(entry: Entry) -> str:
    if entry.what == "approval":
        return f"has its approval already, by {entry.by} at {when(entry.at)}"
    return f"there is such a {entry.what} already"


def foreign(path: Path, theirs: str, ours: str) -> str:
    """What is said of a register that is another cluster's."""
    return f"{path}: is the register of {theirs!r}, not of {ours!r}: each cluster has a register of its own"


def entries_of(path: Path) -> list[Entry]:
    """All rows in their order, checked as a chain.

    Raises:
        FileNotFoundError: there is no register.
        RunError: it can't be read, or a row was changed or taken out.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    try:
        db = connect(path, "", read_only=True)
        try:
            return _entries(db, path)
        finally:
            db.close()
    except sqlite3.Error as error:
        raise RunError(f"{path}: can't be read: {error}") from error


def _entries(db: sqlite3.Connection, path: Path) -> list[Entry]:
    found: list[Entry] = []
    if db.execute("SELECT 1 FROM sqlite_schema WHERE name = 'entries'").fetchone() is None:
        return found
    for number, run, what, body in db.execute("SELECT number, run, what, body FROM entries ORDER BY number"):
        try:
            one = decode(body.encode(), Entry, f"{path}: row {number}")
        except RunError as error:
            raise ChangedError(f"{error}: the chain is broken") from error
        before = found[-1].digest if found else NONE
        right = (one.number, one.run, one.what, one.previous, one.digest) == (
            *(len(found) + 1, run, what, before),
            entry_digest(one),
        )
        if not right or one.number != number:
            raise ChangedError(f"{path}: the chain is broken at row {number}: a row was changed or taken out")
        found.append(one)
    return found
