"""Months and days as the commands take them."""

from __future__ import annotations

from datetime import date
from typing import Any

import click

from metering.period import Month, months


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
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a day like 2026-10-05", param, ctx)


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
