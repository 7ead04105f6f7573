"""The times that the conditions are reckoned over, all in local days; what is after ``until`` has not been yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from central.conditions.hours import Hours, MonthSums, PointSums
from metering.period import WARSAW, Month, day_start, months


@dataclass(frozen=True, slots=True)
class Sums:
    """Months as sums, up to an instant."""

    months: Mapping[Month, MonthSums]
    until: datetime
    """Hours that end later don't count: they have not been yet, or their values are still to come."""

    def hours(self, first: datetime, last: datetime) -> Hours:
        """The hours between two instants, as far as they have been."""
        last = min(last, self.until)
        if last <= first:
            return Hours.joined([])
        found = [self.months[month] for month in _of(first, last) if month in self.months]
        return Hours.joined([one.hours.within(first, last) for one in found])

    def absent(self, first: datetime, last: datetime) -> list[Month]:
        """Months between two instants that have been and aren't among the sums."""
        last = min(last, self.until)
        return [month for month in _of(first, last) if month not in self.months] if last > first else []

    def points(self, year: int) -> dict[str, PointSums]:
        """Each point's sums of a whole year; a month that isn't there lacks all its periods."""
        found: dict[str, PointSums] = {}
        for month in months(Month(year, 1), Month(year, 12)):
            for name, sums in self.months[month].points.items() if month in self.months else ():
                found[name] = found.get(name, PointSums()) + sums
        return found

    def lacking(self, first: datetime, last: datetime) -> dict[str, int]:
        """Points that lack values in these months, with the number of periods; those that lack most first."""
        found: dict[str, int] = {}
        for month in _of(first, min(last, self.until)):
            for name, count in self.months[month].lacking.items() if month in self.months else ():
                found[name] = found.get(name, 0) + count
        return dict(sorted(found.items(), key=lambda row: (-row[1], row[0])))


def year_of(day: date) -> tuple[datetime, datetime]:
    """The calendar year of a local day."""
    return day_start(date(day.year, 1, 1)), day_start(date(day.year + 1, 1, 1))


def share_window(day: date, setting: str) -> tuple[datetime, datetime]:
    """What the RES share is of, by ``res_share_period``: the year, the twelve months up to the day's, or its month."""
    if setting == "year":
        return year_of(day)
    month = Month(day.year, day.month)
    if setting == "month":
        return month.start, month.end
    count = month.year * 12 + month.number - 12
    return Month(count // 12, count % 12 + 1).start, month.end


def year_before(at: datetime) -> datetime:
    """The same local time a year before; of 29 February the 28th."""
    there = at.astimezone(WARSAW)
    day = there.date()
    last = date(day.year - 1, 2, 28) if (day.month, day.day) == (2, 29) else day.replace(year=day.year - 1)
    return day_start(last) + timedelta(hours=there.hour)


def months_needed(day: date) -> list[Month]:
    """The months that the conditions of a day rest on: of its year up to its month, and of the year before."""
    return months(Month(day.year - 1, 1), Month(day.year, day.month))


def _of(first: datetime, last: datetime) -> list[Month]:
    return months(Month.of(first), Month.of(last - timedelta(seconds=1)))
