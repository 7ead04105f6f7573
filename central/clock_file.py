"""``clocks.sqlite``: what the journal tells of gateways' clocks. Lost, it is made again from the journal."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from central.clock_scan import ClockScan, Newest
from central.evidence import ClockDoubt
from central.journal import Journal
from central.sqlite_file import connect, has_table

_SCHEMA = """
CREATE TABLE IF NOT EXISTS looked (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO looked VALUES (1, 0);
CREATE TABLE IF NOT EXISTS newest (
    gateway TEXT NOT NULL,
    meter TEXT NOT NULL,
    register TEXT NOT NULL,
    outbox TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    at TEXT NOT NULL,
    after TEXT NOT NULL,
    PRIMARY KEY (gateway, meter, register)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS doubts (
    gateway TEXT NOT NULL,
    problem TEXT NOT NULL,
    begun TEXT NOT NULL,
    doubt TEXT NOT NULL,
    PRIMARY KEY (gateway, problem, begun)
) STRICT, WITHOUT ROWID;
"""
_AT_ONCE = 500


class ClockFile:
    """The file."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file; a writer makes it if it isn't there.

        Raises:
            sqlite3.Error: it can't be opened, or isn't such a file.
        """
        self._db = connect(path, "" if read_only else _SCHEMA, read_only=read_only, synchronous="NORMAL")
        self._stale = False

    def scan(self, last: int) -> ClockScan:
        """What was found so far, to go on from; nothing where ``last`` shows that the journal is another."""
        self._db.execute("BEGIN")
        try:
            position = int(self._db.execute("SELECT position FROM looked").fetchone()[0])
            newest = {
                (gateway, meter, register): Newest(outbox, sequence, _instant(at), _instant(after))
                for gateway, meter, register, outbox, sequence, at, after in self._db.execute("SELECT * FROM newest")
            }
            rows = self._db.execute("SELECT doubt FROM doubts ORDER BY begun").fetchall()
        finally:
            self._db.execute("COMMIT")
        self._stale = position > last
        if self._stale:
            return ClockScan(0, {}, [])
        return ClockScan(position, newest, [msgspec.json.decode(doubt, type=ClockDoubt) for (doubt,) in rows])

    def keep(self, scan: ClockScan) -> None:
        """Keep what a scan has found beyond what it went on from."""
        with self._db:
            if self._stale:
                self._db.execute("DELETE FROM newest")
                self._db.execute("DELETE FROM doubts")
            self._db.executemany(
                "INSERT OR REPLACE INTO newest VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (*key, one.outbox, one.sequence, one.at.isoformat(), one.after.isoformat())
                    for key, one in ((key, scan.newest[key]) for key in sorted(scan.moved))
                ],
            )
            self._db.executemany(
                "INSERT OR REPLACE INTO doubts VALUES (?, ?, ?, ?)",
                [
                    (one.gateway, one.problem, one.begun.isoformat(), msgspec.json.encode(one).decode())
                    for one in scan.changed
                ],
            )
            self._db.execute("UPDATE looked SET position = ?", (scan.position,))

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def scan_on(scan: ClockScan, journal: Journal, until: int, most: int) -> None:
    """Look at the next messages of the journal, up to the message ``until`` and ``most`` of them."""
    for batch in journal.after(scan.position, min(_AT_ONCE, most)):
        for number, message in batch:
            if number > until or most <= 0:
                return
            most -= 1
            scan.take(number, message.received, message.gateway, message.payload)


def clocks_known(path: Path, last: int) -> ClockScan:
    """What the file has; nothing where it isn't there yet."""
    if not has_table(path, "looked"):
        return ClockScan(0, {}, [])
    file = ClockFile(path, read_only=True)
    try:
        return file.scan(last)
    finally:
        file.close()


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
