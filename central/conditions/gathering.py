"""The months that conditions rest on, gathered one after another: from the books, or from files.

A month's shares are summed up and let go before the next one: a year of many points never is in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path

import pyarrow as pa

from central.books import Books
from central.cluster.model import Cluster
from central.conditions.hours import MonthSums
from central.conditions.summing import month_sums
from central.conditions.windows import Sums
from central.evidence import GRACE
from central.master import master_tables
from central.opened import open_store
from central.operator_readings import read_files
from central.settle_files import settle_month
from metering.period import HOUR, Month, day_start, floor_to


def sums_of_books(
    books: Books, months: Iterable[Month], until: datetime, progress: Callable[[str], None] = lambda _: None
) -> Sums:
    """The months up to ``until``; those before the first and after the last value aren't settled, only counted.

    Raises:
        StoreDownError: the store's server can't be used.
    """
    span = span_of(books)
    found = {}
    for month in months:
        if month.start >= until:
            break
        progress(f"settling {month}")
        found[month] = of_books(books, month, span, until)
    return Sums(found, until)


def of_books(books: Books, month: Month, span: tuple[datetime, datetime] | None, until: datetime) -> MonthSums:
    """One month; ``span``: the first and the last instant for which there are values. See ``month_sums``."""
    if span is None or span[1] < month.start or month.end < span[0]:
        return month_sums(books.cluster, month, {}, until)
    settled = books.settled(month)
    tables = {"shares": settled.shares, "storages": settled.storages, "behind": settled.tables["behind"]}
    return month_sums(books.cluster, month, tables, until)


def sums_of_tables(cluster: Cluster, tables: Mapping[Month, Mapping[str, pa.Table]], until: datetime) -> Sums:
    """The same from settled months' tables: ``shares`` and ``storages``, and ``behind`` where there are such."""
    return Sums({month: month_sums(cluster, month, one, until) for month, one in tables.items()}, until)


def until_of(day: date, now: datetime) -> datetime:
    """The end of a local day, or of the last hour whose values are due."""
    return min(day_start(date.fromordinal(day.toordinal() + 1)), floor_to(now - GRACE, HOUR))


def span_of(books: Books) -> tuple[datetime, datetime] | None:
    """The first and the last instant for which there are values; None where there are none."""
    store = open_store(books.config, read_only=True)
    try:
        spans = [(one.first, one.last) for one in store.meters()] + [(one.first, one.last) for one in store.points()]
    finally:
        store.close()
    return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None


def sums_of_files(
    cluster: Cluster, files: Sequence[Path], months: Sequence[Month], until: datetime, progress: Callable[[str], None]
) -> Sums:
    """The same from files of readings, without a server; a month for which they have nothing isn't settled.

    Raises:
        BadRowsError: readings that can't be used.
    """
    master = master_tables(cluster, ())
    readings = read_files(files, cluster, months, master, progress).readings
    there = readings.months()
    found = {}
    for month in months:
        if month.start >= until:
            break
        tables: Mapping[str, pa.Table] = {}
        if month in there:
            progress(f"settling {month}")
            settled = settle_month(cluster, master, month, readings)
            master["stocks"] = settled["stocks"]
            tables = {**settled, "behind": readings.of_month(month)["behind"]}
        found[month] = month_sums(cluster, month, tables, until)
    return Sums(found, until)
