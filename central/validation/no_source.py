"""``no_source``: a point that injects, and by the cluster file has nothing that could."""

from __future__ import annotations

from collections.abc import Iterator

from central.finding import Finding
from central.sentence import sentence
from central.series import Series
from central.stretches import hours, of_month, told
from metering.point import Direction


def check(series: Series) -> Iterator[Finding]:
    """The settlement meters' other register, where the point doesn't declare it: it counts in no balance."""
    way = series.laid_out("undeclared", Direction.INJECTED)
    flags = way.known & series.valid & ~series.injected.declared
    flags &= way.wh * 3600 > series.limits.no_source_wh * series.length_s
    for one in of_month(series, flags):
        inside = way.wh[one.first : one.last, one.p]
        yield told(
            series,
            "no_source",
            one,
            way.direction,
            value=int(inside.sum()),
            limit=series.limits.no_source_wh * series.length_s // 3600 * len(inside),
            text=sentence(
                "findings.no_source",
                "injected {wh_num} Wh in {hours}, and the point declares no source: it is in no balance",
                wh_num=int(inside.sum()),
                hours=hours(series, len(inside)),
            ),
            way_out="declare injected and the source in [[points]], or look whether the meter's direction is turned",
        )
