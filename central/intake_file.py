"""``intake.sqlite``: what was admitted, kept beside a readings store whose server would overwrite without a word.

It holds the key, first value and message of every stand, the doubts, the meters seen, and two positions: how far
messages were admitted, and how far their stands are on the server. A crash between the two is repaired by replay: the
same message gives the same lines. Lost, it is made again from the journal.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from central.admissions import SCHEMA, Admissions, Row, unix_seconds
from central.interval_versions import SCHEMA as INTERVALS_SCHEMA
from central.interval_versions import IntervalVersions
from central.interval_versions import Row as IntervalRow
from central.readings import Doubt, Entry, IntervalGiven, MeterSeen, PointSeen
from central.sqlite_file import connect

_SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS admitted (
    at INTEGER NOT NULL,
    meter TEXT NOT NULL,
    register TEXT NOT NULL,
    epoch TEXT NOT NULL,
    wh TEXT NOT NULL,
    journal INTEGER NOT NULL,
    PRIMARY KEY (at, meter, register, epoch)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS server (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    target TEXT NOT NULL,
    fill TEXT NOT NULL,
    position INTEGER NOT NULL
) STRICT;
"""
    + SCHEMA
    + INTERVALS_SCHEMA
    + """
CREATE TABLE IF NOT EXISTS server_files (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL) STRICT;
INSERT OR IGNORE INTO server_files VALUES (1, 0);
"""
)
_INSTANT = "SELECT at, meter, register, epoch, wh, journal FROM admitted WHERE at = ?"
_MANY = 32
_FIRST = "SELECT wh, journal FROM admitted WHERE at = ? AND meter = ? AND register = ? AND epoch = ?"


class IntakeFile:
    """The file; satisfies ``central.readings.Admits``: verdicts need no server."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file; a writer makes it if it isn't there.

        Raises:
            sqlite3.Error: it can't be opened, or isn't such a file.
        """
        self._db = connect(path, _SCHEMA, read_only=read_only, synchronous="NORMAL")
        self._admissions = Admissions(self._db, "admitted", 6, _row)
        self._intervals = IntervalVersions(self._db)

    def position(self) -> int:
        """The id of the last journalled message that was admitted from."""
        return self._admissions.position()

    def admit(self, entries: Sequence[Entry], refused: Sequence[Doubt], position: int) -> list[str | None]:
        """See ``central.readings.Admits``."""
        return self._admissions.admit(entries, refused, position)

    def admit_firsts(
        self, entries: Sequence[Entry], refused: Sequence[Doubt], position: int
    ) -> tuple[list[str | None], list[Entry]]:
        """Admit, and give beside the outcome those entries that are the first of their key: they go to the server."""
        rows = [_row(entry) for entry in entries]
        known = self._known(rows)
        if not refused and position <= self.position() and all(_same(known.get(row[:4]), row) for row in rows):
            outcome: list[str | None] = [None] * len(rows)
        else:
            outcome = self._admissions.admit_rows(rows, entries, refused, position)
            if not known and len({row[:4] for row in rows}) == len(rows):
                return outcome, list(entries)  # all of them are new
            known = self._known(rows)
        first: dict[Row, Entry] = {}
        for entry, row in zip(entries, rows, strict=True):
            if known[row[:4]] == row[4:]:
                first.setdefault(row[:4], entry)
        return outcome, list(first.values())

    def _known(self, rows: Sequence[Row]) -> dict[Row, Row]:
        """First value and message of those keys that are in; where many are of one instant, all of it is read."""
        by_instant: dict[str | int, list[Row]] = {}
        for row in rows:
            by_instant.setdefault(row[0], []).append(row)
        found: dict[Row, Row] = {}
        for at, of_instant in by_instant.items():
            if len(of_instant) >= _MANY:
                for key in self._db.execute(_INSTANT, (at,)):
                    found[key[:4]] = key[4:]
            else:
                for row in of_instant:
                    if first := self._db.execute(_FIRST, row[:4]).fetchone():
                        found[row[:4]] = first
        return found

    def aim(self, target: str) -> None:
        """Name the server and bucket that are filled; another one than before is filled from the beginning."""
        with self._db:
            changed = self._db.execute(
                "INSERT INTO server VALUES (1, ?, ?, 0) ON CONFLICT DO UPDATE "
                "SET target = excluded.target, fill = excluded.fill, position = 0 WHERE target != excluded.target",
                (target, secrets.token_hex(4)),
            ).rowcount
            if changed:
                self._db.execute("UPDATE server_files SET position = 0")

    def fill(self) -> str:
        """What marks this file's stands on the server: those of an earlier fill don't count."""
        row = self._db.execute("SELECT fill FROM server").fetchone()
        return str(row[0]) if row else ""

    def on_server(self) -> int:
        """The id of the last journalled message whose stands are on the server."""
        row = self._db.execute("SELECT position FROM server").fetchone()
        return int(row[0]) if row else 0

    def now_on_server(self, position: int, refused: Sequence[Doubt]) -> None:
        """Move on, and keep what the server refused."""
        with self._db:
            self._admissions.doubt(refused)
            self._db.execute("UPDATE server SET position = max(position, ?)", (position,))

    def admit_file(self, file: int, given: Sequence[IntervalGiven]) -> Iterator[list[IntervalRow]]:
        """Decide a file's versions piece by piece; gives those that go to the server. It counts here when all is in."""
        yield from self._intervals.admit(file, given)
        self._intervals.reached(file)

    def intervals(self, first: datetime, last: datetime, *, versions: bool = False) -> pa.Table:
        """As they were decided here, whatever the server has; see ``central.readings.KnowsIntervals``."""
        return self._intervals.table(first, last, versions=versions)

    def file_position(self) -> int:
        """The number of the last file whose versions were decided."""
        return self._intervals.position()

    def files_on_server(self) -> int:
        """The number of the last file whose values are on the server."""
        return int(self._db.execute("SELECT position FROM server_files").fetchone()[0])

    def file_now_on_server(self, file: int, refused: Sequence[Doubt]) -> None:
        """Move on, and keep what the server refused."""
        with self._db:
            self._admissions.doubt(refused)
            self._db.execute("UPDATE server_files SET position = max(position, ?)", (file,))

    def points(self) -> list[PointSeen]:
        """See ``central.readings.KnowsIntervals``."""
        return self._intervals.points()

    def files_tally(self) -> dict[int, tuple[int, int]]:
        """By file: how many values are its versions, and how many of them count now."""
        return self._intervals.tally()

    def meters(self) -> list[MeterSeen]:
        """All meters of which stands were admitted."""
        return self._admissions.meters()

    def doubts(self) -> list[Doubt]:
        """Conflicts and refusals."""
        return self._admissions.doubts()

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _same(first: Row | None, row: Row) -> bool:
    return first is not None and first[0] == row[4]


def _row(entry: Entry) -> Row:
    stand = entry.stand
    return (unix_seconds(stand.at), stand.meter, stand.register, stand.epoch, stand.wh, entry.journal)
