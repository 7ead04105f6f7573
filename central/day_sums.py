"""Sums of whole local days: meters behind a point are compared by days, since their clocks may differ by seconds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from central.grid import Bools, Ints
from central.reports.note import Note
from central.sentence import counted
from central.series import Series
from central.stretches import Stretch, stretches


def day_sums(series: Series, wh: Ints, known: Bools) -> tuple[Ints, Bools]:
    """(D,) the sum of each local day, and which days have every period; from (T,)."""
    sums, counts = (np.zeros(len(series.days.days), dtype=np.int64) for _ in range(2))
    np.add.at(sums, series.days.of, np.where(known, wh, 0))
    np.add.at(counts, series.days.of, known)
    return sums, counts == series.days.due


def days_beyond(series: Series, p: int, sums: Ints, limit: Ints, whole: Bools) -> Iterator[tuple[Stretch, slice]]:
    """Days on end whose sum is beyond its limit, as far as they reach into the month.

    Gives the stretch of the point at place ``p``, and the days.
    """
    for run in stretches((whole & (sums > limit))[:, None]):
        first, last = np.searchsorted(series.days.of, [run.first, run.last]).tolist()
        if first < series.month.stop and last > series.month.start:
            yield Stretch(p, first, last), slice(run.first, run.last)


def days_text(days: slice) -> Note:
    """So many days."""
    return counted("findings.days", days.stop - days.start, "day", "days")
