"""What the cluster file says of a point that its energies can be held against."""

from __future__ import annotations

import msgspec

from central.cluster import Cluster
from central.cluster.model import Installation
from central.validity import valid_instants
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


def point_facts(cluster: Cluster) -> dict[str, PointFacts]:
    """By point's id."""
    behind: dict[str, list[Installation]] = {}
    for one in cluster.installations:
        behind.setdefault(one.point, []).append(one)
    stores = {meter.point for meter in cluster.meters if meter.role is Role.STORAGE}
    return {
        point.id: PointFacts(
            contracted_w=int((point.contracted_kw or 0) * 1000),
            installed=tuple(map(_power, behind.get(point.id, []))),
            only_pv=Direction.INJECTED in point.directions
            and point.source == Source.PV
            and point.id not in stores
            and all(one.kind is Source.PV and not one.storage_power_kw for one in behind.get(point.id, [])),
        )
        for point in cluster.points
    }


def _power(one: Installation) -> Power:
    first, last = valid_instants(one)
    return Power(
        watts=int((one.power_kw + one.storage_power_kw) * 1000),
        first=float("-inf") if first is None else first.timestamp(),
        last=float("inf") if last is None else last.timestamp(),
    )
