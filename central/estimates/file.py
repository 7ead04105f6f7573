"""``estimates.sqlite``: every estimate as it was recorded, and who took which back. Nothing in it is ever changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec

from central.estimate import Estimate, Undone
from central.sqlite_file import connect, has_table
from metering.period import local_text
from metering.point import Direction

T = TypeVar("T")

_SCHEMA = """
CREATE TABLE IF NOT EXISTS estimates (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    point TEXT NOT NULL,
    direction TEXT NOT NULL,
    method TEXT NOT NULL,
    parameters TEXT NOT NULL,
    length_s INTEGER NOT NULL,
    starts TEXT NOT NULL,
    wh TEXT NOT NULL,
    reason TEXT NOT NULL,
    by TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS undone (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    number INTEGER NOT NULL UNIQUE REFERENCES estimates (number),
    at TEXT NOT NULL,
    by TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;
""" + "".join(
    f"CREATE TRIGGER IF NOT EXISTS {table}_no_{what.lower()} BEFORE {what} ON {table} "
    "BEGIN SELECT RAISE(ABORT, 'estimates are never changed'); END;\n"
    for table in ("estimates", "undone")
    for what in ("UPDATE", "DELETE")
)
_INSERT = "INSERT INTO estimates VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_SELECT = """
SELECT e.number, point, direction, method, parameters, length_s, starts, wh, e.reason, e.by, e.at, u.at, u.by, u.reason
FROM estimates e LEFT JOIN undone u USING (number)
"""


class NotRecordedError(Exception):
    """An estimate can't be recorded or taken back; the message says why, and nothing was changed."""


class Place(NamedTuple):
    """How far the file has come: its last estimate, and the last that was taken back."""

    estimate: int = 0
    undone: int = 0


class EstimatesFile:
    """The file; commands write it, beside a running service or without one."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open the file; a writer makes it if it isn't there.

        Raises:
            sqlite3.Error: it can't be opened, or isn't such a file.
        """
        self._db = connect(path, "" if read_only else _SCHEMA, read_only=read_only)

    def record(self, estimates: Sequence[Estimate]) -> list[Estimate]:
        """Keep them, all or none; gives them with their numbers.

        Raises:
            NotRecordedError: a period has an estimate already.
        """
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            active = [one for one in self.all() if one.undone is None]
            return [self._insert(one, active) for one in estimates]

    def _insert(self, one: Estimate, active: Sequence[Estimate]) -> Estimate:
        for other in active:
            same = (other.point, other.direction) == (one.point, one.direction)
            if same and not set(other.starts).isdisjoint(one.starts):
                raise NotRecordedError(
                    f"{other.id} ({other.method} by {other.by}) has estimated periods of these already: take it back "
                    f"first with --undo {other.id}"
                )
        lists = (msgspec.json.encode(part).decode() for part in (one.parameters, one.starts, one.wh))
        parameters, starts, wh = lists
        row = (one.point, one.direction.value, one.method, parameters, one.length_s, starts, wh)
        done = self._db.execute(_INSERT, (*row, one.reason, one.by, one.at.isoformat()))
        return msgspec.structs.replace(one, number=int(done.lastrowid or 0))

    def undo(self, number: int, by: str, reason: str, at: datetime) -> Estimate:
        """Take one back.

        Raises:
            NotRecordedError: there is none, or it is taken back already.
        """
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            found = next((one for one in self.all() if one.number == number), None)
            if found is None:
                raise NotRecordedError(f"there is no estimate E{number}; klaster-central estimates CONFIG names them")
            if found.undone is not None:
                when = local_text(found.undone.at)
                raise NotRecordedError(f"E{number} was taken back at {when} by {found.undone.by}")
            self._db.execute("INSERT INTO undone VALUES (NULL, ?, ?, ?, ?)", (number, at.isoformat(), by, reason))
        return msgspec.structs.replace(found, undone=Undone(at=at, by=by, reason=reason))

    def all(self) -> list[Estimate]:
        """Every estimate in the order of recording."""
        return [_estimate(row) for row in self._db.execute(f"{_SELECT} ORDER BY e.number")]

    def place(self) -> Place:
        """How far the file has come."""
        return Place(*self._db.execute(
            "SELECT (SELECT coalesce(max(number), 0) FROM estimates), (SELECT coalesce(max(place), 0) FROM undone)"
        ).fetchone())  # fmt: skip

    def since(self, place: Place) -> list[Estimate]:
        """What was recorded or taken back after a place."""
        chosen = "WHERE e.number > ? OR u.place > ? ORDER BY e.number"
        return [_estimate(row) for row in self._db.execute(f"{_SELECT} {chosen}", place)]

    def close(self) -> None:
        """Close the file."""
        self._db.close()


def estimates_of(path: Path) -> list[Estimate]:
    """Every estimate; none where nobody has ever estimated.

    Raises:
        sqlite3.Error: the file can't be read.
    """
    return _read(path, EstimatesFile.all, [])


def changed_since(path: Path, place: Place) -> tuple[Place, list[Estimate]]:
    """How far the file has come, and what was recorded or taken back after a place; raises as ``estimates_of``."""
    nothing: list[Estimate] = []
    return _read(path, lambda file: (file.place(), file.since(place)), (Place(), nothing))


def _read(path: Path, question: Callable[[EstimatesFile], T], otherwise: T) -> T:
    if not has_table(path, "undone"):
        return otherwise
    file = EstimatesFile(path, read_only=True)
    try:
        return question(file)
    except sqlite3.DatabaseError as error:
        raise sqlite3.DatabaseError(f"{path}: {error}") from error
    finally:
        file.close()


def _estimate(row: Sequence[Any]) -> Estimate:
    number, point, direction, method, parameters, length_s, starts, wh, reason, by, at, *undone = row
    return Estimate(
        number=number,
        point=point,
        direction=Direction(direction),
        method=method,
        parameters=msgspec.json.decode(parameters, type=dict[str, str]),
        length_s=length_s,
        starts=msgspec.json.decode(starts, type=tuple[int, ...]),
        wh=msgspec.json.decode(wh, type=tuple[int, ...]),
        reason=reason,
        by=by,
        at=datetime.fromisoformat(at),
        undone=None if undone[0] is None else Undone(datetime.fromisoformat(undone[0]), undone[1], undone[2]),
    )
