"""The months that what storages hold at a month's beginning rests on."""

from __future__ import annotations

from collections.abc import Iterable

from central.cluster import Cluster
from central.readings import MeterSeen
from metering.period import Month, months
from metering.point import Direction, Role


def storage_serials(cluster: Cluster) -> frozenset[str]:
    """The meters that see a storage: the settlement meters of its own point, or those on storages behind others."""
    points = {point.id: point for point in cluster.points}
    own = {point.id for point in cluster.points if point.injects_stored}
    return frozenset(
        meter.serial
        for meter in cluster.meters
        if (meter.point in own and meter.role is Role.SETTLEMENT)
        or (meter.role is Role.STORAGE and Direction.INJECTED in points[meter.point].directions)
    )


def months_before(month: Month, cluster: Cluster, seen: Iterable[MeterSeen]) -> list[Month]:
    """The months before ``month`` in which stocks can change: from a storage's first stand to its last."""
    serials = storage_serials(cluster)
    rows = [row for row in seen if row.meter in serials]
    if not rows:
        return []
    first = Month.of(min(row.first for row in rows))
    last = Month.of(max(row.last for row in rows))
    return [one for one in months(first, min(last, month)) if one < month]
