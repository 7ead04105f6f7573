"""``intake.sqlite``: what was admitted, kept beside a readings store whose server would overwrite without a word.

It holds the key, first value and message of every stand, the doubts, the meters seen, and two positions: how far
messages were admitted, and how far their stands are on the server. A crash between the two is repaired by replay: the
same message gives the same lines. Lost, it is made again from the journal.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path

from central.admissions import SCHEMA, Admissions, unix_seconds
from central.readings import Doubt, Entry, MeterSeen
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
)
_FIRST = "SELECT wh, journal FROM admitted WHERE at = ? AND meter = ? AND register = ? AND epoch = ?"


class IntakeFile:
    """The file; satisfies ``central.readings.Admits``: verdicts need no server."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file; a writer makes it if it isn't there.

        Raises:
            sqlite3.Error: it can't be opened, or isn't such a file.
        """
        self._db = connect(path, _SCHEMA, read_only=read_only, synchronous="NORMAL")
        self._admissions = Admissions(self._db, "admitted", _row)

    def position(self) -> int:
        """The id of the last journalled message that was admitted from."""
        return self._admissions.position()

    def admit(self, entries: Sequence[Entry], refused: Sequence[Doubt], position: int) -> list[str | None]:
        """See ``central.readings.Admits``."""
        return self._admissions.admit(entries, refused, position)

    def firsts(self, entries: Sequence[Entry]) -> list[Entry]:
        """Those of admitted entries that are the first of their key: what belongs on the server."""
        found: dict[tuple[str | int, ...], Entry] = {}
        for entry in entries:
            *key, wh, journal = _row(entry)
            first = self._db.execute(_FIRST, key).fetchone()
            if first == (wh, journal):
                found.setdefault(tuple(key), entry)
        return list(found.values())

    def aim(self, target: str) -> None:
        """Name the server and bucket that are filled; another one than before is filled from the beginning."""
        with self._db:
            self._db.execute(
                "INSERT INTO server VALUES (1, ?, ?, 0) ON CONFLICT DO UPDATE "
                "SET target = excluded.target, fill = excluded.fill, position = 0 WHERE target != excluded.target",
                (target, secrets.token_hex(4)),
            )

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

    def meters(self) -> list[MeterSeen]:
        """All meters of which stands were admitted."""
        return self._admissions.meters()

    def doubts(self) -> list[Doubt]:
        """Conflicts and refusals."""
        return self._admissions.doubts()

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _row(entry: Entry) -> tuple[str | int, ...]:
    stand = entry.stand
    return (unix_seconds(stand.at), stand.meter, stand.register, stand.epoch, stand.wh, entry.journal)
