"""What the months of a radar lack, from the books or from files; one month after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from central.books import Books
from central.cluster import Cluster
from central.conditions.gathering import span_of
from central.master import load_master, master_tables, periods_table
from central.operator_readings import read_files
from central.radar.lacks import MonthLacks, month_lacks
from central.rates import rates_path
from central.settle_files import settle_month
from metering.period import Month

Progress = Callable[[str], None]


@dataclass(slots=True)
class Gathered:
    """The months that were looked at."""

    cluster: Cluster
    months: list[MonthLacks] = field(default_factory=list)
    incomplete: int = 0
    """Periods that have ended and lack values."""

    def add(self, found: MonthLacks, now: datetime) -> None:
        """One month more."""
        self.months.append(found)
        ended = (min(found.month.end, now) - found.month.start) // self.cluster.period.length
        self.incomplete += max(0, ended - sum(found.complete.values()))


def of_books(config_file: Path, asked: Sequence[Month], now: datetime, progress: Progress) -> Gathered:
    """From what central has; of several months those within its first and last value.

    Raises:
        StoreDownError: the store's server can't be used.
    """
    books = Books.open(config_file)
    span = span_of(books)
    found = Gathered(books.cluster)
    for one in asked if span else ():
        if len(asked) > 1 and span and (span[1] <= one.start or one.end <= span[0]):
            continue
        progress(f"settling {one}")
        found.add(month_lacks(one, books.settled(one).tables, books.cluster.settings), now)
    return found


def of_files(
    cluster_file: Path, rates: Sequence[str], files: Sequence[Path], asked: Sequence[Month], now: datetime,
    progress: Progress,
) -> Gathered:  # fmt: skip
    """From files of readings; a month of which they have nothing isn't looked at.

    Raises:
        BadRowsError: readings that can't be used.
    """
    cluster, pricing = load_master(cluster_file, [rates_path(word, Path()) for word in rates])
    master = master_tables(cluster, pricing)
    readings = read_files(files, cluster, asked, master, progress).readings
    there = readings.months()
    found = Gathered(cluster)
    for one in _in(asked, there):
        progress(f"settling {one}")
        tables = {**master, "periods": periods_table(cluster, one), **readings.of_month(one)}
        found.add(month_lacks(one, tables, cluster.settings), now)
        master["stocks"] = settle_month(cluster, master, one, readings)["stocks"]
    return found


def _in(asked: Sequence[Month], there: set[Month]) -> Iterator[Month]:
    return (one for one in asked if one in there)
