"""What was admitted and what wasn't: first values, doubts and meters seen, in the SQLite file of a readings store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from central.readings import Doubt, Entry, MeterSeen
from metering.period import EPOCH
from metering.wire import Verdict

SCHEMA = """
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
Row = tuple[str | int, ...]
_SECOND, _MICROSECOND = timedelta(seconds=1), timedelta(microseconds=1)
_SEEN = """
INSERT INTO meters VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE
SET first = min(first, excluded.first), last = max(last, excluded.last), stands = stands + excluded.stands
"""
_INSERT_DOUBT = "INSERT OR IGNORE INTO doubts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
_DOUBTS = """
SELECT journal, verdict, gateway, reason, meter, register, at, first_wh, wh FROM doubts ORDER BY journal, rowid
"""


class Admissions:
    """The rule that the first value stays, over a table of the file's own whose key is (at, meter, register, epoch)."""

    def __init__(self, db: sqlite3.Connection, table: str, columns: int, row: Callable[[Entry], Row]) -> None:
        """``row`` makes of an entry a row of ``table``; the table has a column ``wh`` and begins with the key."""
        self._db = db
        self._row = row
        self._insert = f"INSERT OR IGNORE INTO {table} VALUES ({', '.join('?' * columns)})"  # noqa: S608
        self._existing = f"SELECT wh FROM {table} WHERE at = ? AND meter = ? AND register = ? AND epoch = ?"  # noqa: S608

    def position(self) -> int:
        """The id of the last journalled message that was admitted from; 0 at first."""
        return int(self._db.execute("SELECT position FROM progress").fetchone()[0])

    def admit(self, entries: Sequence[Entry], refused: Sequence[Doubt], position: int) -> list[str | None]:
        """See ``central.readings.Admits``."""
        return self.admit_rows([self._row(entry) for entry in entries], entries, refused, position)

    def admit_rows(
        self, rows: Sequence[Row], entries: Sequence[Entry], refused: Sequence[Doubt], position: int
    ) -> list[str | None]:
        """The same, of entries whose rows are made already."""
        with self._db:
            if self._all_new(rows):
                self._see(entries, rows)
                outcome: list[str | None] = [None] * len(rows)
            else:
                outcome = [self._admit(entry, row) for entry, row in zip(entries, rows, strict=True)]
            for doubt in refused:
                self._doubt(doubt)
            self._db.execute("UPDATE progress SET position = max(position, ?)", (position,))
        return outcome

    def doubt(self, doubts: Sequence[Doubt]) -> None:
        """Keep further doubts; the caller commits."""
        for one in doubts:
            self._doubt(one)

    def _all_new(self, rows: Sequence[Row]) -> bool:
        """Whether no key was there; then all rows are in. Else none is. (The usual case, and several times faster.)"""
        if not rows or self._db.execute(self._existing, rows[0][:4]).fetchone():
            return False
        self._db.execute("SAVEPOINT batch")
        new = self._db.executemany(self._insert, rows).rowcount == len(rows)
        if not new:
            self._db.execute("ROLLBACK TO batch")
        self._db.execute("RELEASE batch")
        return new

    def _see(self, entries: Sequence[Entry], rows: Sequence[Row]) -> None:
        seen: dict[tuple[str, str], list[int]] = {}
        for entry, row in zip(entries, rows, strict=True):
            seen.setdefault((entry.stand.meter, entry.gateway), []).append(int(row[0]))
        self._db.executemany(_SEEN, [(*key, min(at), max(at), len(at)) for key, at in seen.items()])

    def _admit(self, entry: Entry, row: Row) -> str | None:
        stand = entry.stand
        if self._db.execute(self._insert, row).rowcount:
            self._db.execute(_SEEN, (stand.meter, entry.gateway, row[0], row[0], 1))
            return None
        first: str = self._db.execute(self._existing, row[:4]).fetchone()[0]
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
        at = None if doubt.at is None else unix_seconds(doubt.at)
        row = (doubt.journal, doubt.verdict.value, doubt.gateway, doubt.reason, doubt.meter, doubt.register, at)
        self._db.execute(_INSERT_DOUBT, (*row, doubt.first_wh, doubt.wh))

    def meters(self) -> list[MeterSeen]:
        """See ``central.readings.ReadingsStore``."""
        rows = self._db.execute("SELECT meter, gateway, first, last, stands FROM meters ORDER BY meter, gateway")
        return [
            MeterSeen(meter=meter, gateway=gateway, first=_instant(first), last=_instant(last), stands=stands)
            for meter, gateway, first, last, stands in rows
        ]

    def doubts(self) -> list[Doubt]:
        """See ``central.readings.ReadingsStore``."""
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


def unix_seconds(at: datetime) -> int:
    """Whole seconds since 1970."""
    return (at - EPOCH) // _SECOND


def unix_micros(at: datetime) -> int:
    """Whole microseconds since 1970."""
    return (at - EPOCH) // _MICROSECOND


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
