"""``stuck``: a register that counted, and now stands still for longer than it ever rested before."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from central.finding import Finding
from central.sentence import sentence
from central.sentence import way as way_of
from central.series import Series, Way
from central.stretches import Stretch, hours, stretches, told

_BEFORE_S = 28 * 86400


def check(series: Series) -> Iterator[Finding]:
    """At least ``stuck_h`` hours, and ``stuck_times`` the longest rest of the 28 days before: nights count as rests."""
    for way in series.ways:
        yield from _check(series, way)


def _check(series: Series, way: Way) -> Iterator[Finding]:
    least = series.limits.stuck_h * 3600 // series.length_s
    still = way.known & (way.wh == 0)
    rests = stretches(still)
    firsts = np.array([one.p * (len(series.starts) + 1) + one.first for one in rests], dtype=np.int64)
    for i, one in enumerate(rests):
        long = one.last - one.first
        if long <= least or one.first >= series.month.stop or one.last <= series.month.start:
            continue
        begin = max(0, one.first - _BEFORE_S // series.length_s)
        if not (way.wh[begin : one.first, one.p] > 0).any():
            continue
        oldest = int(np.searchsorted(firsts, one.p * (len(series.starts) + 1) + begin))
        usual = max((rest.last - rest.first for rest in rests[oldest:i]), default=0)
        limit = max(least, usual * series.limits.stuck_times)
        if long > limit:
            yield _finding(series, way, one, limit, usual)


def _finding(series: Series, way: Way, one: Stretch, limit: int, usual: int) -> Finding:
    return told(
        series,
        "stuck",
        one,
        way.direction,
        value=one.last - one.first,
        limit=limit,
        unit="hours" if series.length_s == 3600 else "quarters",
        text=sentence(
            "findings.stuck",
            "{direction}: not a Wh for {hours}; it counted before, and the longest rest of the 28 days before was "
            "{usual}; above {limit} it is doubted",
            direction=way_of(way.direction),
            hours=hours(series, one.last - one.first),
            usual=hours(series, usual),
            limit=hours(series, limit),
        ),
        way_out="look at the meter, its transformers and its register; accept it where nothing was used",
    )
