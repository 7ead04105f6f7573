"""``both_ways``: a point that draws and injects much at once, for hours on end."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from central.finding import Finding
from central.sentence import sentence
from central.series import Series
from central.stretches import hours, of_month, told


def check(series: Series) -> Iterator[Finding]:
    """Within one hour the sun comes and goes; hour after hour, a phase's current transformer is turned round."""
    limits = series.limits
    drawn, injected = series.drawn.wh, series.injected.wh
    smaller, greater = np.minimum(drawn, injected), np.maximum(drawn, injected)
    flags = series.drawn.known & series.injected.known
    flags &= smaller * 3600 >= limits.both_ways_min_wh * series.length_s
    flags &= smaller * 100 >= greater * limits.both_ways_pct
    for one in of_month(series, flags, limits.both_ways_h * 3600 // series.length_s):
        inside = slice(one.first, one.last)
        small, great = int(smaller[inside, one.p].sum()), int(greater[inside, one.p].sum())
        yield told(
            series,
            "both_ways",
            one,
            "drawn and injected",
            value=small,
            limit=great * limits.both_ways_pct // 100,
            text=sentence(
                "findings.both_ways",
                "{hours} on end: {drawn_num} Wh drawn and {injected_num} Wh injected at once; the smaller is doubted "
                "from {limit_num} Wh on",
                hours=hours(series, one.last - one.first),
                drawn_num=int(drawn[inside, one.p].sum()),
                injected_num=int(injected[inside, one.p].sum()),
                limit_num=great * limits.both_ways_pct // 100,
            ),
            way_out="look whether a phase's current transformer is turned round, or registers are mixed up",
        )
