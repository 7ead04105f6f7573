"""``conditions.sqlite``: months as sums and the last verdict, so that the service's look settles nothing for them.

All of it can be made again from the books.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from central.conditions.hours import Hours, MonthSums, PointSums
from central.sqlite_file import connect
from metering.period import Month, utc_text

_SCHEMA = """
CREATE TABLE IF NOT EXISTS months (
    month TEXT PRIMARY KEY, mark TEXT NOT NULL, at TEXT NOT NULL, sums BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS verdicts (
    day TEXT PRIMARY KEY, at TEXT NOT NULL, answer TEXT NOT NULL
) STRICT, WITHOUT ROWID;
"""
_FORGET = "DELETE FROM verdicts WHERE day NOT IN (SELECT day FROM verdicts ORDER BY day DESC LIMIT ?)"
_KEPT_DAYS = 400
_COLUMNS = tuple(one.name for one in fields(Hours))


class _Content(msgspec.Struct, frozen=True):
    hours: dict[str, bytes]
    """Each column as little-endian 64-bit integers."""
    points: dict[str, tuple[int, ...]]
    lacking: dict[str, int]


class ConditionsFile:
    """The file; one writer at a time."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open it; a writer makes it.

        Raises:
            sqlite3.Error: it can't be opened, or isn't a database.
        """
        self._db = connect(path, _SCHEMA, read_only=read_only, synchronous="NORMAL")

    def keep(self, sums: MonthSums, mark: str, at: datetime) -> None:
        """Keep a month in place of what was kept of it; ``mark`` names the cluster's data that it was summed with."""
        row = str(sums.month), mark, utc_text(at), _packed(sums)
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO months VALUES (?, ?, ?, ?)", row)

    def kept(self, mark: str) -> dict[Month, datetime]:
        """The months that are kept with this mark, and when each was summed."""
        rows = self._db.execute("SELECT month, at FROM months WHERE mark = ?", (mark,))
        return {Month.parse(month): datetime.fromisoformat(at) for month, at in rows}

    def sums(self, mark: str) -> dict[Month, MonthSums]:
        """The months that are kept with this mark."""
        rows = self._db.execute("SELECT month, sums FROM months WHERE mark = ? ORDER BY month", (mark,))
        return {month: _unpacked(month, blob) for month, blob in ((Month.parse(name), blob) for name, blob in rows)}

    def keep_verdict(self, day: str, at: datetime, answer: Mapping[str, Any]) -> None:
        """Keep what was found of a day; so many days are kept."""
        with self._db:
            text = msgspec.json.encode(answer).decode()
            self._db.execute("INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?)", (day, utc_text(at), text))
            self._db.execute(_FORGET, (_KEPT_DAYS,))

    def last_verdict(self) -> tuple[str, datetime] | None:
        """The last day of which something was found, and when."""
        row = self._db.execute("SELECT day, at FROM verdicts ORDER BY day DESC LIMIT 1").fetchone()
        return (row[0], datetime.fromisoformat(row[1])) if row else None

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _packed(sums: MonthSums) -> bytes:
    content = _Content(
        hours={name: getattr(sums.hours, name).astype("<i8").tobytes() for name in _COLUMNS},
        points={
            name: tuple(getattr(one, field.name) for field in fields(PointSums)) for name, one in sums.points.items()
        },
        lacking=dict(sums.lacking),
    )
    return zlib.compress(msgspec.msgpack.encode(content), 1)


def _unpacked(month: Month, blob: bytes) -> MonthSums:
    content = msgspec.msgpack.decode(zlib.decompress(blob), type=_Content)
    hours = Hours(*(np.frombuffer(content.hours[name], dtype="<i8").astype(np.int64) for name in _COLUMNS))
    points = {name: PointSums(*values) for name, values in content.points.items()}
    return MonthSums(month, hours, points, content.lacking)
