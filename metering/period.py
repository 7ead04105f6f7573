"""Half-open UTC periods named by their start; local days and months of Europe/Warsaw.

Instants are aware UTC datetimes. A local day has 23, 24 or 25 hours; a period never straddles a change of the clock,
because Warsaw's offset changes on a full UTC hour.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

WARSAW = ZoneInfo("Europe/Warsaw")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
QUARTER = timedelta(minutes=15)


def on_grid(at: datetime, length: timedelta) -> bool:
    """Whether an aware instant is a multiple of ``length`` since 1970 (a full hour, a full quarter)."""
    return (at - EPOCH) % length == timedelta(0)


def floor_to(at: datetime, length: timedelta) -> datetime:
    """The latest multiple of ``length`` that is not after ``at`` (UTC)."""
    return (at - (at - EPOCH) % length).astimezone(UTC)


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The half-open time from ``start`` (inclusive, UTC) for ``length``."""

    start: datetime
    length: timedelta = HOUR

    def __post_init__(self) -> None:
        """Refuse a naive start, a length of nothing and a start off the length's grid."""
        if self.start.tzinfo is None:
            raise ValueError(f"a period's start needs a time zone: {self.start.isoformat()}")
        if self.length <= timedelta(0) or not on_grid(self.start, self.length):
            raise ValueError(f"{self.start.isoformat()} is not the start of a period of {self.length}")

    @classmethod
    def starting(cls, at: datetime, length: timedelta = HOUR) -> Self:
        """The period that starts at ``at``."""
        return cls(at.astimezone(UTC), length)

    @classmethod
    def ending(cls, at: datetime, length: timedelta = HOUR) -> Self:
        """The period that ends at ``at``: subtracted in UTC, never in local time."""
        return cls(at.astimezone(UTC) - length, length)

    @property
    def end(self) -> datetime:
        """The first instant after the period."""
        return self.start + self.length


def day_start(day: date) -> datetime:
    """The instant (UTC) at which a local day begins."""
    return datetime.combine(day, time(0), WARSAW).astimezone(UTC)


def day_periods(day: date, length: timedelta = HOUR) -> list[Period]:
    """The periods of a local day: 23, 24 or 25 hours, or four times as many quarters."""
    return _between(day_start(day), day_start(day + timedelta(days=1)), length)


def _between(start: datetime, end: datetime, length: timedelta) -> list[Period]:
    return [Period(start + length * i, length) for i in range((end - start) // length)]


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month of Europe/Warsaw: the billing period (art. 184m ust. 3)."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``2026-10``.

        Raises:
            ValueError: the text isn't a year and a month from 2000 to 2199.
        """
        found = re.fullmatch(r"(2[01][0-9]{2})-(0[1-9]|1[0-2])", text)
        if not found:
            raise ValueError(f"{text!r} is not a month like 2026-10, from 2000-01 to 2199-12")
        return cls(int(found[1]), int(found[2]))

    def __str__(self) -> str:
        """The month as ``2026-10``."""
        return f"{self.year:04d}-{self.number:02d}"

    @property
    def first_day(self) -> date:
        """The month's first local day."""
        return date(self.year, self.number, 1)

    @property
    def next(self) -> Month:
        """The month after this one."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def start(self) -> datetime:
        """The instant (UTC) at which the month begins."""
        return day_start(self.first_day)

    @property
    def end(self) -> datetime:
        """The first instant (UTC) after the month."""
        return self.next.start

    def periods(self, length: timedelta = HOUR) -> list[Period]:
        """All periods of the month in order: 743, 744 or 745 hours in a month of 31 days."""
        return _between(self.start, self.end, length)

    @classmethod
    def of(cls, at: datetime) -> Self:
        """The local month in which an instant lies."""
        there = at.astimezone(WARSAW)
        return cls(there.year, there.month)


def months(first: Month, last: Month) -> list[Month]:
    """All months from ``first`` to ``last``, both inclusive; empty if ``last`` is before ``first``."""
    found: list[Month] = []
    while first <= last:
        found.append(first)
        first = first.next
    return found


def utc_text(at: datetime) -> str:
    """An instant as ``2026-09-30T22:00:00Z``."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def local_text(at: datetime) -> str:
    """An instant as a person in Poland reads it: ``2026-10-01T00:00:00+02:00``."""
    return at.astimezone(WARSAW).isoformat()
