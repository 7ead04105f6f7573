"""``incomplete_month``: a month that has ended with hours (or quarters) of which a point's value is missing."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import GRACE, MonthSeen
from central.finding import Finding
from central.found import found
from central.reports.note import Note
from central.sentence import Fact, counted, sentence

_NAMED = 5


def check(seen: MonthSeen) -> Iterator[Finding]:
    """At most one."""
    if seen.now < seen.month.end + GRACE:
        return
    grid = seen.grid
    incomplete, periods = int((~grid.complete).sum()), len(grid.starts)
    if not incomplete:
        return
    counts: dict[str, int] = {}
    for point, n in zip(grid.points, (grid.valid & ~grid.known).sum(axis=0).tolist(), strict=True):
        counts[point] = counts.get(point, 0) + n
    worst = sorted(((n, point) for point, n in counts.items() if n), key=lambda c: (-c[0], c[1]))
    unit = f"{seen.tables['cluster'].to_pylist()[0]['period']}s"
    yield found(
        kind="incomplete_month",
        what=str(seen.month),
        where=counted("findings.points", len(worst), "point", "points"),
        since=seen.month.start,
        until=seen.month.end,
        first=str(incomplete),
        second=str(periods),
        unit=unit,
        text=_said(incomplete, periods, unit, worst),
        way_out="see to the missing hours below it; the month's sums rest on its complete ones alone",
        identity=(str(seen.month),),
    )


def _said(incomplete: int, periods: int, unit: str, worst: list[tuple[int, str]]) -> Note:
    said = "{incomplete_num} of {periods_num} {unit} are incomplete; missing: {points_list}"
    facts: dict[str, Fact] = {
        "incomplete_num": incomplete,
        "periods_num": periods,
        "unit": Note(f"findings.incomplete_of.{unit}", unit),
        "points_list": [
            sentence("findings.point_lacks", "{point} {count_num}", point=point, count_num=count)
            for count, point in worst[:_NAMED]
        ],
    }
    if len(worst) <= _NAMED:
        return sentence("findings.incomplete", said, **facts)
    more = counted("findings.more_points", len(worst) - _NAMED, "more point", "more points")
    return sentence("findings.incomplete_more", f"{said} and {{more}}", more=more, **facts)
