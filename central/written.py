"""What was written back already, so that only hours that changed are written again: one digest for each period."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from central.sqlite_file import connect

_SCHEMA = """
CREATE TABLE IF NOT EXISTS written (
    start INTEGER PRIMARY KEY,
    digest BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS target (one INTEGER PRIMARY KEY CHECK (one = 1), name TEXT NOT NULL) STRICT;
"""


class Written:
    """The file; it may be lost: then everything is written again."""

    def __init__(self, path: Path, target: str) -> None:
        """Open the file, and forget what was written to another ``target``.

        Raises:
            sqlite3.Error: it can't be opened.
        """
        self._db = connect(path, _SCHEMA, synchronous="NORMAL")
        if self._db.execute("SELECT name FROM target").fetchone() != (target,):
            with self._db:
                self._db.execute("DELETE FROM written")
                self._db.execute("INSERT OR REPLACE INTO target VALUES (1, ?)", (target,))

    def changed(self, periods: Iterable[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
        """Those periods whose lines aren't the ones that were written."""
        known: dict[int, bytes] = dict(self._db.execute("SELECT start, digest FROM written"))
        for start, lines in periods:
            if known.get(start) != _digest(lines):
                yield start, lines

    def wrote(self, periods: Iterable[tuple[int, list[str]]]) -> None:
        """Remember what is on the server now."""
        with self._db:
            self._db.executemany(
                "INSERT OR REPLACE INTO written VALUES (?, ?)", [(start, _digest(lines)) for start, lines in periods]
            )

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _digest(lines: Iterable[str]) -> bytes:
    return hashlib.blake2b("\n".join(lines).encode(), digest_size=16).digest()
