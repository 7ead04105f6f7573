"""The journal: every message's own bytes, committed before its receipt.

SQLite, WAL, synchronous=FULL; a commit is shared by many messages. The same bytes from the same gateway are kept once,
so a resend costs nothing. Everything else that central knows of readings can be rebuilt from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from central.sqlite_file import connect
from metering.wire import digest

_SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    received TEXT NOT NULL,
    gateway TEXT NOT NULL,
    digest TEXT NOT NULL,
    payload BLOB NOT NULL,
    UNIQUE (gateway, digest)
) STRICT;
CREATE TABLE IF NOT EXISTS held (
    gateway TEXT NOT NULL, outbox TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, place INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS held_position (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL) STRICT;
"""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it came."""

    received: datetime
    """When central took it, by central's clock (UTC)."""
    gateway: str
    """The gateway on whose topic it came."""
    payload: bytes


class HeldRow(NamedTuple):
    """Rows of a gateway's outbox, from the first to the last, that are in the journal."""

    gateway: str
    outbox: str
    first: int
    last: int


class Journal:
    """The journal's file; one writer."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file, and make it if it isn't there.

        Raises:
            sqlite3.Error: it can't be opened, or isn't a journal.
        """
        self._db = connect(path, "" if read_only else _SCHEMA, read_only=read_only, synchronous="FULL")

    def append(self, messages: Sequence[Message]) -> list[int]:
        """Commit messages together; gives each one's id, the first one's where the same bytes came before."""
        rows = [
            (message.received.isoformat(), message.gateway, digest(message.payload), message.payload)
            for message in messages
        ]
        with self._db:
            self._db.executemany(
                "INSERT OR IGNORE INTO messages (received, gateway, digest, payload) VALUES (?, ?, ?, ?)", rows
            )
        find = "SELECT id FROM messages WHERE gateway = ? AND digest = ?"
        return [int(self._db.execute(find, row[1:3]).fetchone()[0]) for row in rows]

    def last(self) -> int:
        """The highest id; 0 when there is none."""
        return int(self._db.execute("SELECT coalesce(max(id), 0) FROM messages").fetchone()[0])

    def count_after(self, position: int) -> int:
        """How many messages have a higher id."""
        return int(self._db.execute("SELECT count(*) FROM messages WHERE id > ?", (position,)).fetchone()[0])

    def received(self, after: int) -> datetime | None:
        """When the first message with a higher id was taken; None when there is none."""
        row = self._db.execute("SELECT received FROM messages WHERE id > ? ORDER BY id LIMIT 1", (after,)).fetchone()
        return datetime.fromisoformat(row[0]) if row else None

    def after(self, position: int, limit: int = 1000) -> Iterator[list[tuple[int, Message]]]:
        """All messages with a higher id, in order, in lists of at most ``limit``."""
        while rows := self._db.execute(
            "SELECT id, received, gateway, payload FROM messages WHERE id > ? ORDER BY id LIMIT ?", (position, limit)
        ).fetchall():
            position = rows[-1][0]
            yield [
                (number, Message(received=datetime.fromisoformat(received), gateway=gateway, payload=payload))
                for number, received, gateway, payload in rows
            ]

    def held(self) -> tuple[int, list[HeldRow]]:
        """What ``keep_held`` kept last: the message up to which it is true (0: none), and rows of outboxes."""
        position = self._db.execute("SELECT coalesce(max(position), 0) FROM held_position").fetchone()[0]
        rows = self._db.execute("SELECT gateway, outbox, first, last FROM held ORDER BY place")
        return int(position), [HeldRow(*row) for row in rows]

    def keep_held(self, position: int, rows: Sequence[HeldRow]) -> None:
        """Commit which rows of outboxes are in the messages up to ``position``, instead of what was."""
        with self._db:
            self._db.execute("DELETE FROM held")
            self._db.executemany(
                "INSERT INTO held VALUES (?, ?, ?, ?, ?)", [(*row, place) for place, row in enumerate(rows)]
            )
            self._db.execute("INSERT OR REPLACE INTO held_position VALUES (1, ?)", (position,))

    def close(self) -> None:
        """Close the file."""
        self._db.close()
