"""What was asked of gateways again: a table beside the books. The command writes it, the service watches it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from central.sqlite_file import connect
from metering.wire import RequestStatus, ResendRequest

_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    gateway TEXT NOT NULL,
    request TEXT NOT NULL,
    asked TEXT NOT NULL,
    heard TEXT NOT NULL DEFAULT '',
    stands INTEGER,
    done INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX IF NOT EXISTS requests_open ON requests (done) WHERE done = 0;
"""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request, and what its gateway says of it."""

    id: str
    gateway: str
    request: ResendRequest
    asked: datetime
    """When someone asked (UTC)."""
    heard: datetime | None
    """When the gateway last told of it (UTC); None before it did."""
    stands: int | None
    """How many stands it has sent again."""
    done: bool


class RequestTable:
    """The table's file; the command and the service write it beside each other."""

    def __init__(self, path: Path) -> None:
        """Open the file, and make it if it isn't there.

        Raises:
            sqlite3.Error: it can't be opened, or isn't such a table.
        """
        self._db = connect(path, _SCHEMA, synchronous="FULL")

    def ask(self, gateway: str, request: ResendRequest, at: datetime) -> None:
        """Keep a request."""
        with self._db:
            self._db.execute(
                "INSERT INTO requests (id, gateway, request, asked) VALUES (?, ?, ?, ?)",
                (request.id, gateway, msgspec.json.encode(request).decode(), at.isoformat()),
            )

    def told(self, gateway: str, statuses: tuple[RequestStatus, ...], at: datetime) -> None:
        """Keep what a gateway says of requests; what it says of those that weren't its own means nothing."""
        with self._db:
            self._db.executemany(
                "UPDATE requests SET stands = ?, done = ?, heard = ? WHERE gateway = ? AND id = ? AND done = 0",
                [(one.stands, one.done, at.isoformat(), gateway, one.id) for one in statuses],
            )

    def unanswered(self) -> list[Asked]:
        """Those that aren't done, oldest first."""
        return self._asked("WHERE done = 0 ORDER BY number")

    def latest(self, limit: int = 100) -> list[Asked]:
        """The newest, newest first."""
        return self._asked("ORDER BY number DESC LIMIT ?", limit)

    def one(self, request: str) -> Asked:
        """That with this id."""
        return self._asked("WHERE id = ?", request)[0]

    def _asked(self, which: str, *values: object) -> list[Asked]:
        select = "SELECT id, gateway, request, asked, heard, stands, done FROM requests "
        return [
            Asked(
                id=name,
                gateway=gateway,
                request=msgspec.json.decode(request, type=ResendRequest),
                asked=datetime.fromisoformat(asked),
                heard=datetime.fromisoformat(heard) if heard else None,
                stands=stands,
                done=bool(done),
            )
            for name, gateway, request, asked, heard, stands, done in self._db.execute(select + which, values)
        ]

    def close(self) -> None:
        """Close the file."""
        self._db.close()
