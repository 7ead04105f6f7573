"""How a stand lies in the outbox's file: small whole numbers, names once in tables of their own, and a checksum.

The checksum covers all that goes on the wire, the names too: a row that decayed on the disk is never sent as true.
"""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from gateway.observation import Accepted
from metering.period import EPOCH
from metering.stand import Quality
from metering.wire import ClockState, StandOnWire

Number = int | str
"""A decimal: an int where it is whole, its text where it isn't."""
Life = tuple[str, str, str]
"""Meter, register (OBIS code), epoch."""
Machine = tuple[str, str]
"""Boot id and what was known of the clock."""
QUALITIES = (Quality.MEASURED, Quality.INTERPOLATED)
_MICROSECOND = timedelta(microseconds=1)
_SECOND_US = 1_000_000


class StandRow(NamedTuple):
    """The columns of table ``stands`` that never change, in their order; instants in seconds since 1970 (UTC)."""

    sequence: int
    life: int
    """Row of table ``epochs``."""
    at: int
    wh: Number
    resolution: Number
    before: int
    """Microseconds from the poll before to ``at``."""
    after: int
    """Microseconds from ``at`` to the poll after."""
    quality: int
    """Index of ``QUALITIES``."""
    machine: int
    """Row of table ``machines``."""
    monotonic_ms: int
    late_s: int
    """Seconds from ``at`` to when the row was made."""
    checksum: int


def number(text: str) -> Number:
    """A decimal as the file keeps it."""
    return int(text) if text.isascii() and text.isdigit() and (text == "0" or text[0] != "0") else text


def micros(at: datetime) -> int:
    """Microseconds since 1970."""
    return (at - EPOCH) // _MICROSECOND


def instant(us: int) -> datetime:
    """The instant so many microseconds after 1970."""
    return EPOCH + timedelta(microseconds=us)


def to_row(stand: StandOnWire, life: int, machine: int, made_at: datetime) -> StandRow:
    """A stand as a row."""
    at = micros(stand.at)
    row = StandRow(
        sequence=stand.sequence,
        life=life,
        at=at // _SECOND_US,
        wh=number(stand.wh),
        resolution=number(stand.resolution),
        before=at - micros(stand.before),
        after=micros(stand.after) - at,
        quality=QUALITIES.index(stand.quality),
        machine=machine,
        monotonic_ms=stand.monotonic_ms,
        late_s=(micros(made_at) - at) // _SECOND_US,
        checksum=0,
    )
    name = (stand.meter, stand.register, stand.epoch)
    return row._replace(checksum=stand_checksum(row, name, (stand.boot, stand.clock.value)))


def from_row(row: StandRow, life: Life, machine: Machine) -> StandOnWire:
    """The stand in a row that ``is_true``."""
    at = row.at * _SECOND_US
    return StandOnWire(
        sequence=row.sequence,
        meter=life[0],
        register=life[1],
        wh=str(row.wh),
        resolution=str(row.resolution),
        at=instant(at),
        before=instant(at - row.before),
        after=instant(at + row.after),
        quality=QUALITIES[row.quality],
        epoch=life[2],
        boot=machine[0],
        monotonic_ms=row.monotonic_ms,
        clock=ClockState(machine[1]),
    )


def stand_checksum(row: StandRow, life: Life, machine: Machine) -> int:
    """CRC-32 of all that goes on the wire, from a row and the names that it means.

    Raises:
        TypeError, IndexError: the row holds what no stand holds.
    """
    at = row.at * _SECOND_US
    return _checksum(
        *(row.sequence, life[0], life[1], row.wh, row.resolution, at, at - row.before, at + row.after),
        *(QUALITIES[row.quality].value, life[2], machine[0], row.monotonic_ms, machine[1]),
    )


def is_true(row: StandRow, life: Life, machine: Machine) -> bool:
    """Whether a row's checksum is right: it is as it was written, and these are the names that it means."""
    try:
        return stand_checksum(row, life, machine) == row.checksum
    except (TypeError, IndexError):
        return False


class LifeRow(NamedTuple):
    """The columns of table ``lives``: what was last accepted of a register."""

    life: int
    wh: Number
    step: Number
    sent: int
    """Microseconds since 1970; so ``received``."""
    received: int
    wraps: int
    scale: Number
    """Empty where it isn't known."""
    checksum: int


def to_life_row(life: int, name: Life, last: Accepted) -> LifeRow:
    """What a restart needs of a register, as a row."""
    scale = "" if last.scale is None else str(last.scale)
    row = LifeRow(
        life,
        number(str(last.wh)),
        number(str(last.step)),
        micros(last.sent),
        micros(last.received),
        last.wraps,
        number(scale),
        0,
    )
    return row._replace(checksum=life_checksum(row, name))


def from_life_row(row: LifeRow, name: Life) -> Accepted:
    """The observation in a row.

    Raises:
        ArithmeticError, ValueError, OverflowError: the row holds what no life holds.
    """
    scale = None if row.scale == "" else Decimal(row.scale)
    wh, step = Decimal(row.wh), Decimal(row.step)
    return Accepted(name[2], wh, step, instant(row.sent), instant(row.received), row.wraps, scale)


def life_checksum(row: LifeRow, name: Life) -> int:
    """CRC-32 of all of a row but itself, and of the names."""
    return _checksum(*name, *row[1:-1])


def _checksum(*parts: object) -> int:
    return zlib.crc32("|".join(map(str, parts)).encode())
