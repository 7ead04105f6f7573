"""``long_day``: 24 values on the autumn day of 25 hours: the source doesn't know the doubled hour."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from central.finding import Finding
from central.sentence import sentence
from central.sentence import way as way_of
from central.series import Series
from central.stretches import Stretch, told

_HOURS = 25


def check(series: Series) -> Iterator[Finding]:
    """One for each point and direction; the hour that is missing may hide in its neighbour, or all be an hour off."""
    days, hour = series.days, 3600 // series.length_s
    for day in np.flatnonzero(days.due == _HOURS * hour).tolist():
        periods = np.flatnonzero(days.of == day)
        first, last = int(periods[0]), int(periods[-1]) + 1
        if last > series.ended or not series.month.start <= first < series.month.stop:
            continue
        for way in series.ways:
            known = way.known[first:last]
            whole = series.valid[first:last].all(axis=0) & (known.sum(axis=0) == (_HOURS - 1) * hour)
            for p in np.flatnonzero(whole).tolist():
                absent = series.at(first + int(np.flatnonzero(~known[:, p])[0]))
                yield told(
                    series,
                    "long_day",
                    Stretch(p, first, last),
                    way.direction,
                    value=(_HOURS - 1) * hour,
                    limit=_HOURS * hour,
                    unit="hours" if hour == 1 else "quarters",
                    text=sentence(
                        "findings.long_day",
                        "{direction}: 24 hours of values on {day}, which has 25; none from {absent}",
                        direction=way_of(way.direction),
                        day=str(days.days[day]),
                        absent=absent,
                    ),
                    way_out="look how the source names the hour that comes twice; its value may be in a neighbour",
                )
