"""``gaps.sqlite``: for which gaps which gateway was asked when, so that a restart doesn't ask for all of them again.

It can be thrown away: then what is still missing is asked for once more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from central.asked_for import KEPT, AskedFor
from central.gap_requests import ToAsk
from central.sqlite_file import connect, has_table

_SCHEMA = """
CREATE TABLE IF NOT EXISTS gaps (
    gateway TEXT NOT NULL,
    point TEXT NOT NULL,
    since TEXT NOT NULL,
    until TEXT NOT NULL,
    times INTEGER NOT NULL,
    at TEXT NOT NULL,
    request TEXT NOT NULL,
    PRIMARY KEY (gateway, point, since)
) STRICT, WITHOUT ROWID;
"""
_KEEP = """
INSERT INTO gaps VALUES (?, ?, ?, ?, 1, ?, ?)
ON CONFLICT DO UPDATE SET until = excluded.until, times = times + 1, at = excluded.at, request = excluded.request
"""


class GapsAsked:
    """The file; the service writes it, everybody reads it."""

    def __init__(self, path: Path) -> None:
        """Open the file, and make it if it isn't there.

        Raises:
            sqlite3.Error: it can't be opened, or isn't such a file.
        """
        self._db = connect(path, _SCHEMA)

    def keep(self, one: ToAsk, request: str, at: datetime) -> None:
        """Note a request that is about to be made; what gateways no longer have is forgotten."""
        rows = [
            (one.gateway, point, one.since.isoformat(), one.until.isoformat(), at.isoformat(), request)
            for point in one.points
        ]
        with self._db:
            self._db.executemany(_KEEP, rows)
            self._db.execute("DELETE FROM gaps WHERE since < ?", ((at - 2 * KEPT).isoformat(),))

    def all(self) -> list[AskedFor]:
        """Everything that was asked for."""
        return [_asked(row) for row in self._db.execute("SELECT * FROM gaps ORDER BY point, since, gateway")]

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def gaps_asked(path: Path) -> list[AskedFor]:
    """Everything that was asked for; nothing where no service has asked yet.

    Raises:
        sqlite3.Error: the file can't be read.
    """
    if not has_table(path, "gaps"):
        return []
    db = connect(path, "", read_only=True)
    try:
        return [_asked(row) for row in db.execute("SELECT * FROM gaps ORDER BY point, since, gateway")]
    finally:
        db.close()


def _asked(row: Sequence[str | int]) -> AskedFor:
    gateway, point, since, until, times, at, request = row
    return AskedFor(
        gateway=str(gateway),
        point=str(point),
        since=datetime.fromisoformat(str(since)),
        until=datetime.fromisoformat(str(until)),
        times=int(times),
        at=datetime.fromisoformat(str(at)),
        request=str(request),
    )
