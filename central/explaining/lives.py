"""The stands around one period of a point, found by looking at them one by one: what ``central.energies`` does at once.

Of each life of a register (meter, register, epoch, gateway) the last stand up to the period's start and the first from
its end on, within the meter's record. Stands that people entered at an exchange stand in where a life ends or begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

from metering.energy import MAX_READING_WH, half_up
from metering.obis import ACTIVE_EXPORT, ACTIVE_IMPORT

Row = dict[str, Any]
REGISTERS = {"drawn": ACTIVE_IMPORT, "injected": ACTIVE_EXPORT}


@dataclass(frozen=True)
class Reading:
    """A stand of the table, or one that people read at an exchange."""

    at: int
    """Seconds."""
    wh: str
    """As shown, without multiplier; an exact decimal."""
    multiplied: int
    """Times the record's multiplier, rounded half-up once."""
    row: Row | None
    """The row of STANDS; None: entered by people."""


@dataclass(frozen=True)
class Pair:
    """Two neighbouring stands of one life that enclose the period."""

    meter: Row
    """The meter's record."""
    gateway: str
    epoch: str
    before: Reading
    after: Reading

    def known(self, length: int) -> int | None:
        """The energy of each period between them; None where they prove only a sum, or nothing."""
        wh, count = self.after.multiplied - self.before.multiplied, (self.after.at - self.before.at) // length
        if wh < 0 or wh > MAX_READING_WH * min(count, 2**20) or (count > 1 and wh):
            return None
        return wh


def rounded(wh: str, multiplier: str) -> int:
    """A stand times its multiplier in whole Wh, halves up."""
    return half_up(Fraction(Decimal(wh)) * Fraction(Decimal(multiplier)))


def pairs(stands: list[Row], meters: list[Row], direction: str, start: int, length: int) -> list[Pair]:
    """Every life's pair around the period, those that know its energy first.

    ``stands`` are rows of STANDS, ``meters`` the records of the point's settlement meters.
    """
    register = REGISTERS[direction]
    found = []
    for meter in meters:
        lives: dict[tuple[str, str], list[Row]] = {}
        for row in stands:
            if row["meter"] == meter["serial"] and row["register"] == register:
                lives.setdefault((row["gateway"], row["epoch"]), []).append(row)
        for (gateway, epoch), rows in sorted(lives.items()):
            if (meter["gateway"] or gateway) != gateway:
                continue
            if one := _around(meter, gateway, epoch, rows, register, start, length):
                found.append(one)
    return sorted(found, key=lambda one: one.known(length) is None)


def _around(
    meter: Row, gateway: str, epoch: str, rows: list[Row], register: str, start: int, length: int
) -> Pair | None:
    """Entered stands count at the ends of the record, as long as they are on the grid."""
    first, last = _seconds(meter["valid_from"]), _seconds(meter["valid_to"])
    times = [at for at in (int(row["at"].timestamp()) for row in rows) if at % length == 0]
    readings = _inside(meter, rows, length)
    if not readings:
        return None
    taken = {reading.at for reading in readings}
    for name, at, goes_on in (
        ("opening", first, first is not None and min(times) < first),
        ("closing", last, last is not None and max(times) > last),
    ):
        entered: Mapping[str, str] = dict(meter.get(name) or ())
        if at is not None and at % length == 0 and at not in taken and register in entered and not goes_on:
            readings.append(Reading(at, entered[register], rounded(entered[register], meter["multiplier"]), None))
    before = max((one for one in readings if one.at <= start), key=lambda one: one.at, default=None)
    after = min((one for one in readings if one.at >= start + length), key=lambda one: one.at, default=None)
    return None if before is None or after is None else Pair(meter, gateway, epoch, before, after)


def _inside(meter: Row, rows: list[Row], length: int) -> list[Reading]:
    """A life's stands on the grid, within the meter's record."""
    first, last = _seconds(meter["valid_from"]), _seconds(meter["valid_to"])
    return [
        Reading(at, row["wh"], rounded(row["wh"], meter["multiplier"]), row)
        for at, row in ((int(row["at"].timestamp()), row) for row in rows)
        if at % length == 0 and (first is None or at >= first) and (last is None or at <= last)
    ]


@dataclass(frozen=True)
class Exchange:
    """A period in which a meter was exchanged: what the old one counted up to it, and the new one from it on."""

    at: int
    """Seconds."""
    old: Row
    new: Row
    last: Reading
    """The old meter's last stand, and what people read when it was taken down."""
    closing: int
    opening: int
    """What they read on the new one, and its first stand."""
    first: Reading

    def known(self, length: int) -> int | None:
        """The energy of each period from the last stand to the first; None as ``Pair.known``."""
        parts = self.closing - self.last.multiplied, self.first.multiplied - self.opening
        wh, count = sum(parts), (self.first.at - self.last.at) // length
        if min(parts) < 0 or wh > MAX_READING_WH * min(count, 2**20) or (count > 1 and wh):
            return None
        return wh


def exchange(stands: list[Row], meters: list[Row], direction: str, start: int, length: int) -> Exchange | None:
    """The exchange whose two entered stands are one sum with the stands around the period."""
    register = REGISTERS[direction]
    for old in meters:
        at = _seconds(old["valid_to"])
        for new in meters:
            if at is None or new is old or _seconds(new["valid_from"]) != at:
                continue
            closing, opening = (dict(row.get(name) or ()) for row, name in ((old, "closing"), (new, "opening")))
            if register not in closing or register not in opening:
                continue
            last = max(_of(stands, old, register, length), key=lambda one: one.at, default=None)
            first = min(_of(stands, new, register, length), key=lambda one: one.at, default=None)
            if last is None or first is None or not last.at <= start < first.at:
                continue
            if at % length == 0 and at not in {last.at, first.at}:
                continue
            read = rounded(closing[register], old["multiplier"]), rounded(opening[register], new["multiplier"])
            return Exchange(at, old, new, last, read[0], read[1], first)
    return None


def _of(stands: list[Row], meter: Row, register: str, length: int) -> list[Reading]:
    gateways = {meter["gateway"]} if meter["gateway"] else None
    rows = [row for row in stands if row["meter"] == meter["serial"] and row["register"] == register]
    return _inside(meter, [row for row in rows if gateways is None or row["gateway"] in gateways], length)


def nearest(stands: list[Row], meters: list[Row], direction: str, start: int) -> tuple[Row | None, Row | None]:
    """The last stand of these meters up to an instant, and the first after it."""
    serials = {meter["serial"] for meter in meters}
    mine = [row for row in stands if row["meter"] in serials and row["register"] == REGISTERS[direction]]
    before = [row for row in mine if row["at"].timestamp() <= start]
    after = [row for row in mine if row["at"].timestamp() > start]
    return (
        max(before, key=lambda row: row["at"], default=None),
        min(after, key=lambda row: row["at"], default=None),
    )


def _seconds(at: Any) -> int | None:
    return None if at is None else int(at.timestamp())
