"""What the outbox is told and tells: states of rows, stamps, fates, summaries."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec

from metering.wire import ClockState, StandOnWire


class RowState(StrEnum):
    """Where a row stands. All but ``waiting`` have been receipted."""

    WAITING = "waiting"
    RELEASED = "released"
    HELD = "held"
    """Central has it, and waits for its cluster file to know the meter."""
    CONFLICT = "conflict"
    """Central has it, beside another value that was there first."""
    ASIDE = "aside"
    """Central refused it, or the disk spoiled it: kept and shown, not sent again unless central asks for it."""


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
