"""Settle months from files alone: cluster, rates and readings in; hours, shares and charges out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from central.cluster import Cluster
from central.imports.klaster_csv import Readings
from central.master import master_tables, periods_table
from central.operator_readings import FilesRead, read_files, without_values
from central.rates import Pricing
from central.reports.money_notes import notes_text
from central.reports.settlement_csv import write_settlement
from central.reports.summary import Summary, Summing, summing_for
from central.settlement import settle
from central.unauthorised_marks import mark
from metering.period import Month


@dataclass(frozen=True, slots=True)
class Settled:
    """What a settlement from files gave."""

    summary: Summary
    read: FilesRead
    files: list[Path]
    without: list[Month]
    """Months of which the files have no value at all."""


def settle_files(
    cluster: Cluster,
    rates: Pricing,
    months: Sequence[Month],
    files: Sequence[Path],
    out: Path,
    progress: Callable[[str], None],
) -> Settled:
    """Settle the months and write the files; ``progress`` is told what is being done.

    Raises:
        BadRowsError: readings that can't be used; nothing is written.
        OSError: ``out`` can't be written; what was there stays.
    """
    read = read_files(files, cluster, months, master_tables(cluster, rates), progress)
    summing = summing_for(cluster)

    def notes() -> str:
        summary = summing.done()
        mark(summary, cluster, months)
        return notes_text(summary)

    results = _results(cluster, rates, months, read.readings, summing, progress)
    written = write_settlement(results, out, notes)
    return Settled(summing.summary, read, written, without_values(read.readings.energies, months))


def _results(
    cluster: Cluster,
    rates: Pricing,
    months: Sequence[Month],
    readings: Readings,
    summing: Summing,
    progress: Callable[[str], None],
) -> Iterator[Mapping[str, pa.Table]]:
    master = master_tables(cluster, rates)
    for month in months:
        progress(f"settling {month}")
        result = settle_month(cluster, master, month, readings)
        # What storages hold goes from month to month; the months are in order, and the first begins with nothing.
        master["stocks"] = result["stocks"]
        summing.add(result)
        yield result


def settle_month(
    cluster: Cluster, master: Mapping[str, pa.Table], month: Month, readings: Readings
) -> dict[str, pa.Table]:
    """Settle one month of readings."""
    return settle({**master, "periods": periods_table(cluster, month), **readings.of_month(month)}, cluster.settings)
