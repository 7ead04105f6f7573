"""Meters behind points as our own readings name them: by the point and what was counted, or by serial number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np

from central.cluster import Cluster
from central.cluster.model import Meter
from central.grid import Bools, Ints
from central.validity import valid_instants
from metering.point import Direction, Role


class BehindWay(NamedTuple):
    """What a row of readings counts, as the table ``behind`` has it."""

    role: Role
    direction: Direction


BEHIND_WAYS: Final[Mapping[str, BehindWay]] = {
    "generation": BehindWay(Role.GENERATION, Direction.INJECTED),
    "charge": BehindWay(Role.STORAGE, Direction.DRAWN),
    "discharge": BehindWay(Role.STORAGE, Direction.INJECTED),
}
"""The words that stand in the column ``direction``."""


class MetersBehind:
    """A cluster's generation and storage meters."""

    def __init__(self, cluster: Cluster) -> None:
        """Take those of the cluster file."""
        roles = {way.role for way in BEHIND_WAYS.values()}
        self._meters = [meter for meter in cluster.meters if meter.role in roles]
        self.serials = sorted({meter.serial for meter in self._meters}, key=str.encode)

    def counts(self, serial: str, way: str) -> bool:
        """Whether any record of the meter has the role of ``way``."""
        return any(meter.serial == serial for meter in self._of(way))

    def there(self, point: str, way: str) -> bool:
        """Whether such a meter ever hangs at the point."""
        return any(meter.point == point for meter in self._of(way))

    def of_point(self, point: str, way: str, start: Ints) -> tuple[Ints, Bools]:
        """The place of the serial that hangs at the point at each of ``start`` (seconds), and where several do.

        Where none hangs, one that does at another time: its value is outside its validity. -1 where none ever does.
        """
        mine = [meter for meter in self._of(way) if meter.point == point]
        place = np.full(len(start), self.serials.index(mine[0].serial) if mine else -1, dtype=np.int64)
        count = np.zeros(len(start), dtype=np.int64)
        for meter in mine:
            inside = valid_at(meter, start)
            place[inside] = self.serials.index(meter.serial)
            count += inside
        return place, count > 1

    def rows(self, serial: str, way: str, start: Ints) -> Iterator[tuple[str, Bools]]:
        """The points at which the meter hangs, and at which of ``start`` (seconds) it does."""
        for meter in self._of(way):
            if meter.serial == serial:
                yield meter.point, valid_at(meter, start)

    def _of(self, way: str) -> Iterator[Meter]:
        return (meter for meter in self._meters if meter.role is BEHIND_WAYS[way].role)


def valid_at(meter: Meter, start: Ints) -> Bools:
    """Whether a meter's record holds at each of ``start`` (seconds)."""
    first, last = (None if at is None else at.timestamp() for at in valid_instants(meter))
    found: Bools = (start >= (-np.inf if first is None else first)) & (start < (np.inf if last is None else last))
    return found
