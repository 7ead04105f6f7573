"""The month's tables, from the books or from files, for every reading; two settings form energies anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from central.books import Books
from central.cluster import Cluster
from central.imports.klaster_csv import Readings, read_readings
from central.master import load_master, master_tables, periods_table
from central.operator_readings import sorted_out, with_operators
from central.rates import rates_path
from central.readings_of_law.comparing import compare_readings
from central.reports.note import plain
from central.reports.relief_notes import relief_notes
from central.settings import Settings
from central.settle_files import settle_month
from central.settlement import settle
from metering.period import Month

Progress = Callable[[str], None]


def of_books(config_file: Path, month: Month, progress: Progress) -> dict[str, Any]:
    """From what central has."""
    books = Books.open(config_file)
    settled, now = books.settled(month), books.cluster.settings

    def under(settings: Settings) -> Mapping[str, pa.Table]:
        if (settings.precedence, settings.hour_formation) == (now.precedence, now.hour_formation):
            return settle(settled.tables, settings)
        other = Books.open(config_file)
        other.cluster = msgspec.structs.replace(other.cluster, settings=settings)
        return settle(other.settled(month).tables, settings)

    return _answer(settled.cluster, month, compare_readings(now, under, settled.tables, progress))


def of_files(
    cluster_file: Path, rates: Sequence[str], files: Sequence[Path], month: Month, progress: Progress
) -> dict[str, Any]:
    """From files; storages hold nothing when the month begins.

    Raises:
        BadRowsError: readings that can't be used.
    """
    cluster, pricing = load_master(cluster_file, [rates_path(word, Path()) for word in rates])
    ours, theirs = sorted_out(files)
    master = master_tables(cluster, pricing)
    own = read_readings(ours, cluster, [month], lambda file: progress(f"reading {file.name}"))
    formed: dict[tuple[str, str], Readings] = {}

    def under(settings: Settings) -> Mapping[str, pa.Table]:
        other = msgspec.structs.replace(cluster, settings=settings)
        key = settings.precedence, settings.hour_formation
        if key not in formed:
            energies = with_operators(own.energies, theirs, other, master, [month])[0] if theirs else own.energies
            formed[key] = replace(own, energies=energies)
        return settle_month(other, master, month, formed[key])

    tables = {**master, "periods": periods_table(cluster, month)}
    return _answer(cluster, month, compare_readings(cluster.settings, under, tables, progress))


def _answer(cluster: Cluster, month: Month, found: dict[str, Any]) -> dict[str, Any]:
    notes = relief_notes(cluster)
    about = {"cluster": cluster.name, "month": str(month)}
    return about | found | {"notes": [one.text for one in notes], "notes_said": plain(notes)}
