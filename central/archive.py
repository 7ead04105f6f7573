"""The archive of operators' files: each one's own bytes, and what was said of it when it was imported.

As the journal is for messages, it is what their values are made from: a readings store can be thrown away. Its numbers
are the order in which versions count. The command writes it, beside a running service too; whoever writes the readings
store admits from it.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

import msgspec

from central.imports.found import Given
from central.sqlite_file import connect, has_table

_SCHEMA = """
CREATE TABLE IF NOT EXISTS files (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    digest TEXT NOT NULL,
    name TEXT NOT NULL,
    who TEXT NOT NULL,
    imported TEXT NOT NULL,
    point TEXT NOT NULL,
    direction TEXT NOT NULL,
    layout TEXT NOT NULL,
    bad INTEGER NOT NULL,
    report TEXT NOT NULL,
    content BLOB NOT NULL,
    UNIQUE (digest, point, direction)
) STRICT;
"""
_COLUMNS = "number, digest, name, who, imported, point, direction, layout, bad, report"


class ArchivedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file, without its bytes."""

    number: int
    digest: str
    """SHA-256 of its bytes, hexadecimal."""
    name: str
    """As it was called, without its folder."""
    who: str
    imported: datetime
    """When it was archived (UTC)."""
    given: Given
    """What the person importing said of it."""
    layout: str
    """The format it was recognised as."""
    bad: int
    """How many of its rows were refused, and left out because the rest was to be accepted."""
    report: dict[str, object]
    """What was said when it was imported."""


class Archive:
    """The archive's file."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file; a writer makes it if it isn't there.

        Raises:
            sqlite3.Error: it can't be opened, or isn't an archive.
        """
        self._db = connect(path, _SCHEMA, read_only=read_only, synchronous="FULL")

    def known(self, content: bytes, given: Given) -> ArchivedFile | None:
        """The same bytes under the same options, if they were imported before."""
        found = self._files("WHERE digest = ? AND point = ? AND direction = ?", _digest(content), *given)
        return found[0] if found else None

    def keep(
        self,
        content: bytes,
        name: str,
        given: Given,
        *,
        who: str,
        at: datetime,
        layout: str,
        bad: int,
        report: dict[str, object],
    ) -> int:
        """Commit a file; gives its number, the first one's where it was kept before."""
        # Looked for first: an insert that is ignored would use up a number.
        if before := self.known(content, given):
            return before.number
        said = msgspec.json.encode(report).decode()
        row = (_digest(content), name, who, at.isoformat(), *given, layout, bad, said, content)
        with self._db:
            self._db.execute(
                "INSERT OR IGNORE INTO files "
                "(digest, name, who, imported, point, direction, layout, bad, report, content) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                row,
            )
        known = self.known(content, given)
        if known is None:
            raise LookupError("a file that was committed isn't there")
        return known.number

    def all(self) -> list[ArchivedFile]:
        """Every file, in the order in which they count."""
        return self._files("ORDER BY number")

    def after(self, position: int) -> ArchivedFile | None:
        """The first file with a higher number."""
        found = self._files("WHERE number > ? ORDER BY number LIMIT 1", position)
        return found[0] if found else None

    def content(self, number: int) -> bytes:
        """A file's bytes."""
        return bytes(self._db.execute("SELECT content FROM files WHERE number = ?", (number,)).fetchone()[0])

    def last(self) -> int:
        """The highest number; 0 when there is none."""
        return int(self._db.execute("SELECT coalesce(max(number), 0) FROM files").fetchone()[0])

    def count_after(self, position: int) -> int:
        """How many files have a higher number."""
        return int(self._db.execute("SELECT count(*) FROM files WHERE number > ?", (position,)).fetchone()[0])

    def _files(self, which: str, *values: object) -> list[ArchivedFile]:
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM files {which}", values)  # noqa: S608 - of constants
        return [
            ArchivedFile(
                number=number,
                digest=digest,
                name=name,
                who=who,
                imported=datetime.fromisoformat(imported),
                given=Given(point, direction),
                layout=layout,
                bad=bad,
                report=msgspec.json.decode(report, type=dict[str, object]),
            )
            for number, digest, name, who, imported, point, direction, layout, bad, report in rows
        ]

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def is_archive(path: Path) -> bool:
    """Whether there is an archive; one that its first writer is just making isn't yet.

    Raises:
        sqlite3.Error: the file can't be opened, or isn't a database.
    """
    return has_table(path, "files")


def archived_files(path: Path) -> list[ArchivedFile]:
    """Every file of the archive at ``path``, in the order in which they count; none where nothing was ever imported.

    Raises:
        sqlite3.Error: the archive can't be read.
    """
    if not is_archive(path):
        return []
    archive = Archive(path, read_only=True)
    try:
        return archive.all()
    finally:
        archive.close()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
