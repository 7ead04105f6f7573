"""The rule that the newest value counts and older ones stay, over one SQLite table of intervals by version.

A file enters in pieces, so that no stand waits long for the same database; readers see it when its number is reached.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from central.admissions import unix_seconds
from central.readings import INTERVALS, IntervalGiven, PointSeen

SCHEMA = """
CREATE TABLE IF NOT EXISTS intervals (
    start INTEGER NOT NULL,
    point TEXT NOT NULL,
    direction TEXT NOT NULL,
    kind TEXT NOT NULL,
    length INTEGER NOT NULL,
    version INTEGER NOT NULL,
    file INTEGER NOT NULL,
    wh TEXT NOT NULL,
    quality TEXT NOT NULL,
    word TEXT NOT NULL,
    PRIMARY KEY (start, point, direction, kind, length, version)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS interval_points (
    point TEXT PRIMARY KEY, first INTEGER NOT NULL, last INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS file_progress (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO file_progress VALUES (1, 0);
"""
_PIECE = 10_000
_READ = 50_000
_COMING = """
CREATE TEMP TABLE IF NOT EXISTS coming (
    point TEXT, direction TEXT, kind TEXT, start INTEGER, length INTEGER, wh TEXT, quality TEXT, word TEXT
)
"""
_KEY = (
    "i.start = c.start AND i.point = c.point AND i.direction = c.direction AND i.kind = c.kind AND i.length = c.length"
)
_ADMIT = f"""
INSERT INTO intervals
SELECT c.start, c.point, c.direction, c.kind, c.length, coalesce(n.version, 0) + 1, ?1, c.wh, c.quality, c.word
FROM coming AS c
LEFT JOIN intervals AS n
ON n.start = c.start AND n.point = c.point AND n.direction = c.direction AND n.kind = c.kind AND n.length = c.length
AND n.version = (SELECT max(i.version) FROM intervals AS i WHERE {_KEY} AND i.file <= ?1)
WHERE n.version IS NULL
OR (n.file < ?1 AND (n.wh <> c.wh OR n.quality <> c.quality OR n.word <> c.word))
"""  # noqa: S608 - of constants
_SEEN = """
INSERT INTO interval_points SELECT point, min(start), max(start + length) FROM coming WHERE true GROUP BY point
ON CONFLICT DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last)
"""
_OF_FILE = f"""
SELECT i.point, i.direction, i.kind, i.start, i.length, i.version, i.file, i.wh, i.quality, i.word
FROM coming AS c JOIN intervals AS i ON {_KEY} AND i.file = ?
"""  # noqa: S608 - of constants
_SELECT = """
SELECT point, direction, kind, start, length, {version}, file, wh, quality, word FROM intervals
WHERE start >= ? AND start < ? AND file <= ? {group}
ORDER BY start, point, direction, kind, length{last}
"""
_COUNTED = _SELECT.format(
    version="max(version) AS version", group="GROUP BY start, point, direction, kind, length", last=""
)
_VERSIONS = _SELECT.format(version="version", group="", last=", version")

_TALLY = """
SELECT file, count(*), sum(latest) FROM (
    SELECT file, version = max(version) OVER (PARTITION BY start, point, direction, kind, length) AS latest
    FROM intervals WHERE file <= ?
) GROUP BY file
"""

Row = tuple[str, str, str, int, int, int, int, str, str, str]
"""As ``INTERVALS``."""


class IntervalVersions:
    """The table of one file of central's."""

    def __init__(self, db: sqlite3.Connection) -> None:
        """``db`` has the tables of ``SCHEMA``."""
        self._db = db

    def position(self) -> int:
        """The number of the last file whose values are in."""
        return int(self._db.execute("SELECT position FROM file_progress").fetchone()[0])

    def admit(self, file: int, given: Sequence[IntervalGiven]) -> Iterator[list[Row]]:
        """Keep a file's values piece by piece; gives those of each piece that are versions of this file's."""
        self._db.execute(_COMING)
        for begin in range(0, len(given), _PIECE):
            piece = given[begin : begin + _PIECE]
            with self._db:
                self._db.execute("DELETE FROM coming")
                self._db.executemany("INSERT INTO coming VALUES (?, ?, ?, ?, ?, ?, ?, ?)", piece)
                self._db.execute(_ADMIT, (file,))
                self._db.execute(_SEEN)
                rows = self._db.execute(_OF_FILE, (file,)).fetchall()
            yield rows

    def reached(self, file: int) -> None:
        """Let a file's values count: all of them are in."""
        with self._db:
            self._db.execute("UPDATE file_progress SET position = max(position, ?)", (file,))

    def points(self) -> list[PointSeen]:
        """All points of which there are intervals."""
        rows = self._db.execute("SELECT point, first, last FROM interval_points ORDER BY point")
        return [
            PointSeen(point, datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC))
            for point, first, last in rows
        ]

    def tally(self) -> dict[int, tuple[int, int]]:
        """By file: how many values are its versions, and how many of them count now."""
        rows = self._db.execute(_TALLY, (self.position(),))
        return {file: (count, counting) for file, count, counting in rows}

    def table(self, first: datetime, last: datetime, *, versions: bool) -> pa.Table:
        """See ``central.readings.KnowsIntervals.intervals``."""
        span = (unix_seconds(first), unix_seconds(last), self.position())
        cursor = self._db.execute(_VERSIONS if versions else _COUNTED, span)
        pieces = [INTERVALS.empty_table()]
        # Piece by piece: a month of a large cluster would fill the memory as rows.
        while rows := cursor.fetchmany(_READ):
            pieces.append(_piece(rows))
        return pa.concat_tables(pieces)


def _piece(rows: Sequence[Row]) -> pa.Table:
    columns = zip(zip(*rows, strict=True), INTERVALS, strict=True)
    return pa.table([_column(values, field) for values, field in columns], schema=INTERVALS)


def _column(values: tuple[object, ...], field: pa.Field) -> pa.Array:
    if pa.types.is_timestamp(field.type):
        return pa.array(np.array(values, dtype=np.int64)).cast(field.type)
    return pa.array(values, field.type)
