"""What the installations can generate in a year ("umożliwia pokrycie", art. 184l ust. 1 pkt 2).

The setting ``potential``: what was metered where a whole year was, else power times full-load hours; or always these.
The law gives no full-load hours: they are the coordinator's data for each kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from central.cluster.model import Cluster, Installation
from central.conditions.condition import Between
from central.conditions.devices import Devices
from central.conditions.hours import PointSums
from central.reports.note import Note, distinct, said
from central.validity import valid_instants
from metering.point import Source

_WH_PER_KWH = 1000


@dataclass(frozen=True, slots=True)
class Potential:
    """A year's generation that the installations make possible."""

    wh: Between
    metered_wh: Fraction
    """Of it what was metered in a whole year."""
    by_hours_wh: Fraction
    """Of it power times full-load hours."""
    missing: tuple[Note, ...]


def full_load_hours(cluster: Cluster) -> dict[Source, Fraction]:
    """By kind."""
    return {row.kind: Fraction(row.hours) for row in cluster.full_load_hours}


def potential_of(
    cluster: Cluster, devices: Devices, year: tuple[datetime, datetime], points: Mapping[str, PointSums], periods: int
) -> Potential:
    """``year``: the year whose metering counts, ``points`` its sums, ``periods`` how many periods it has."""
    hours = full_load_hours(cluster)
    metered, reckoned, missing = Fraction(0), Fraction(0), list(devices.missing)
    generated: dict[str, PointSums] = {}
    for key, one_owners in points.items():
        name = key.partition(",")[0]
        generated[name] = generated.get(name, PointSums()) + one_owners
    of_point: dict[str, list[Installation]] = {}
    for one in devices.installations:
        of_point.setdefault(one.point, []).append(one)
    for point, mine in of_point.items():
        sums = generated.get(point, PointSums())
        whole = bool(periods) and sums.generated_periods == periods and _unchanged(cluster, point, mine, year)
        if cluster.settings.potential == "metered_else_hours" and whole:
            metered += sums.generated_wh
            continue
        for one in mine:
            if one.kind in hours:
                reckoned += Fraction(one.power_kw) * hours[one.kind] * _WH_PER_KWH
            else:
                text = f"full-load hours of {one.kind.value} (table full_load_hours)"
                key = f"source.{one.kind.value}"
                missing.append(said("conditions.without.full_load_hours", text, kind_key=key))
    total = metered + reckoned
    return Potential(Between(total, None if missing else total), metered, reckoned, distinct(missing))


def _unchanged(cluster: Cluster, point: str, now: list[Installation], year: tuple[datetime, datetime]) -> bool:
    """Whether the point has had the same installations since the year began."""
    if any((first := valid_instants(one)[0]) is not None and first > year[0] for one in now):
        return False
    gone = [one for one in cluster.installations if one.point == point and one not in now]
    return not any(one.kind is not Source.STORAGE and _reaches(one, year) for one in gone)


def _reaches(one: Installation, year: tuple[datetime, datetime]) -> bool:
    first, last = valid_instants(one)
    return (first is None or first < year[1]) and (last is None or last > year[0])
