"""What each gateway last said of itself, and when central last receipted to it: a small table beside the books."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from central.evidence import AnotherCentral, GatewaySeen, OverBudget
from central.sqlite_file import connect
from metering.wire import GatewayStatus

_SCHEMA = """
CREATE TABLE IF NOT EXISTS gateways (
    gateway TEXT PRIMARY KEY,
    status TEXT,
    heard TEXT,
    receipted TEXT
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS put_off (gateway TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS over_budget (gateway TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS another (one INTEGER PRIMARY KEY CHECK (one = 1), body TEXT NOT NULL) STRICT;
"""
_STRETCH = timedelta(minutes=10)
"""Another central that wasn't heard for so long came anew."""


class GatewayTable:
    """The table's file."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file; a writer makes it if it isn't there."""
        self._db = connect(path, "" if read_only else _SCHEMA, read_only=read_only, synchronous="NORMAL")

    def heard(self, gateway: str, status: GatewayStatus, at: datetime) -> None:
        """Keep a gateway's status; of one that went offline, what it said while it was online."""
        before = self._db.execute("SELECT status FROM gateways WHERE gateway = ?", (gateway,)).fetchone()
        if not status.online and before and before[0]:
            status = msgspec.structs.replace(msgspec.json.decode(before[0], type=GatewayStatus), online=False)
        with self._db:
            self._db.execute(
                "INSERT INTO gateways (gateway, status, heard) VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET status = excluded.status, heard = excluded.heard",
                (gateway, msgspec.json.encode(status).decode(), at.isoformat()),
            )

    def receipted(self, gateways: Iterable[str], at: datetime) -> None:
        """Note that messages of these gateways were receipted."""
        with self._db:
            self._db.executemany(
                "INSERT INTO gateways (gateway, receipted) VALUES (?, ?) "
                "ON CONFLICT DO UPDATE SET receipted = excluded.receipted",
                [(gateway, at.isoformat()) for gateway in gateways],
            )

    def put_off(self, gateway: str, at: datetime) -> None:
        """Note that a message of a gateway wasn't taken in, because the disk is short."""
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO put_off VALUES (?, ?)", (gateway, at.isoformat()))

    def over_budget(self, gateway: str, over: OverBudget) -> None:
        """Note that a gateway sent more than it may."""
        with self._db:
            body = msgspec.json.encode(over).decode()
            self._db.execute("INSERT OR REPLACE INTO over_budget VALUES (?, ?)", (gateway, body))

    def another_came(self, mine: str, other: str, at: datetime, *, serving: bool) -> None:
        """Note that another central was heard; ``serving``: whether this one takes stands in."""
        before = self.another()
        same = before is not None and before.other == other and at - before.at <= _STRETCH
        since = before.since if before is not None and same else at
        body = msgspec.json.encode(AnotherCentral(mine=mine, other=other, serving=serving, since=since, at=at)).decode()
        with self._db:
            self._db.execute("INSERT OR REPLACE INTO another VALUES (1, ?)", (body,))

    def another(self) -> AnotherCentral | None:
        """The last other central that was heard."""
        if not self._has("another"):
            return None
        row = self._db.execute("SELECT body FROM another").fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=AnotherCentral)

    def _has(self, table: str) -> bool:
        """A file that an older klaster made and no writer has opened since lacks some."""
        return self._db.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (table,)).fetchone() is not None

    def all(self) -> list[GatewaySeen]:
        """Every gateway ever heard, by id."""
        rows = self._db.execute("SELECT gateway, status, heard, receipted FROM gateways ORDER BY gateway").fetchall()
        put_off = dict(self._db.execute("SELECT gateway, at FROM put_off")) if self._has("put_off") else {}
        over = dict(self._db.execute("SELECT gateway, body FROM over_budget")) if self._has("over_budget") else {}
        return [
            GatewaySeen(
                gateway=gateway,
                status=None if status is None else msgspec.json.decode(status, type=GatewayStatus),
                heard=None if heard is None else datetime.fromisoformat(heard),
                receipted=None if receipted is None else datetime.fromisoformat(receipted),
                put_off=datetime.fromisoformat(put_off[gateway]) if gateway in put_off else None,
                over_budget=msgspec.json.decode(over[gateway], type=OverBudget) if gateway in over else None,
            )
            for gateway, status, heard, receipted in rows
        ]

    def close(self) -> None:
        """Close the file."""
        self._db.close()
