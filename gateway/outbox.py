"""The outbox: every stand in an SQLite file until central's receipt, and for 450 days after.

Commits are durable (WAL, synchronous=FULL): what ``add`` has returned for survives a power cut. Beside the rows it
keeps what a restart needs of each register's life, in the same transactions.
"""

from __future__ import annotations

import fcntl
import sqlite3
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

import msgspec

from gateway.observation import Accepted
from gateway.words import plain
from metering.period import utc_text
from metering.stand import Quality, Stand
from metering.wire import ClockState, StandOnWire

KEPT = timedelta(days=450)
"""So long after its instant a row stays in the file."""
_LAYOUT = "2"
_READABLE = ("1", _LAYOUT)
"""Layout 1 had no ``wraps`` and ``scale`` of a life; opened for use, it becomes 2."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    meter TEXT NOT NULL, register TEXT NOT NULL, wh TEXT NOT NULL, resolution TEXT NOT NULL,
    at TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL, quality TEXT NOT NULL, epoch TEXT NOT NULL,
    boot TEXT NOT NULL, monotonic_ms INTEGER NOT NULL, clock TEXT NOT NULL, made_at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'released', 'held', 'conflict', 'aside')),
    reason TEXT NOT NULL DEFAULT '',
    UNIQUE (meter, register, at, epoch)
) STRICT;
CREATE INDEX IF NOT EXISTS rows_by_state ON rows (state, at, sequence);
CREATE INDEX IF NOT EXISTS rows_by_at ON rows (at);
CREATE TABLE IF NOT EXISTS lives (
    meter TEXT NOT NULL, register TEXT NOT NULL, epoch TEXT NOT NULL, wh TEXT NOT NULL, step TEXT NOT NULL,
    sent TEXT NOT NULL, received TEXT NOT NULL, wraps INTEGER NOT NULL DEFAULT 0, scale TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (meter, register)
) STRICT, WITHOUT ROWID;
"""
_FROM_1_TO_2 = (
    "ALTER TABLE lives ADD COLUMN wraps INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE lives ADD COLUMN scale TEXT NOT NULL DEFAULT ''",
    "UPDATE meta SET value = '2' WHERE key = 'layout'",
)
_ON_WIRE = "sequence, meter, register, wh, resolution, at, before, after, quality, epoch, boot, monotonic_ms, clock"


class RowState(StrEnum):
    """Where a row stands. All but ``waiting`` have been receipted."""

    WAITING = "waiting"
    RELEASED = "released"
    HELD = "held"
    """Central has it, and waits for its cluster file to know the meter."""
    CONFLICT = "conflict"
    """Central has it, beside another value that was there first."""
    ASIDE = "aside"
    """Central refused it: kept and shown, not sent again."""


class OutboxError(Exception):
    """The outbox's file can't be used; the message says which and what to do."""


class Stamp(msgspec.Struct, frozen=True, kw_only=True):
    """When and under which clock rows were made."""

    boot: str
    monotonic_ms: int
    clock: ClockState
    made_at: datetime


class Fate(NamedTuple):
    """What a receipt says of one row."""

    sequence: int
    state: RowState
    reason: str


class AsideRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that central refused."""

    sequence: int
    meter: str
    register: str
    at: str
    wh: str
    reason: str


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the outbox."""

    outbox: str
    counts: dict[str, int]
    """Rows by state."""
    oldest_waiting: str | None
    """``at`` of the oldest row without a receipt."""
    aside: tuple[AsideRow, ...]

    def count(self, state: RowState) -> int:
        """How many rows are in that state."""
        return self.counts.get(state, 0)


class Waiting(NamedTuple):
    """Rows without a receipt: those of the newest boundary, and the backlog oldest first."""

    newest: list[StandOnWire]
    backlog: list[StandOnWire]


