"""Months and days as the commands take them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import click

from metering.period import WARSAW, Month, months

FIRST_YEAR, LAST_YEAR = 2000, 2199


class MonthType(click.ParamType[Month]):
    """A month like 2026-10."""

    name = "YYYY-MM"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Month:
        """Read the month, or fail with what was expected."""
        if isinstance(value, Month):
            return value
        try:
            return Month.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class DayType(click.ParamType[date]):
    """A local day like 2026-10-05."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read the day, or fail with what was expected."""
        if isinstance(value, date):
            return value
        try:
            day = date.fromisoformat(value)
        except ValueError:
            day = date.min
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            self.fail(f"{value!r} is not a day like 2026-10-05, of {FIRST_YEAR} to {LAST_YEAR}", param, ctx)
        return day


def months_asked(month: Month | None, first: Month | None, last: Month | None) -> list[Month]:
    """The months of ``--month``, or of ``--from`` and ``--to``; none where none of them is given.

    Raises:
        click.UsageError: they contradict one another.
    """
    if month is not None and (first is not None or last is not None):
        raise click.UsageError("--month goes alone; for several months use --from and --to")
    if month is not None:
        return [month]
    if first is None and last is None:
        return []
    if first is None or last is None:
        raise click.UsageError("--from and --to go together")
    if last < first:
        raise click.UsageError(f"--to {last} is before --from {first}")
    return months(first, last)


def must_have_begun(span: Month | date, now: datetime) -> None:
    """What can be asked only of what has begun.

    Raises:
        click.UsageError: the local month or day is yet to come.
    """
    today = now.astimezone(WARSAW).date()
    if span > today if isinstance(span, date) else span > Month.of(now):
        raise click.UsageError(f"{span} is yet to come: it is {today} now")
