"""The embedded store of readings: one SQLite file. The journal can rebuild it, so no commit waits for the disk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa

from central.readings import STANDS, Doubt, Entry, MeterSeen
from central.sqlite_file import connect
from metering.period import EPOCH
from metering.wire import Verdict

_SCHEMA = """
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
CREATE TABLE IF NOT EXISTS doubts (
    journal INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    gateway TEXT NOT NULL,
    reason TEXT NOT NULL,
    meter TEXT NOT NULL,
    register TEXT NOT NULL,
    at INTEGER,
    first_wh TEXT NOT NULL,
    wh TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS doubt ON doubts (journal, verdict, reason, meter, register, coalesce(at, 0), wh);
CREATE TABLE IF NOT EXISTS meters (
    meter TEXT NOT NULL,
    gateway TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    stands INTEGER NOT NULL,
    PRIMARY KEY (meter, gateway)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS progress (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO progress VALUES (1, 0);
"""
_INSERT = "INSERT OR IGNORE INTO stands VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_EXISTING = "SELECT wh FROM stands WHERE at = ? AND meter = ? AND register = ? AND epoch = ?"
_SEEN = """
INSERT INTO meters VALUES (?, ?, ?, ?, 1)
ON CONFLICT DO UPDATE SET first = min(first, excluded.first), last = max(last, excluded.last), stands = stands + 1
"""
_STANDS = """
SELECT meter, register, epoch, gateway, at, wh, resolution, before, after, quality, clock, journal
FROM stands WHERE at BETWEEN ? AND ? ORDER BY meter, register, epoch, at
"""
_INSERT_DOUBT = "INSERT OR IGNORE INTO doubts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_DOUBTS = """
SELECT journal, verdict, gateway, reason, meter, register, at, first_wh, wh FROM doubts ORDER BY journal, rowid
"""


class SqliteStore:
    """See ``central.readings.ReadingsStore``."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file; a writer makes it if it isn't there.

        Raises:
            sqlite3.Error: it can't be opened, or isn't such a store.
        """
        self._db = connect(path, _SCHEMA, read_only=read_only, synchronous="NORMAL")

    def position(self) -> int:
        """See ``ReadingsStore``."""
        return int(self._db.execute("SELECT position FROM progress").fetchone()[0])

    def admit(self, entries: Sequence[Entry], refused: Sequence[Doubt], position: int) -> list[str | None]:
        """See ``ReadingsStore``."""
        with self._db:
            outcome = [self._admit(entry) for entry in entries]
            for doubt in refused:
                self._doubt(doubt)
            self._db.execute("UPDATE progress SET position = max(position, ?)", (position,))
        return outcome

    def _admit(self, entry: Entry) -> str | None:
        stand = entry.stand
        key = (_seconds(stand.at), stand.meter, stand.register, stand.epoch)
        rest = (entry.gateway, stand.wh, stand.resolution, _micros(stand.before), _micros(stand.after))
        cursor = self._db.execute(_INSERT, (*key, *rest, stand.quality.value, stand.clock.value, entry.journal))
        if cursor.rowcount:
            self._db.execute(_SEEN, (stand.meter, entry.gateway, key[0], key[0]))
            return None
        first: str = self._db.execute(_EXISTING, key).fetchone()[0]
        if Decimal(first) == Decimal(stand.wh):
            return None
        self._doubt(
            Doubt(
                verdict=Verdict.CONFLICT,
                gateway=entry.gateway,
                journal=entry.journal,
                reason="another value for the same stand was there first",
                meter=stand.meter,
                register=stand.register,
                at=stand.at,
                first_wh=first,
                wh=stand.wh,
            )
        )
        return first

    def _doubt(self, doubt: Doubt) -> None:
        at = None if doubt.at is None else _seconds(doubt.at)
        row = (doubt.journal, doubt.verdict.value, doubt.gateway, doubt.reason, doubt.meter, doubt.register, at)
        self._db.execute(_INSERT_DOUBT, (*row, doubt.first_wh, doubt.wh))

    def stands(self, first: datetime, last: datetime) -> pa.Table:
        """See ``ReadingsStore``."""
        rows = self._db.execute(_STANDS, (_seconds(first), _seconds(last))).fetchall()
        columns = list(zip(*rows, strict=True)) if rows else [()] * len(STANDS)
        arrays = [
            pa.array(np.array(column, dtype=np.int64)).cast(field.type)
            if pa.types.is_timestamp(field.type)
            else pa.array(column, field.type)
            for column, field in zip(columns, STANDS, strict=True)
        ]
        return pa.table(arrays, schema=STANDS)

    def meters(self) -> list[MeterSeen]:
        """See ``ReadingsStore``."""
        rows = self._db.execute("SELECT meter, gateway, first, last, stands FROM meters ORDER BY meter, gateway")
        return [
            MeterSeen(meter=meter, gateway=gateway, first=_instant(first), last=_instant(last), stands=stands)
            for meter, gateway, first, last, stands in rows
        ]

    def doubts(self) -> list[Doubt]:
        """See ``ReadingsStore``."""
        return [
            Doubt(
                journal=journal,
                verdict=Verdict(verdict),
                gateway=gateway,
                reason=reason,
                meter=meter,
                register=register,
                at=None if at is None else _instant(at),
                first_wh=first_wh,
                wh=wh,
            )
            for journal, verdict, gateway, reason, meter, register, at, first_wh, wh in self._db.execute(_DOUBTS)
        ]

    def close(self) -> None:
        """See ``ReadingsStore``."""
        self._db.close()


def _seconds(at: datetime) -> int:
    return int((at - EPOCH) // timedelta(seconds=1))


def _micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
