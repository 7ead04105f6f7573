"""The members' yearly demand: metered in the year before, or estimated (art. 184l ust. 4 pkt 1).

The setting ``demand``: what is drawn from the grid, gross with own use behind the meter, or the estimate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

from central.cluster.model import Cluster, Point
from central.cluster.spans import members_at, points_at
from central.conditions.condition import Between
from central.conditions.hours import PointSums, point_key
from central.reports.note import Note, said
from metering.period import HOUR
from metering.point import Direction

_WH_PER_KWH = 1000
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Demand:
    """A year's demand of those who are members at one instant."""

    wh: Between
    estimated: tuple[str, ...]
    """Members whose demand is an estimate."""
    missing: tuple[Note, ...]


def demand_of(cluster: Cluster, at: datetime, year: int, points: Mapping[str, PointSums], periods: int) -> Demand:
    """The demand of ``year``; ``points`` are its sums, ``periods`` how many of the cluster's periods it has.

    Where a member's year isn't metered, its estimate counts as a whole; so does that of a member without points, of
    which nothing could be metered.
    """
    total = Between.just(0)
    estimated, missing = [], []
    of_member: dict[str, list[Point]] = {}
    for point in points_at(cluster, at):
        of_member.setdefault(point.member, []).append(point)
    for member in members_at(cluster, at):
        mine = of_member.get(member.id, [])
        metered = _metered(cluster, mine, points, periods)
        estimate = _estimate(cluster, member.id, year)
        if cluster.settings.demand == "estimate" or not metered.known or not (mine or estimate is None):
            if estimate is not None:
                estimated.append(member.id)
                metered = Between.just(estimate)
            else:
                missing.append(_lacks(cluster.settings.demand, member.id, year))
                if cluster.settings.demand == "estimate":
                    metered = Between(Fraction(0), None)
        total += metered
    return Demand(total, tuple(estimated), tuple(missing))


def _metered(cluster: Cluster, mine: Sequence[Point], points: Mapping[str, PointSums], periods: int) -> Between:
    """What a member's points drew in all periods of the year; what is missing is bounded by the contracted power."""
    total = Between.just(0)
    most_of_kw = cluster.limits.over_power_pct * Fraction(10 * cluster.period.length // _SECOND, HOUR // _SECOND)
    for point in mine:
        sums = points.get(point_key(point), PointSums())
        if Direction.DRAWN in point.directions:
            lacking = periods - sums.drawn_periods
            contracted = Fraction(point.contracted_kw or 0)
            high = sums.drawn_wh + lacking * contracted * most_of_kw if contracted or not lacking else None
            total += Between(Fraction(sums.drawn_wh), high)
        if cluster.settings.demand == "gross" and _generates(cluster, point):
            total += _own_use(point, sums, periods)
    return total


def _own_use(point: Point, sums: PointSums, periods: int) -> Between:
    """What was generated behind the point and not injected."""
    injects = Direction.INJECTED in point.directions
    if sums.generated_periods == periods and (not injects or sums.injected_periods == periods):
        return Between.just(max(0, sums.generated_wh - sums.injected_wh))
    return Between(Fraction(0), None)


def _generates(cluster: Cluster, point: Point) -> bool:
    return point.generates or any(one.point == point.id and one.power_kw for one in cluster.installations)


def _estimate(cluster: Cluster, member: str, year: int) -> Fraction | None:
    rows = {row.year: row.kwh for row in cluster.demand_estimates if row.member == member and row.year in {year, None}}
    kwh = rows.get(year, rows.get(None))
    return None if kwh is None else Fraction(kwh) * _WH_PER_KWH


def _lacks(setting: str, member: str, year: int) -> Note:
    if setting == "estimate":
        text = f"an estimate of {member}'s demand (table demand_estimates)"
        return said("conditions.without.estimate", text, member=member)
    text = f"all hours of {year} of {member}, or an estimate of its demand (table demand_estimates)"
    return said("conditions.without.year_or_estimate", text, member=member, year=str(year))
