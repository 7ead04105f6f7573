"""Two sources of the same energies, and where they are too far apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from central.finding import Finding
from central.sentence import sentence
from central.sentence import way as way_of
from central.series import Series
from central.stretches import hours, of_month, told


def differing(
    series: Series, kind: str, one_table: str, other_table: str, key: str, said: str, way_out: str
) -> Iterator[Finding]:
    """Stretches in which the two tables differ by more than ``differs_pct`` of the other's and ``differs_min_wh``."""
    limits = series.limits
    least = limits.differs_min_wh * series.length_s // 3600
    for way in series.ways:
        one, other = (series.laid_out(table, way.direction) for table in (one_table, other_table))
        apart = np.abs(one.wh - other.wh)
        flags = one.known & other.known & series.valid
        flags &= (apart > least) & (apart * 100 > other.wh * limits.differs_pct)
        for found in of_month(series, flags):
            inside = slice(found.first, found.last)
            first, second = (int(source.wh[inside, found.p].sum()) for source in (one, other))
            yield told(
                series,
                kind,
                found,
                way.direction,
                value=first,
                limit=second,
                text=sentence(
                    key,
                    f"{{direction}}, {{hours}}: {said}",
                    direction=way_of(way.direction),
                    hours=hours(series, found.last - found.first),
                    one_num=first,
                    other_num=second,
                ),
                way_out=way_out,
            )
