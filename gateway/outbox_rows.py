"""Rows of an outbox for a person, read beside the gateway that uses it: which there are, and each with its state."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from gateway.outbox import Outbox, OutboxError
from gateway.outbox_file import STATES
from gateway.stand_row import Life, Machine, StandRow, from_row, instant, is_true, micros
from metering.wire import StandOnWire

_SECOND_US = 1_000_000


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one register."""

    meter: str
    register: str
    rows: int
    waiting: int
    first: datetime
    last: datetime


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One row."""

    stand: StandOnWire
    state: str
    reason: str
    """Why it is where it is."""
    decayed: bool
    """Its checksum is wrong: what it shows isn't what was measured."""


class Rows:
    """The rows of one outbox from ``first`` to ``last`` (both inclusive; None: all) of some meters (none: of all)."""

    def __init__(self, path: Path, first: datetime | None, last: datetime | None, meters: Sequence[str]) -> None:
        """Open the file to read only.

        Raises:
            OutboxError: there is none, or it can't be read.
        """
        Outbox.look(path).close()
        self._path = path
        self.unreadable = 0
        """So many of the rows that were gone through hold no stand at all: they decayed on the disk."""
        try:
            self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
        except sqlite3.Error as error:
            raise OutboxError(f"{path}: the outbox can't be read: {error}") from error
        clauses: list[str] = ["1"]
        values: list[object] = []
        if first is not None:
            clauses.append("at >= ?")
            values.append(-(-micros(first) // _SECOND_US))
        if last is not None:
            clauses.append("at <= ?")
            values.append(micros(last) // _SECOND_US)
        if meters:
            clauses.append(f"meter IN ({', '.join('?' * len(meters))})")
        self._where = " AND ".join(clauses)
        self._bound: tuple[object, ...] = (*values, *meters)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def spans(self) -> list[Span]:
        """How many rows each register has, and of which time.

        Raises:
            OutboxError: the file can't be read.
        """
        found = self._all(
            "SELECT meter, register, count(*), sum(state = 0), min(at), max(at) FROM stands JOIN epochs"  # noqa: S608
            " ON epochs.id = life WHERE " + self._where + " GROUP BY meter, register ORDER BY meter, register"
        )
        return [
            Span(meter=meter, register=register, rows=rows, waiting=waiting, first=_instant(first), last=_instant(last))
            for meter, register, rows, waiting, first, last in found
        ]

    def __iter__(self) -> Iterator[Kept]:
        """Each row, by its instant.

        Raises:
            OutboxError: the file can't be read.
        """
        lives: dict[int, Life] = {
            number: (meter, register, epoch)
            for number, meter, register, epoch in self._all("SELECT id, meter, register, epoch FROM epochs", ())
        }
        machines: dict[int, Machine] = {
            number: (boot, clock) for number, boot, clock in self._all("SELECT id, boot, clock FROM machines", ())
        }
        rows = self._all(
            "SELECT sequence, life, at, wh, resolution, before, after, quality, machine, monotonic_ms,"  # noqa: S608
            " late_s, checksum, state, reason FROM stands JOIN epochs ON epochs.id = life WHERE "
            + self._where
            + " ORDER BY at, sequence"
        )
        for *columns, state, reason in rows:
            row = StandRow(*columns)
            try:
                life, machine = lives[row.life], machines[row.machine]
                stand = from_row(row, life, machine)
            except (KeyError, TypeError, ValueError, OverflowError, IndexError):
                self.unreadable += 1
                continue
            yield Kept(stand=stand, state=STATES[state], reason=reason, decayed=not is_true(row, life, machine))

    def _all(self, select: str, bound: tuple[object, ...] | None = None) -> Iterator[tuple[Any, ...]]:
        try:
            yield from self._connection.execute(select, self._bound if bound is None else bound)
        except sqlite3.Error as error:
            raise OutboxError(f"{self._path}: the outbox can't be read: {error}") from error


def _instant(at: int) -> datetime:
    return instant(at * _SECOND_US)
