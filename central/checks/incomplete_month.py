"""``incomplete_month``: a month that has ended with hours (or quarters) of which a point's value is missing."""

from __future__ import annotations

from collections.abc import Iterator

from central.evidence import GRACE, MonthSeen
from central.finding import Finding

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
    named = ", ".join(f"{point} {n}" for n, point in worst[:_NAMED])
    more = f" and {len(worst) - _NAMED} more points" if len(worst) > _NAMED else ""
    unit = f"{seen.tables['cluster'].to_pylist()[0]['period']}s"
    yield Finding(
        kind="incomplete_month",
        what=str(seen.month),
        where=f"{len(worst)} point{'s' if len(worst) > 1 else ''}",
        since=seen.month.start,
        until=seen.month.end,
        first=str(incomplete),
        second=str(periods),
        unit=unit,
        text=f"{incomplete} of {periods} {unit} are incomplete; missing: {named}{more}",
        way_out="see to the missing hours below it; the month's sums rest on its complete ones alone",
        identity=(str(seen.month),),
    )
