"""What can still be read of a damaged outbox: every row whose checksum is right, without SQLite's help.

A row's state isn't in its checksum. Where copies of a row differ in it, it has left the queue: it leaves but once. What
is wrongly taken for receipted comes to light when central tells what it holds.
"""

from __future__ import annotations

import mmap
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from gateway.observation import Accepted
from gateway.outbox_file import LAYOUT, PAGE_SIZE, STATES, NewFile, finish, transaction
from gateway.outbox_writer import Writer
from gateway.sqlite_pages import FRAME_HEADER, WAL_HEADER, Record, file_records, wal_records
from gateway.stand_row import Life, LifeRow, Machine, StandRow, from_life_row, is_true, life_checksum

_UNREADABLE = (ArithmeticError, ValueError, TypeError, IndexError)
_GAP: Final = 1_000_000
"""Rows that can't be read any more had numbers too: those are never given again."""
_HIGHEST: Final = 2**52
_STAND_COLUMNS, _LIFE_COLUMNS = 14, 8
_STATES: Final = range(len(STATES))
_BATCH: Final = 5000
_PUT: Final = """
INSERT INTO stands VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (sequence) DO UPDATE SET
    state = max(state, excluded.state), reason = CASE WHEN excluded.state > state THEN excluded.reason ELSE reason END
ON CONFLICT (at, life) DO NOTHING
"""


class Salvaged(NamedTuple):
    """What came of a damaged file."""

    aside: Path | None
    """Where the damaged file is now, its WAL beside it; None where it had gone."""
    stands: int
    waiting: int
    lives: int
    same_outbox: bool
    """Whether it goes on under its id; else central is sent all of it again."""


class _Names:
    """What the pages tell besides stands; several meanings of one number where a page was damaged."""

    def __init__(self, records: Iterator[Record]) -> None:
        self.life_rows: list[LifeRow] = []
        self.lives: defaultdict[int, set[Life]] = defaultdict(set)
        self.machines: defaultdict[int, set[Machine]] = defaultdict(set)
        self.facts: dict[str, str] = {}
        for row, columns in records:
            self._take(row, columns)

    def _take(self, row: int | None, columns: tuple[object, ...]) -> None:
        match columns:
            case (None, *rest) if row is not None and len(columns) == _LIFE_COLUMNS:
                self.life_rows.append(LifeRow(row, *rest))  # type: ignore[arg-type]
            case (None, str(meter), str(register), str(epoch)) if row is not None:
                self.lives[row].add((meter, register, epoch))
            case (str(meter), str(register), str(epoch), int(number)) if row is None:
                self.lives[number].add((meter, register, epoch))
            case (None, str(boot), str(clock)) if row is not None:
                self.machines[row].add((boot, clock))
            case (str(boot), str(clock), int(number)) if row is None:
                self.machines[number].add((boot, clock))
            case (str(key), str(value)) if row is None:
                self.facts[key] = value

    def meant(self, row: StandRow) -> tuple[Life, Machine] | None:
        """The names that a stand's row means, if its checksum is right."""
        for life in self.lives.get(row.life, ()):
            for machine in self.machines.get(row.machine, ()):
                if is_true(row, life, machine):
                    return life, machine
        return None

    def last_lives(self) -> dict[tuple[str, str], tuple[Life, Accepted]]:
        """Of each register the life that was remembered last."""
        latest: dict[tuple[str, str], tuple[Life, Accepted]] = {}
        for row in self.life_rows:
            for name in self.lives.get(row.life, ()):
                try:
                    last = from_life_row(row, name) if life_checksum(row, name) == row.checksum else None
                except _UNREADABLE:
                    continue
                if last and (name[:2] not in latest or latest[name[:2]][1].received <= last.received):
                    latest[name[:2]] = name, last
        return latest


def read_wal(path: Path) -> bytes:
    """The WAL that an outbox's last use left: to be read before SQLite sees it, which may cut or delete it."""
    try:
        return _wal(path).read_bytes()
    except FileNotFoundError:
        return b""


