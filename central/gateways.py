"""What each gateway last said of itself, and when central last receipted to it: a small table beside the books."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from central.evidence import GatewaySeen
from central.sqlite_file import connect
from metering.wire import GatewayStatus

_SCHEMA = """
CREATE TABLE IF NOT EXISTS gateways (
    gateway TEXT PRIMARY KEY,
    status TEXT,
    heard TEXT,
    receipted TEXT
) STRICT, WITHOUT ROWID;
"""


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

    def all(self) -> list[GatewaySeen]:
        """Every gateway ever heard, by id."""
        rows = self._db.execute("SELECT gateway, status, heard, receipted FROM gateways ORDER BY gateway").fetchall()
        return [
            GatewaySeen(
                gateway=gateway,
                status=None if status is None else msgspec.json.decode(status, type=GatewayStatus),
                heard=None if heard is None else datetime.fromisoformat(heard),
                receipted=None if receipted is None else datetime.fromisoformat(receipted),
            )
            for gateway, status, heard, receipted in rows
        ]

    def close(self) -> None:
        """Close the file."""
        self._db.close()
