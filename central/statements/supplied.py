"""Who operates and who sells at a point within a stretch of time. Pure."""

from __future__ import annotations

from central.cluster.model import Point
from central.validity import valid_instants


def supplied_in(point: Point, first: float, last: float) -> dict[str, list[str]]:
    """The operators and sellers of the contracts that are valid at some time of it; seconds since 1970."""
    found: dict[str, list[str]] = {"operator": [], "seller": []}
    for row in point.supplied:
        begins, ends = valid_instants(row)
        if (begins is None or begins.timestamp() <= last) and (ends is None or ends.timestamp() > first):
            found["operator"] += [row.operator] if row.operator else []
            found["seller"] += [row.seller] if row.seller else []
    return found
