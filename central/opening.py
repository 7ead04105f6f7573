"""The months that what storages hold at a month's beginning rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from central.cluster import Cluster
from central.readings import MeterSeen, PointSeen
from metering.period import Month, months
from metering.point import Direction, Role


def storage_serials(cluster: Cluster) -> frozenset[str]:
    """The meters that see a storage: the settlement meters of its own point, or those on storages behind others."""
    injecting = {point.id for point in cluster.points if Direction.INJECTED in point.directions}
    own = {point.id for point in cluster.points if point.injects_stored}
    return frozenset(
        meter.serial
        for meter in cluster.meters
        if (meter.point in own and meter.role is Role.SETTLEMENT)
        or (meter.role is Role.STORAGE and meter.point in injecting)
    )


def has_storage(cluster: Cluster) -> bool:
    """Whether anything is to be told of stocks: meters that see a storage, or a storage's own point."""
    return bool(storage_serials(cluster)) or any(point.injects_stored for point in cluster.points)


def months_before(
    month: Month, cluster: Cluster, seen: Iterable[MeterSeen], points: Iterable[PointSeen] = ()
) -> list[Month]:
    """The months before ``month`` in which stocks can change: from a storage's first stand or interval to its last."""
    serials = storage_serials(cluster)
    stored = [point for point in cluster.points if point.injects_stored]
    own = {code for point in stored for code in (point.id, *(alias.code for alias in point.aliases))}
    rows = [row for row in seen if row.meter in serials] + [row for row in points if row.point in own]
    if not rows:
        return []
    first = Month.of(min(row.first for row in rows))
    last = Month.of(max(row.last for row in rows))
    return [one for one in months(first, min(last, month)) if one < month]


class Window:
    """The stands around months that are asked for in turn; what two months share is read once."""

    def __init__(self, read: Callable[[datetime, datetime], pa.Table], margin: timedelta) -> None:
        """``read`` gives the stands between two instants, both inclusive; ``margin`` is how far around a month."""
        self._read = read
        self._margin = margin
        self._last: datetime | None = None
        self._stands: pa.Table | None = None

    def around(self, month: Month) -> pa.Table:
        """The stands of a month and its margin. Stands are at whole seconds."""
        first, last = month.start - self._margin, month.end + self._margin
        if self._stands is None or self._last is None or not first <= self._last < last:
            self._stands = self._read(first, last)
        else:
            at = self._stands["at"]
            kept = self._stands.filter(pc.greater_equal(at, pa.scalar(first, at.type)))
            self._stands = pa.concat_tables([kept, self._read(self._last + timedelta(seconds=1), last)])
        self._last = last
        return self._stands