class Outbox:
    """One open file. Not for the event loop's thread: every call may wait for the disk."""

    def __init__(self, connection: sqlite3.Connection, lock: BinaryIO | None = None) -> None:
        """Wrap an open connection, and the lock that makes it ours alone; use ``open`` or ``look``."""
        self._connection = connection
        self._lock = lock
        self.id: str = connection.execute("SELECT value FROM meta WHERE key = 'outbox'").fetchone()[0]
        """Random: sequences of two outboxes have nothing to do with each other."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the file for a gateway's own use; make it if there is none.

        Raises:
            OutboxError: it is damaged, of a later layout, in use by another gateway, or can't be written.
        """
        lock = _lock(path)
        try:
            connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            if (state := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise sqlite3.DatabaseError(state)
            with _transaction(connection):
                for statement in _SCHEMA.split(";"):
                    connection.execute(statement)
                connection.execute("INSERT OR IGNORE INTO meta VALUES ('layout', ?)", (_LAYOUT,))
                connection.execute("INSERT OR IGNORE INTO meta VALUES ('outbox', ?)", (uuid.uuid4().hex,))
                if _layout(connection) == "1":
                    for statement in _FROM_1_TO_2:
                        connection.execute(statement)
        except sqlite3.Error as error:
            lock.close()
            raise OutboxError(
                f"{path}: the outbox can't be used: {error}. Nothing was changed. If the file is damaged, move it "
                "away (keep it: stands may be recovered from it) and start again; a new one is made."
            ) from error
        return cls._checked(connection, path, lock)

    @classmethod
    def look(cls, path: Path) -> Self:
        """Open the file to read only, beside a gateway that is using it.

        Raises:
            OutboxError: there is none, or it can't be read.
        """
        if not path.exists():
            raise OutboxError(f"{path}: there is no outbox yet; klaster-gateway run makes it")
        try:
            connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
            return cls._checked(connection, path)
        except sqlite3.Error as error:
            raise OutboxError(f"{path}: the outbox can't be read: {error}") from error

    @classmethod
    def _checked(cls, connection: sqlite3.Connection, path: Path, lock: BinaryIO | None = None) -> Self:
        layout = _layout(connection)
        if layout not in _READABLE:
            connection.close()
            if lock is not None:
                lock.close()
            raise OutboxError(f"{path}: its layout is {layout}; this version of klaster knows {_LAYOUT}")
        return cls(connection, lock)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
        if self._lock is not None:
            self._lock.close()

    def add(self, stands: Sequence[Stand], stamp: Stamp, lives: Mapping[tuple[str, str], Accepted]) -> int:
        """Commit stands and the lives they come from, (meter, OBIS) to last observation; how many stands are new.

        A stand of the same meter, register, instant and epoch that is there already stays as it is.
        """
        rows = [
            (
                *(one.meter, one.register, plain(one.wh), plain(one.resolution)),
                *(utc_text(one.at), utc_text(one.before), utc_text(one.after), one.quality.value, one.epoch),
                *(stamp.boot, stamp.monotonic_ms, stamp.clock.value, utc_text(stamp.made_at)),
            )
            for one in stands
        ]
        remembered = [
            (
                *(*key, one.epoch, str(one.wh), str(one.step), utc_text(one.sent), utc_text(one.received)),
                *(one.wraps, "" if one.scale is None else str(one.scale)),
            )
            for key, one in lives.items()
        ]
        with _transaction(self._connection):
            before = self._connection.total_changes
            self._connection.executemany(
                "INSERT INTO rows (meter, register, wh, resolution, at, before, after, quality, epoch,"
                " boot, monotonic_ms, clock, made_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                " ON CONFLICT (meter, register, at, epoch) DO NOTHING",
                rows,
            )
            new = self._connection.total_changes - before
            self._connection.executemany(
                "INSERT OR REPLACE INTO lives (meter, register, epoch, wh, step, sent, received, wraps, scale)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                remembered,
            )
        return new

    def lives(self) -> dict[tuple[str, str], Accepted]:
        """What was last remembered of every register: (meter, OBIS) to its last accepted observation."""
        found = self._connection.execute(
            "SELECT meter, register, epoch, wh, step, sent, received, wraps, scale FROM lives"
        )
        return {
            (meter, register): Accepted(
                epoch,
                Decimal(wh),
                Decimal(step),
                datetime.fromisoformat(sent),
                datetime.fromisoformat(received),
                wraps,
                Decimal(scale) if scale else None,
            )
            for meter, register, epoch, wh, step, sent, received, wraps, scale in found
        }

    def waiting(self, limit: int) -> Waiting:
        """All waiting rows of the newest boundary that any row has, and up to ``limit`` of the older ones."""
        newest = self._connection.execute(
            f"SELECT {_ON_WIRE} FROM rows WHERE state = 'waiting' AND at = (SELECT max(at) FROM rows)"  # noqa: S608
            " ORDER BY sequence"
        )
        backlog = self._connection.execute(
            f"SELECT {_ON_WIRE} FROM rows WHERE state = 'waiting' AND at < (SELECT max(at) FROM rows)"  # noqa: S608
            " ORDER BY at, sequence LIMIT ?",
            (limit,),
        )
        return Waiting([_on_wire(row) for row in newest], [_on_wire(row) for row in backlog])

    def settle(self, fates: Iterable[Fate]) -> None:
        """Commit what receipts say; a row that has left the queue is never brought back."""
        with _transaction(self._connection):
            self._connection.executemany(
                "UPDATE rows SET state = ?, reason = ? WHERE sequence = ? AND state = 'waiting'",
                [(fate.state.value, fate.reason, fate.sequence) for fate in fates],
            )

    def prune(self, now: datetime) -> int:
        """Drop receipted rows older than ``KEPT``; how many. What waits is never dropped."""
        with _transaction(self._connection):
            return self._connection.execute(
                "DELETE FROM rows WHERE at < ? AND state <> 'waiting'", (utc_text(now - KEPT),)
            ).rowcount

    def unsettled(self) -> dict[str, int]:
        """How many rows wait and are set aside: by the index, not by counting 450 days of rows."""
        found = self._connection.execute(
            "SELECT state, count(*) FROM rows WHERE state IN ('waiting', 'aside') GROUP BY state"
        )
        return dict(found.fetchall())

    def summary(self, aside: int = 100) -> Summary:
        """Counts, the oldest waiting row, and the newest ``aside`` refused rows."""
        counts = self._connection.execute("SELECT state, count(*) FROM rows GROUP BY state").fetchall()
        oldest = self._connection.execute("SELECT min(at) FROM rows WHERE state = 'waiting'").fetchone()[0]
        refused = self._connection.execute(
            "SELECT sequence, meter, register, at, wh, reason FROM rows WHERE state = 'aside'"
            " ORDER BY sequence DESC LIMIT ?",
            (aside,),
        )
        rows = tuple(
            AsideRow(sequence=sequence, meter=meter, register=register, at=at, wh=wh, reason=reason)
            for sequence, meter, register, at, wh, reason in refused
        )
        return Summary(outbox=self.id, counts=dict(counts), oldest_waiting=oldest, aside=rows)


def _layout(connection: sqlite3.Connection) -> str:
    return str(connection.execute("SELECT value FROM meta WHERE key = 'layout'").fetchone()[0])


def _lock(path: Path) -> BinaryIO:
    """Make the outbox ours alone until the file that is returned is closed, or the process ends."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        held = path.with_suffix(".lock").open("ab")
    except OSError as error:
        raise OutboxError(f"{path}: the outbox can't be written: {error.strerror}") from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        held.close()
        raise OutboxError(f"{path}: another klaster-gateway is using this outbox") from error
    return held


class _transaction:  # noqa: N801 - reads as the statement it stands for
    """Begin, then commit; roll back when the block raises."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._connection.execute("COMMIT")
        finally:
            # A commit that fails (a full disk) leaves its transaction open.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")


def _on_wire(row: Sequence[object]) -> StandOnWire:
    sequence, meter, register, wh, resolution, at, before, after, quality, epoch, boot, monotonic_ms, clock = row
    return StandOnWire(
        sequence=int(str(sequence)),
        meter=str(meter),
        register=str(register),
        wh=str(wh),
        resolution=str(resolution),
        at=datetime.fromisoformat(str(at)),
        before=datetime.fromisoformat(str(before)),
        after=datetime.fromisoformat(str(after)),
        quality=Quality(str(quality)),
        epoch=str(epoch),
        boot=str(boot),
        monotonic_ms=int(str(monotonic_ms)),
        clock=ClockState(str(clock)),
    )
