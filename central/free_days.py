"""Which days are like one another: workdays, Saturdays, and days free from work by law.

Source: ustawa z 18.01.1951 o dniach wolnych od pracy, art. 1; 24 December since 2025 (Dz.U. 2024 poz. 1965).
"""

from __future__ import annotations

from datetime import date, timedelta
from enum import IntEnum
from functools import lru_cache
from typing import Final

RULE: Final = "Dz.U. 2024 poz. 1965"
"""The newest Act that these days follow: it is named in every settlement run."""
_FIXED: Final = ((1, 1), (1, 6), (5, 1), (5, 3), (8, 15), (11, 1), (11, 11), (12, 25), (12, 26))
_AFTER_EASTER: Final = (0, 1, 49, 60)
"""Easter Sunday and Monday, Pentecost, Corpus Christi."""
_CHRISTMAS_EVE_SINCE: Final = 2025
_EPIPHANY_SINCE: Final = 2011


class DayKind(IntEnum):
    """Days of one kind are like one another."""

    WORKDAY = 0
    SATURDAY = 1
    FREE = 2


@lru_cache(maxsize=1024)
def free_days(year: int) -> frozenset[date]:
    """The days of a year that are free from work by law, Sundays aside."""
    easter = easter_sunday(year)
    days = {date(year, *day) for day in _FIXED if day != (1, 6) or year >= _EPIPHANY_SINCE}
    days |= {easter + timedelta(days=after) for after in _AFTER_EASTER}
    return frozenset(days | ({date(year, 12, 24)} if year >= _CHRISTMAS_EVE_SINCE else set()))


def day_kind(day: date) -> DayKind:
    """What a day is like."""
    if day.weekday() == 6 or day in free_days(day.year):
        return DayKind.FREE
    return DayKind.SATURDAY if day.weekday() == 5 else DayKind.WORKDAY


def easter_sunday(year: int) -> date:
    """Easter of the Gregorian calendar (the anonymous algorithm in Meeus, Astronomical Algorithms, ch. 8)."""
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (a + 11 * h) // 319
    weekday = (2 * e + 2 * i - k - h + m + 32) % 7
    month = (h - m + weekday + 90) // 25
    return date(year, month, (h - m + weekday + month + 19) % 32)
