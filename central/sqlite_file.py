"""SQLite files as central keeps them: a busy time-out, and a log (WAL) beside the file or none."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Literal
from urllib.parse import quote


def connect(
    path: Path,
    schema: str,
    *,
    read_only: bool = False,
    synchronous: Literal["FULL", "NORMAL"] = "FULL",
    journal: Literal["WAL", "DELETE"] = "WAL",
) -> sqlite3.Connection:
    """Open a database file; a writer makes it and its tables if they aren't there.

    ``journal`` is DELETE for files of few rows that are copied as they are: nothing may wait in a log beside them. A
    file must always be opened with the same one: to change it SQLite needs the file for itself.

    Raises:
        sqlite3.Error: the file can't be opened, or isn't a database.
    """
    if read_only:
        return sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True, timeout=10, check_same_thread=False)
    db = sqlite3.connect(path, timeout=30, check_same_thread=False)
    db.execute(f"PRAGMA journal_mode = {journal}")
    db.execute(f"PRAGMA synchronous = {synchronous}")
    db.executescript(schema)
    return db


def has_table(path: Path, table: str) -> bool:
    """Whether a database file is there, and its writer has come as far as making this table.

    Raises:
        sqlite3.Error: the file can't be opened, or isn't a database.
    """
    if not path.is_file():
        return False
    db = connect(path, "", read_only=True)
    try:
        return db.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone() is not None
    finally:
        db.close()
