"""``findings.sqlite``: findings as records that open and close by themselves, or by somebody's word.

What is looked at together is a scope: a month, the intake, the store. After each look at a scope the open records are
exactly what was found there; a scope that can't be looked at stays as it is. Found again after it closed, a finding is
a new record (``<key>-2``). One that was acknowledged is never opened again. Only acknowledgements can't be made anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from central.finding import ACCEPTABLE, Finding
from central.sqlite_file import connect
from metering.period import local_text

_SCHEMA = """
CREATE TABLE IF NOT EXISTS findings (
    id TEXT PRIMARY KEY,
    key TEXT NOT NULL,
    scope TEXT NOT NULL,
    finding TEXT NOT NULL,
    opened TEXT NOT NULL,
    seen TEXT NOT NULL,
    closed TEXT,
    by TEXT NOT NULL DEFAULT '',
    reason TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE TABLE IF NOT EXISTS looks (scope TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS open_finding ON findings (key) WHERE closed IS NULL;
CREATE INDEX IF NOT EXISTS known_finding ON findings (key);
"""
_INSERT = "INSERT INTO findings (id, key, scope, finding, opened, seen, closed) VALUES (?, ?, ?, ?, ?, ?, ?)"
_FOUND = "UPDATE findings SET scope = ?, finding = ? WHERE key = ? AND closed IS NULL"
_CLOSE = "UPDATE findings SET closed = ?, seen = ? WHERE key = ? AND closed IS NULL"
# Of an open one "seen" is when its scope was last looked at: thousands need not be written anew at each look.
_SELECT = """
SELECT id, scope, finding, opened, CASE WHEN closed IS NULL THEN looks.at ELSE seen END, closed, by, reason
FROM findings JOIN looks USING (scope)
"""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with its history."""

    id: str
    scope: str
    finding: Finding
    """As it was last found."""
    opened: datetime
    """When it was first found (UTC)."""
    seen: datetime
    """When it was last found."""
    closed: datetime | None = None
    """When it was no longer found, or was acknowledged; None while it is open."""
    by: str = ""
    reason: str = ""
    """Who acknowledged it and why; empty where it closed by itself."""


class Change(msgspec.Struct, frozen=True):
    """What a look at a scope changed."""

    opened: tuple[Finding, ...] = ()
    closed: tuple[Finding, ...] = ()


class NotAcknowledgedError(Exception):
    """A finding can't be acknowledged; the message says why."""


class FindingsFile:
    """The file; the service writes what it finds, the command acknowledgements."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file; a writer makes it if it isn't there.

        Raises:
            sqlite3.Error: it can't be opened, or isn't such a file.
        """
        self._db = connect(path, "" if read_only else _SCHEMA, read_only=read_only)

    def looked(self, scope: str, found: Sequence[Finding], now: datetime) -> Change:
        """Record what was found at a look at all of a scope."""
        at = now.isoformat()
        opened, closed = [], []
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            last = self._db.execute("SELECT at FROM looks WHERE scope = ?", (scope,)).fetchone()
            self._db.execute("INSERT OR REPLACE INTO looks VALUES (?, ?)", (scope, at))
            done = {key for (key,) in self._db.execute("SELECT key FROM findings WHERE by != ''")}
            known = {
                key: (where, text)
                for key, where, text in self._db.execute(
                    "SELECT key, scope, finding FROM findings WHERE closed IS NULL"
                )
            }
            here = set()
            for one in found:
                key, text = one.key, msgspec.json.encode(one).decode()
                if one.over:
                    self._over(scope, one, text, at)
                elif key not in done and key not in here:
                    here.add(key)
                    if key not in known:
                        self._db.execute(_INSERT, (self._new_id(key), key, scope, text, at, at, None))
                        opened.append(one)
                    elif known[key] != (scope, text):
                        self._db.execute(_FOUND, (scope, text, key))
            for key, (where, text) in known.items():
                if where == scope and key not in here:
                    self._db.execute(_CLOSE, (at, last[0] if last else at, key))
                    closed.append(msgspec.json.decode(text, type=Finding))
        return Change(tuple(opened), tuple(closed))

    def _over(self, scope: str, one: Finding, text: str, at: str) -> None:
        """Keep what began and ended between two looks, and how an open one ended."""
        if not self._db.execute("SELECT 1 FROM findings WHERE key = ?", (one.key,)).fetchone():
            self._db.execute(_INSERT, (one.key, one.key, scope, text, at, at, at))
        else:
            self._db.execute(_FOUND, (scope, text, one.key))

    def _new_id(self, key: str) -> str:
        before = int(self._db.execute("SELECT count(*) FROM findings WHERE key = ?", (key,)).fetchone()[0])
        return f"{key}-{before + 1}" if before else key

    def acknowledge(self, id_: str, by: str, reason: str, now: datetime) -> Record:
        """Close a finding for ever by somebody's word.

        Raises:
            NotAcknowledgedError: there is no such finding, it is closed, or it closes by itself.
        """
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            row = self._db.execute(f"{_SELECT} WHERE id = ?", (id_,)).fetchone()
            if row is None:
                raise NotAcknowledgedError(f"no finding {id_} is recorded; klaster-central findings CONFIG names them")
            record = _record(row)
            if record.closed is not None:
                said = f" by {record.by}: {record.reason}" if record.by else ""
                raise NotAcknowledgedError(f"finding {id_} was closed at {local_text(record.closed)}{said}")
            kind = record.finding.kind
            if kind not in ACCEPTABLE:
                raise NotAcknowledgedError(
                    f"finding {id_} ({kind}) can't be acknowledged: it closes by itself. Its way out: "
                    f"{record.finding.way_out}"
                )
            self._db.execute(
                "UPDATE findings SET closed = ?, seen = ?, by = ?, reason = ? WHERE id = ?",
                (now.isoformat(), record.seen.isoformat(), by, reason, id_),
            )
        return msgspec.structs.replace(record, closed=now, by=by, reason=reason)

    def records(self, *, closed: bool = True) -> list[Record]:
        """All records in the order in which they were opened; or without those that closed by themselves."""
        chosen = "" if closed else "WHERE closed IS NULL OR by != ''"
        return [_record(row) for row in self._db.execute(f"{_SELECT} {chosen} ORDER BY opened, id")]

    def open_scopes(self) -> set[str]:
        """The scopes that have open records."""
        return {scope for (scope,) in self._db.execute("SELECT DISTINCT scope FROM findings WHERE closed IS NULL")}

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def _record(row: Sequence[str | None]) -> Record:
    id_, scope, finding, opened, seen, closed, by, reason = row
    return Record(
        id=str(id_),
        scope=str(scope),
        finding=msgspec.json.decode(str(finding), type=Finding),
        opened=datetime.fromisoformat(str(opened)),
        seen=datetime.fromisoformat(str(seen)),
        closed=None if closed is None else datetime.fromisoformat(closed),
        by=str(by),
        reason=str(reason),
    )
