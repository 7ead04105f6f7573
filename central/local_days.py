"""Periods by local day: which day each is in, its hour on the clock, and what kind of day it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import numpy as np

from central.free_days import DayKind, day_kind
from central.grid import Ints
from metering.period import EPOCH, WARSAW, day_start


@dataclass(frozen=True, slots=True)
class LocalDays:
    """The local days that some periods are in."""

    days: list[date]
    kinds: list[DayKind]
    """(D,)."""
    of: Ints
    """(T,) each period's place among the days."""
    slot: Ints
    """(T,) its place on the day's clock: 0 to 23, or to 95. The doubled hour of autumn has one slot twice."""
    place: Ints
    """(D, S) the first period of each day and slot, −1 where there is none."""
    due: Ints
    """(D,) how many periods each day has: 23, 24 or 25 hours, or four times as many quarters."""

    @classmethod
    def of_periods(cls, starts: Ints, length_s: int) -> Self:
        """Look at the days of periods that follow one another."""
        shift = _shift(starts)
        local = starts + shift
        number = local // 86400
        first = int(number[0]) if len(number) else 0
        count = int(number[-1]) - first + 1 if len(number) else 0
        days = [date(1970, 1, 1) + timedelta(days=first + i) for i in range(count)]
        slot = local % 86400 // length_s
        place = np.full((count, 86400 // length_s), -1, dtype=np.int64)
        # Backwards, so that of a doubled hour the first one stays.
        order = np.arange(len(starts))[::-1]
        place[(number - first)[order], slot[order]] = order
        long = [(day_start(day + timedelta(days=1)) - day_start(day)).total_seconds() // length_s for day in days]
        return cls(days, [day_kind(day) for day in days], number - first, slot, place, np.array(long, dtype=np.int64))

    def like(self, day: int, most: int, back: int) -> list[int]:
        """The last ``most`` days before a day that are of its kind, at most ``back`` days before it."""
        first = max(0, day - back)
        found = [other for other in range(day - 1, first - 1, -1) if self.kinds[other] is self.kinds[day]]
        return found[:most]


def _shift(starts: Ints) -> Ints:
    """Seconds by which the clock in Warsaw is ahead of UTC; it changes on a full hour only."""
    hours, where = np.unique(starts // 3600, return_inverse=True)
    ahead = [(EPOCH + timedelta(hours=hour)).astimezone(WARSAW).utcoffset() for hour in hours.tolist()]
    found: Ints = np.array([0 if one is None else int(one.total_seconds()) for one in ahead], dtype=np.int64)[where]
    return found
