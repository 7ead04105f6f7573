"""Each member's yearly demand for the declaration: metered the year before, else estimated (art. 184l ust. 4 pkt 1)."""

from __future__ import annotations

from collections.abc import Mapping

from central.cluster.model import Cluster, Point
from central.conditions.hours import PointSums, point_key
from central.papers.entry import Entry
from central.papers.settlement_application import MemberDemand
from metering.point import Direction

_WH_PER_KWH = 1000


def demand(entry: Entry, year: int, points: Mapping[str, PointSums], periods: int) -> list[MemberDemand]:
    """Of all members; metered where every drawing point has every one of the year's ``periods``."""
    found = []
    for member in entry.members:
        mine = [one for one in entry.points if one.member == member.id]
        draws = [one for one in mine if Direction.DRAWN in one.directions]
        estimated = _estimated(entry.cluster, member.id, year)
        # Of a member without points nothing could be metered: what was estimated counts.
        if _metered(draws, points, periods) and (mine or estimated.wh is None):
            wh = sum(points[point_key(one)].drawn_wh for one in draws)
            found.append(MemberDemand(member.id, year, wh, metered=True))
        else:
            found.append(estimated)
    return found


def _metered(mine: list[Point], points: Mapping[str, PointSums], periods: int) -> bool:
    return all(point_key(one) in points and points[point_key(one)].drawn_periods == periods for one in mine)


def _estimated(cluster: Cluster, member: str, year: int) -> MemberDemand:
    rows = {row.year: row for row in cluster.demand_estimates if row.member == member and row.year in {year, None}}
    row = rows.get(year) or rows.get(None)
    if row is None:
        return MemberDemand(member, year, None, metered=False)
    return MemberDemand(member, year, int(row.kwh * _WH_PER_KWH), metered=False, source=row.source)
