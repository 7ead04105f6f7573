"""One moment of a SQLite file that others write to: copying its bytes would miss what waits in the log beside it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import Final

from central.sqlite_file import connect

_HEADER: Final = b"SQLite format 3\0"


class DamagedError(Exception):
    """A database is damaged: a backup of it would be none."""


def is_database(path: Path) -> bool:
    """Whether a file is a SQLite database; raises OSError."""
    with path.open("rb") as file:
        return file.read(len(_HEADER)) == _HEADER


def snapshot(source: Path, target: Path) -> None:
    """Write a consistent copy of a database to a new file; its writer goes on meanwhile.

    Raises:
        DamagedError: the copy isn't sound.
        sqlite3.Error, OSError: it can't be read or written.
    """
    with (
        contextlib.closing(connect(source, "", read_only=True)) as db,
        contextlib.closing(sqlite3.connect(target)) as to,
    ):
        db.backup(to)
        # One file, without a log beside it.
        to.execute("PRAGMA journal_mode = DELETE")
        said = [row[0] for row in to.execute("PRAGMA quick_check(1)")]
    if said != ["ok"]:
        raise DamagedError(f"{source} is damaged: {said[0]}")
