"""``spike``: a period far above the same time of like days, and above all that those days had."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from central.finding import Finding
from central.grid import Bools, Ints
from central.sentence import sentence
from central.sentence import way as way_of
from central.series import Series, Way
from central.stretches import of_month, told

DAYS, BACK, LEAST = 8, 35, 3
"""The last eight days of the same kind (workday, Saturday, free) within 35; an hour needs three values."""
_NONE = np.iinfo(np.int64).max


def check(series: Series) -> Iterator[Finding]:
    """More than ``spike_times`` the median of that hour, than the greatest hour of those days, and than a least."""
    for way in series.ways:
        flags, limits, medians = _spikes(series, way)
        for one in of_month(series, flags):
            inside = way.wh[one.first : one.last, one.p]
            worst = one.first + int(inside.argmax()) - series.month.start
            yield told(
                series,
                "spike",
                one,
                way.direction,
                value=int(inside.max()),
                limit=int(limits[worst, one.p]),
                text=sentence(
                    "findings.spike",
                    "{direction}: {wh_num} Wh in one period; on like days the median of this time is {median_num} Wh, "
                    "and up to {limit_num} Wh is not doubted",
                    direction=way_of(way.direction),
                    wh_num=int(inside.max()),
                    median_num=int(medians[worst, one.p]),
                    limit_num=int(limits[worst, one.p]),
                ),
                way_out="look at the meter's stands around it; accept it where that much was really used",
            )


def _spikes(series: Series, way: Way) -> tuple[Bools, Ints, Ints]:
    """Flags (T, P); limits and medians of the month's periods."""
    days, limits = series.days, series.limits
    flags = np.zeros_like(way.known)
    count = series.month.stop - series.month.start
    told_limits, medians = (np.zeros((count, len(series.points)), dtype=np.int64) for _ in range(2))
    least_wh = limits.spike_min_wh * series.length_s // 3600
    for day in range(int(days.of[series.month.start]), int(days.of[series.month.stop - 1]) + 1):
        like = days.like(day, DAYS, BACK)
        periods = np.flatnonzero(days.of == day)
        if len(like) < LEAST or not way.known[periods].any():
            continue
        before = days.place[like]
        rows = np.unique(before[before >= 0])
        largest = way.wh[rows].max(axis=0)
        found = way.wh[periods]
        columns = np.flatnonzero(found.max(axis=0) > np.maximum(largest, least_wh))
        if not len(columns):
            continue
        median, enough = _medians(way, before[:, days.slot[periods]], columns)
        limit = np.maximum(np.maximum(median * limits.spike_times, largest[columns]), least_wh)
        at = np.ix_(periods, columns)
        flags[at] = way.known[at] & enough & (way.wh[at] > limit)
        inside = np.ix_(periods - series.month.start, columns)
        told_limits[inside], medians[inside] = limit, median
    return flags, told_limits, medians


def _medians(way: Way, before: Ints, columns: Ints) -> tuple[Ints, Bools]:
    """The median (between two, their mean, cut) of each slot of some days (N, S), and where there are enough values."""
    rows = np.maximum(before, 0)[:, :, None]
    known = way.known[rows, columns] & (before >= 0)[:, :, None]
    sorted_wh = np.sort(np.where(known, way.wh[rows, columns], _NONE), axis=0)
    count = known.sum(axis=0)
    low, high = (
        np.take_along_axis(sorted_wh, np.maximum(place, 0)[None], axis=0)[0] for place in ((count - 1) // 2, count // 2)
    )
    enough = count >= LEAST
    return np.where(enough, low // 2 + high // 2 + (low % 2 + high % 2) // 2, 0), enough