def salvage(path: Path, wal: bytes) -> Salvaged:
    """Set a damaged outbox aside and put a new one with all that could be read into its place.

    Raises:
        sqlite3.Error, OSError: the new one can't be written (a full disk); the damaged one is as it was.
    """
    names = _Names(_records(path, wal, but=_is_stand_or_index))
    outbox = names.facts.get("outbox") if names.facts.get("layout") == LAYOUT else None
    lives = names.last_lives()
    with NewFile(path, outbox) as new:
        highest = _copy_stands(_records(path, wal, but=_is_index), names, new.connection)
        writer = Writer(new.connection)
        for name, last in lives.values():
            writer.life(name, last)
        _skip(new.connection, highest)
        count = new.connection.execute
        stands = int(count("SELECT count(*) FROM stands").fetchone()[0])
        waiting = int(count("SELECT count(*) FROM stands WHERE state = 0").fetchone()[0])
    if wal and not _wal(path).exists():
        _wal(path).write_bytes(wal)
    return Salvaged(finish(path), stands, waiting, len(lives), outbox is not None)


def rescue(connection: sqlite3.Connection, wal: bytes) -> int:
    """Write the stands of a WAL that the file doesn't have; how many.

    SQLite takes a WAL to end at its first damaged page, and says nothing of the commits behind it. A stand of a commit
    that wasn't finished is true as well.

    Raises:
        sqlite3.Error: the file can't be written.
    """
    known = int(connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()[1])
    if not _has_more(wal, known):
        return 0
    names = _Names(wal_records(wal, PAGE_SIZE))
    for name, number in (there := Writer(connection)).lives.items():
        names.lives[number].add(name)
    for machine, number in there.machines.items():
        names.machines[number].add(machine)
    count = "SELECT count(*) FROM stands"
    before = connection.execute(count).fetchone()[0]
    # What was dropped for its age lies in old pages still.
    lowest = connection.execute("SELECT coalesce(min(sequence), 0) FROM stands").fetchone()[0]
    with transaction(connection):
        highest = _copy_stands(wal_records(wal, PAGE_SIZE), names, connection, lowest)
        new = int(connection.execute(count).fetchone()[0] - before)
        if new:
            _skip(connection, highest)
    return new


def _has_more(wal: bytes, known: int) -> bool:
    """Whether a WAL has pages of its last use beyond those that SQLite knows (of a damaged header it knows none)."""
    frames = range(WAL_HEADER, len(wal) - PAGE_SIZE, FRAME_HEADER + PAGE_SIZE)
    salt = wal[16:24]
    return sum(wal[at + 8 : at + 16] == salt for at in frames) > known or (known == 0 and len(frames) > 0)


def _skip(connection: sqlite3.Connection, highest: int) -> None:
    beyond = ("sequence", str(min(highest, _HIGHEST) + _GAP))
    connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", beyond)


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _records(path: Path, wal: bytes, but: Callable[[Record], bool]) -> Iterator[Record]:
    """All records, but for pages that hold only such as are not wanted."""
    if path.exists() and path.stat().st_size:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield from file_records(data, PAGE_SIZE, but)
    yield from wal_records(wal, PAGE_SIZE, but)


def _is_index(record: Record) -> bool:
    return record[0] is None and all(isinstance(one, int) for one in record[1])


def _is_stand_or_index(record: Record) -> bool:
    return len(record[1]) == _STAND_COLUMNS or _is_index(record)


def _copy_stands(records: Iterator[Record], names: _Names, connection: sqlite3.Connection, lowest: int = 0) -> int:
    """Write every stand from ``lowest`` on that is true, in its furthest state; the highest sequence of any."""
    writer = Writer(connection)
    highest = 0
    batch: list[tuple[object, ...]] = []
    for row, state, reason in _stand_rows(records):
        if row.sequence >= lowest and (meant := names.meant(row)):
            highest = max(highest, row.sequence)
            same = row._replace(life=writer.life_number(meant[0]), machine=writer.machine_number(meant[1]))
            batch.append((*same, state, reason))
        if len(batch) == _BATCH:
            connection.executemany(_PUT, batch)
            batch.clear()
    connection.executemany(_PUT, batch)
    return highest


def _stand_rows(records: Iterator[Record]) -> Iterator[tuple[StandRow, int, str]]:
    for sequence, columns in records:
        if sequence is None or len(columns) != _STAND_COLUMNS:
            continue
        _, life, at, wh, resolution, *rest, state, reason = columns
        whole = all(isinstance(one, int) for one in (life, at, *rest))
        decimals = isinstance(wh, int | str) and isinstance(resolution, int | str)
        if whole and decimals and isinstance(state, int) and state in _STATES and isinstance(reason, str):
            yield StandRow(sequence, *columns[1:-2]), state, reason  # type: ignore[arg-type]
