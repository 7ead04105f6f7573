"""``like_days``: the median of the same time on days of the same kind (workday, Saturday, free) of the last weeks."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction

from central.estimation.history import Given, History, NotEstimatedError
from central.finding import when
from central.grid import Ints
from metering.energy import half_up

LEAST = 2
"""Like days with a measured value at that time."""


def estimate(history: History, wanted: Ints, given: Given) -> list[int]:
    """Wh of each wanted period; between two middle values their mean, half-up.

    Raises:
        NotEstimatedError: for a period there are fewer than two like values.
    """
    return [_of(history, period, given.weeks) for period in wanted.tolist()]


def _of(history: History, period: int, weeks: int) -> int:
    days = history.days
    day, slot = int(days.of[period]), int(days.slot[period])
    places = [int(days.place[other, slot]) for other in days.like(day, most=weeks * 7, back=weeks * 7)]
    values = sorted(int(history.wh[place]) for place in places if place >= 0 and history.known[place])
    if len(values) < LEAST:
        at = when(datetime.fromtimestamp(int(history.starts[period]), UTC))
        raise NotEstimatedError(
            f"like_days finds {len(values)} measured value{'s' if len(values) != 1 else ''} of the time {at} on days "
            f"like it in the {weeks} weeks before, and needs {LEAST}: give more --weeks, or use profile or manual"
        )
    middle = len(values) // 2
    return values[middle] if len(values) % 2 else half_up(Fraction(values[middle - 1] + values[middle], 2))
