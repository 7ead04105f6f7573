"""What the cluster file says of a point that its energies can be held against."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from central.cluster import Cluster
from central.cluster.model import Installation
from central.validity import begins, valid_instants
from metering.point import Direction, Role, Source


class Power(msgspec.Struct, frozen=True):
    """A power that holds for a time; seconds since 1970, infinite where open."""

    watts: int
    first: float
    last: float


class PointFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One point's facts."""

    contracted_w: int = 0
    """Contracted power; 0: nobody said."""
    installed: tuple[Power, ...] = ()
    """What each installation behind it can inject at most; empty: nobody said."""
    only_pv: bool = False
    """Whether nothing but photovoltaics can inject here."""

    first: float = float("-inf")
    """From when on they hold (seconds since 1970), until the point's next row begins."""


def facts_at(rows: Sequence[PointFacts], at: datetime | None) -> PointFacts:
    """The row that holds at an instant, of one point's rows in time; the first where ``at`` is open."""
    begun = [one for one in rows if at is None or one.first <= at.timestamp()]
    if at is None:
        return rows[0] if rows else PointFacts()
    return begun[-1] if begun else PointFacts()


def point_facts(cluster: Cluster) -> dict[str, tuple[PointFacts, ...]]:
    """By point's id, the rows of one id in time."""
    behind: dict[str, list[Installation]] = {}
    for one in cluster.installations:
        behind.setdefault(one.point, []).append(one)
    stores = {meter.point for meter in cluster.meters if meter.role is Role.STORAGE}
    found: dict[str, tuple[PointFacts, ...]] = {}
    for point in sorted(cluster.points, key=begins):
        facts = PointFacts(
            contracted_w=int((point.contracted_kw or 0) * 1000),
            installed=tuple(map(_power, behind.get(point.id, []))),
            only_pv=Direction.INJECTED in point.directions
            and point.source == Source.PV
            and point.id not in stores
            and all(one.kind is Source.PV and not one.storage_power_kw for one in behind.get(point.id, [])),
            first=begins(point),
        )
        found[point.id] = (*found.get(point.id, ()), facts)
    return found


def _power(one: Installation) -> Power:
    _, last = valid_instants(one)
    return Power(
        watts=int((one.power_kw + one.storage_power_kw) * 1000),
        first=begins(one),
        last=float("inf") if last is None else last.timestamp(),
    )
