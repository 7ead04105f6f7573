"""The embedded store of readings: one SQLite file. The journal can rebuild it, so no commit waits for the disk."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa

from central.admissions import SCHEMA, Admissions, Row, unix_micros, unix_seconds
from central.interval_versions import SCHEMA as INTERVALS_SCHEMA
from central.interval_versions import IntervalVersions
from central.readings import STANDS, VALUES, Doubt, Entry, IntervalGiven, MeterSeen, PointSeen
from central.sqlite_file import connect

_SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS stands (
    at INTEGER NOT NULL,
    meter TEXT NOT NULL,
    register TEXT NOT NULL,
    epoch TEXT NOT NULL,
    gateway TEXT NOT NULL,
    wh TEXT NOT NULL,
    resolution TEXT NOT NULL,
    before INTEGER NOT NULL,
    after INTEGER NOT NULL,
    quality TEXT NOT NULL,
    clock TEXT NOT NULL,
    journal INTEGER NOT NULL,
    PRIMARY KEY (at, meter, register, epoch)
) STRICT, WITHOUT ROWID;
"""
    + SCHEMA
    + INTERVALS_SCHEMA
)
_STANDS = """
SELECT meter, register, epoch, gateway, at, wh, resolution, before, after, quality, clock, journal
FROM stands WHERE at BETWEEN ? AND ? ORDER BY meter, register, epoch, at
"""
_OF_METERS = """
WITH RECURSIVE instants (at) AS (
    SELECT min(at) FROM stands WHERE at BETWEEN ?1 AND ?2
    UNION ALL
    SELECT (SELECT min(at) FROM stands WHERE at > instants.at AND at <= ?2) FROM instants WHERE instants.at IS NOT NULL
)
SELECT stands.meter, register, epoch, gateway, stands.at, wh, resolution, before, after, quality, clock, journal
FROM instants CROSS JOIN json_each(?3) AS asked CROSS JOIN stands
WHERE stands.at = instants.at AND stands.meter = asked.value ORDER BY stands.meter, register, epoch, stands.at
"""
"""The key begins with the instant: from one to the next, and at each to the meters, nothing else is read."""
_VALUES = "SELECT meter, register, epoch, gateway, at, wh, quality FROM stands WHERE at BETWEEN ? AND ?"


class SqliteStore:
    """See ``central.readings.ReadingsStore``."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file; a writer makes it if it isn't there.

        Raises:
            sqlite3.Error: it can't be opened, or isn't such a store.
        """
        self._db = connect(path, _SCHEMA, read_only=read_only, synchronous="NORMAL")
        self._admissions = Admissions(self._db, "stands", len(STANDS), _row)
        self._intervals = IntervalVersions(self._db)

    def position(self) -> int:
        """See ``ReadingsStore``."""
        return self._admissions.position()

    def admit(self, entries: Sequence[Entry], refused: Sequence[Doubt], position: int) -> list[str | None]:
        """See ``ReadingsStore``: all of it in one commit."""
        return self._admissions.admit(entries, refused, position)

    def stands(self, first: datetime, last: datetime, meters: Sequence[str] | None = None) -> pa.Table:
        """See ``ReadingsStore``."""
        if meters is None:
            return self._table(_STANDS, first, last, STANDS)
        # As JSON: a list may have more names than a statement may have parameters.
        return self._table(_OF_METERS, first, last, STANDS, json.dumps(list(meters)))

    def values(self, first: datetime, last: datetime) -> pa.Table:
        """See ``ReadingsStore``."""
        return self._table(_VALUES, first, last, VALUES)

    def _table(self, select: str, first: datetime, last: datetime, schema: pa.Schema, *more: str) -> pa.Table:
        rows = self._db.execute(select, (unix_seconds(first), unix_seconds(last), *more)).fetchall()
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
        arrays = [
            pa.array(np.array(column, dtype=np.int64)).cast(field.type)
            if pa.types.is_timestamp(field.type)
            else pa.array(column, field.type)
            for column, field in zip(columns, schema, strict=True)
        ]
        return pa.table(arrays, schema=schema)

    def file_position(self) -> int:
        """See ``ReadingsStore``."""
        return self._intervals.position()

    def admit_file(self, file: int, given: Sequence[IntervalGiven]) -> None:
        """See ``ReadingsStore``: in pieces, and then on."""
        for _ in self._intervals.admit(file, given):
            pass
        self._intervals.reached(file)

    def intervals(self, first: datetime, last: datetime, *, versions: bool = False) -> pa.Table:
        """See ``ReadingsStore``."""
        return self._intervals.table(first, last, versions=versions)

    def points(self) -> list[PointSeen]:
        """See ``central.readings.KnowsIntervals``."""
        return self._intervals.points()

    def files_tally(self) -> dict[int, tuple[int, int]]:
        """By file: how many values are its versions, and how many of them count now."""
        return self._intervals.tally()

    def meters(self) -> list[MeterSeen]:
        """See ``ReadingsStore``."""
        return self._admissions.meters()

    def doubts(self) -> list[Doubt]:
        """See ``ReadingsStore``."""
        return self._admissions.doubts()

    def close(self) -> None:
        """See ``ReadingsStore``."""
        self._db.close()


def _row(entry: Entry) -> Row:
    stand = entry.stand
    return (
        unix_seconds(stand.at),
        stand.meter,
        stand.register,
        stand.epoch,
        entry.gateway,
        stand.wh,
        stand.resolution,
        unix_micros(stand.before),
        unix_micros(stand.after),
        stand.quality.value,
        stand.clock.value,
        entry.journal,
    )
