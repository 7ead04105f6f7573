"""``figures.sqlite``: every document as it was entered, each version of it. Nothing in it is ever changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from central.figures.figure import Document
from central.sqlite_file import connect, has_table
from metering.period import utc_text

FIGURES: Final = "figures.sqlite"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    party TEXT NOT NULL,
    issuer TEXT NOT NULL,
    document TEXT NOT NULL,
    version INTEGER NOT NULL,
    body TEXT NOT NULL,
    file TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    who TEXT NOT NULL,
    at TEXT NOT NULL,
    UNIQUE (party, issuer, document, version)
) STRICT;
""" + "".join(
    f"CREATE TRIGGER IF NOT EXISTS documents_no_{what.lower()} BEFORE {what} ON documents "
    "BEGIN SELECT RAISE(ABORT, 'documents are never changed'); END;\n"
    for what in ("UPDATE", "DELETE")
)
_SELECT = "SELECT number, version, body, file, sha256, who, at FROM documents ORDER BY number"


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """A document with how it was entered."""

    number: int
    """Of the entry, in the order of entering."""
    version: int
    """1, and one more for each document of the same number that took its place."""
    file: str
    sha256: str
    """Of the file."""
    who: str
    at: datetime
    document: Document


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """From where documents are entered."""

    file: str
    sha256: str
    who: str
    at: datetime


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one document of a file."""

    party: str
    issuer: str
    document: str
    rows: int
    version: int
    state: str
    """``new``, ``replaces`` (an earlier version, which is kept), or ``same``: it says what was entered already."""


class FiguresFile:
    """The file; commands write it, beside a running service or without one."""

    def __init__(self, path: Path) -> None:
        """Open it for writing; it is made if it isn't there.

        Raises:
            sqlite3.Error: it can't be opened, or isn't such a file.
        """
        self._db = connect(path, _SCHEMA, journal="DELETE")

    def take(self, documents: Sequence[Document], origin: Origin) -> list[Taken]:
        """Enter the documents of one file, all or none; raises sqlite3.Error where it can't be written."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            there = current(_all(self._db))
            return [self._put(one, there.get(one.key), origin) for one in documents]

    def _put(self, one: Document, before: Entered | None, origin: Origin) -> Taken:
        version, state = (1, "new") if before is None else (before.version + 1, "replaces")
        if before is not None and before.document == one:
            version, state = before.version, "same"
        else:
            body = msgspec.json.encode(one).decode()
            about = (origin.file, origin.sha256, origin.who, utc_text(origin.at))
            self._db.execute(
                "INSERT INTO documents VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)", (*one.key, version, body, *about)
            )
        party, issuer, document = one.key
        return Taken(party=party, issuer=issuer, document=document, rows=len(one.figures), version=version, state=state)

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def entered(path: Path) -> list[Entered]:
    """Every version of every document in the order of entering; none where nothing was ever entered.

    Raises:
        sqlite3.Error: the file can't be read.
    """
    if not has_table(path, "documents"):
        return []
    db = connect(path, "", read_only=True)
    try:
        return _all(db)
    finally:
        db.close()


def current(documents: Sequence[Entered]) -> dict[tuple[str, str, str], Entered]:
    """The version of each document that counts: its last."""
    return {one.document.key: one for one in documents}


def _all(db: sqlite3.Connection) -> list[Entered]:
    try:
        return [_entered(row) for row in db.execute(_SELECT)]
    except (msgspec.DecodeError, ValueError) as error:
        raise sqlite3.DatabaseError(f"a document in it can't be read: {error}") from error


def _entered(row: Sequence[Any]) -> Entered:
    number, version, body, file, sha256, who, at = row
    return Entered(
        number=number,
        version=version,
        file=file,
        sha256=sha256,
        who=who,
        at=datetime.fromisoformat(at),
        document=msgspec.json.decode(body, type=Document),
    )
