"""Stretches: periods of a point that follow one another and have something in common; and a finding of one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

import numpy as np

from central.finding import Finding
from central.found import found
from central.grid import Bools
from central.reports.note import Note
from central.sentence import counted, way
from central.series import Series
from metering.point import Direction


class Stretch(NamedTuple):
    """Periods ``first`` to ``last`` (exclusive) of the point at place ``p``."""

    p: int
    first: int
    last: int


def stretches(flags: Bools, least: int = 1) -> list[Stretch]:
    """The longest stretches of what is flagged in (T, P), of at least so many periods; by point, then time."""
    edge = np.zeros((1, flags.shape[1]), dtype=np.int8)
    steps = np.diff(np.concatenate([edge, flags.astype(np.int8), edge]), axis=0).T
    p, first = np.nonzero(steps == 1)
    _, last = np.nonzero(steps == -1)
    long = last - first >= least
    return [Stretch(*one) for one in zip(p[long].tolist(), first[long].tolist(), last[long].tolist(), strict=True)]


def of_month(series: Series, flags: Bools, least: int = 1) -> Iterator[Stretch]:
    """Those that reach into the month."""
    for one in stretches(flags, least):
        if one.first < series.month.stop and one.last > series.month.start:
            yield one


def told(
    series: Series,
    kind: str,
    stretch: Stretch,
    direction: Direction | str,
    *,
    value: object,
    limit: object,
    text: Note,
    way_out: str | Note,
    unit: str = "Wh",
) -> Finding:
    """A finding of a stretch. It stays the same while it begins at the same period, so what was accepted stays so."""
    since = series.at(stretch.first)
    point = series.points[stretch.p]
    return found(
        kind=kind,
        what=point,
        where=way(direction),
        since=since,
        until=since + timedelta(seconds=(stretch.last - stretch.first) * series.length_s),
        first=str(value),
        second=str(limit),
        unit=unit,
        text=text,
        way_out=way_out,
        identity=(point, str(direction), since.isoformat()),
    )


def hours(series: Series, count: int) -> Note:
    """So many periods as hours, or as quarters where the cluster's periods are those."""
    if series.length_s == 3600:
        return counted("findings.hours", count, "hour", "hours")
    return counted("findings.quarters", count, "quarter", "quarters")
