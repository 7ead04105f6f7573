"""The stands around one period of a point, found by looking at them one by one: what ``central.energies`` does at once.

Of each life of a register (meter, register, epoch, gateway) the last stand up to the period's start and the first from
its end on, within the meter's record. Stands that people entered at an exchange go with the nearest stand of the life
that ends or begins there (``central.exchanges``).
"""

from __future__ import annotations

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


Life = tuple[str, str, str]
"""Meter, epoch and gateway."""


def pairs(stands: list[Row], meters: list[Row], direction: str, start: int, length: int) -> list[Pair]:
    """Every life's pair of stands around the period, those that know its energy first.

    ``stands`` are rows of STANDS, ``meters`` the records of the point's settlement meters.
    """
    found = []
    for (serial, epoch, gateway), rows in _lives(stands, direction, length).items():
        for record in _records(meters, serial, gateway):
            readings = _inside(record, rows)
            before = max((one for one in readings if one.at <= start), key=lambda one: one.at, default=None)
            after = min((one for one in readings if one.at >= start + length), key=lambda one: one.at, default=None)
            if before is not None and after is not None:
                found.append(Pair(record, gateway, epoch, before, after))
    return sorted(found, key=lambda one: one.known(length) is None)


def _lives(stands: list[Row], direction: str, length: int) -> dict[Life, list[Row]]:
    """The stands on the grid of each life of a register, by meter, epoch and gateway."""
    found: dict[Life, list[Row]] = {}
    for row in stands:
        if row["register"] == REGISTERS[direction] and int(row["at"].timestamp()) % length == 0:
            found.setdefault((row["meter"], row["epoch"], row["gateway"]), []).append(row)
    return dict(sorted(found.items()))


def _records(meters: list[Row], serial: str, gateway: str) -> list[Row]:
    return [row for row in meters if row["serial"] == serial and (row["gateway"] or gateway) == gateway]


def _inside(meter: Row, rows: list[Row]) -> list[Reading]:
    """A life's stands within the meter's record."""
    first, last = _seconds(meter["valid_from"]), _seconds(meter["valid_to"])
    return [
        Reading(at, row["wh"], rounded(row["wh"], meter["multiplier"]), row)
        for at, row in ((int(row["at"].timestamp()), row) for row in rows)
        if (first is None or at >= first) and (last is None or at <= last)
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


@dataclass(frozen=True)
class _Edge:
    """A life's stand nearest to one that people read where its record ends or begins."""

    meter: Row
    gateway: str
    epoch: str
    reading: Reading
    entered: Reading


def bridges(
    stands: list[Row], meters: list[Row], direction: str, start: int, length: int
) -> tuple[list[Pair], Exchange | None]:
    """What entered stands prove of the period: pairs with one of them, or an exchange with two.

    ``stands`` must hold whole lives: whether one ends with a record is seen by what comes after it.
    """
    closing: dict[int, list[_Edge]] = {}
    opening: dict[int, list[_Edge]] = {}
    for (serial, epoch, gateway), rows in _lives(stands, direction, length).items():
        times = [int(row["at"].timestamp()) for row in rows]
        for record in _records(meters, serial, gateway):
            readings = sorted(_inside(record, rows), key=lambda one: one.at)
            for name, edges in (("closing", closing), ("opening", opening)):
                entered = _entered(record, direction, name)
                if entered is None or not readings:
                    continue
                # A life that goes on across the record's end is no exchanged meter's: its stands say all.
                if max(times) <= entered.at if name == "closing" else min(times) >= entered.at:
                    nearest_one = readings[-1 if name == "closing" else 0]
                    edges.setdefault(entered.at, []).append(_Edge(record, gateway, epoch, nearest_one, entered))
    found: list[Pair] = []
    for at in sorted({*closing, *opening}):
        left = max(closing.get(at, ()), key=lambda one: one.reading.at, default=None)
        right = min(opening.get(at, ()), key=lambda one: one.reading.at, default=None)
        swapped, more = _met(at, left, right, length)
        if swapped is not None and swapped.last.at <= start < swapped.first.at:
            return [], swapped
        found += [one for one in more if one.before.at <= start < one.after.at]
    return found, None


def _entered(record: Row, direction: str, name: str) -> Reading | None:
    at, read = _seconds(record["valid_to" if name == "closing" else "valid_from"]), dict(record.get(name) or ())
    if at is None or REGISTERS[direction] not in read:
        return None
    wh = read[REGISTERS[direction]]
    return Reading(at, wh, rounded(wh, record["multiplier"]), None)


def _met(at: int, left: _Edge | None, right: _Edge | None, length: int) -> tuple[Exchange | None, list[Pair]]:
    """Where two records meet their energies are one sum; else each entered stand on the grid stands for itself."""
    on_grid = at % length == 0
    if (
        left
        and right
        and left.reading.at < right.reading.at
        and (not on_grid or at in {left.reading.at, right.reading.at})
    ):
        read = left.entered.multiplied, right.entered.multiplied
        return Exchange(at, left.meter, right.meter, left.reading, *read, right.reading), []
    found = []
    if left and on_grid and left.reading.at < at:
        found.append(Pair(left.meter, left.gateway, left.epoch, left.reading, left.entered))
    if right and on_grid and at < right.reading.at:
        found.append(Pair(right.meter, right.gateway, right.epoch, right.entered, right.reading))
    return None, found


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
