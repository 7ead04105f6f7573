"""Runs from files alone: cluster, rates and readings, as ``settle`` takes them; no service.

Readings are our CSV and operators' files, or Parquet with the columns of ``central.tables.ENERGIES``.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from central.cluster import Cluster
from central.grid import seconds
from central.imports.found import WHOLE
from central.imports.klaster_csv import BadRow, BadRowsError, Readings
from central.master import master_tables, periods_table
from central.named_files import named_file
from central.operator_readings import FilesRead, read_files
from central.rates import Pricing
from central.register.keeping import Register
from central.register.making import Asked, Evidence, RunMaker, must_have_values
from central.register.manifest import Entry
from central.settlement import settle
from central.tables import ENERGIES
from metering.energy import MAX_READING_WH
from metering.period import Month
from runtime.unread import why_unread

_MOST_ROWS = 50_000_000


@dataclasses.dataclass(frozen=True, slots=True)
class FromFiles:
    """What runs are made of."""

    cluster: Cluster
    rates: Pricing
    files: Sequence[Path]
    """As ``central.named_files`` reads them."""
    register: Register
    told: Callable[[FilesRead], None] = lambda _: None
    """Is told what was read, before the first run is made."""


def runs_from_files(
    given: FromFiles, months: Sequence[Month], asked: Asked, now: datetime, progress: Callable[[str], None]
) -> Iterator[Entry]:
    """Make a run of each month, in turn; what storages hold goes from one to the next.

    Raises:
        BadRowsError: readings that can't be used.
        NotYetError: a run's conditions don't hold; those before it are made.
        RunError: the register can't take it.
        OSError, sqlite3.Error: a file can't be read, or the register not written.
    """
    parquet = [file for file in given.files if _is_parquet(file)]
    others = [file for file in given.files if file not in parquet]
    master = master_tables(given.cluster, given.rates)
    read = read_files(others, given.cluster, months, master, progress) if others else None
    if read is not None:
        given.told(read)
    for month in months:
        if month.start > now:
            readings = None if read is None else read.readings
            must_have_values(month, _of_month(given.cluster, month, parquet, readings), now)
    said = [_said(file) for file in given.files]
    keep = functools.partial(_kept, said=said, read=read, rates=given.rates, now=now)
    with given.register.making(given.cluster.name) as making:
        before: RunMaker | None = None
        try:
            for month in months:
                progress(f"settling {month}")
                tables = {
                    **master,
                    "periods": periods_table(given.cluster, month),
                    "energies": _of_month(given.cluster, month, parquet, None if read is None else read.readings),
                    **_behind(month, read),
                }
                maker = RunMaker(making, given.cluster, month, asked)
                maker.inputs(tables)
                result = settle(tables, given.cluster.settings)
                master["stocks"] = result["stocks"]
                # The month before is being written meanwhile.
                if before is not None:
                    yield keep(before)
                before = maker
                maker.outputs(tables, result)
                del tables, result
            if before is not None:
                yield keep(before)
                before = None
        finally:
            if before is not None:
                before.__exit__(None, None, None)


def _kept(
    maker: RunMaker, *, said: list[dict[str, str]], read: FilesRead | None, rates: Pricing, now: datetime
) -> Entry:
    values: dict[str, Any] = {"files": said}
    if read is not None:
        notes = [{"file": name, "line": note.line, "times": note.times, "text": note.text} for name, note in read.notes]
        values |= {"rounding": read.rounding_of(maker.month), "notes_of_files": notes}
    with maker:
        return maker.keep(Evidence(source="files", values=values, rates=rates), now)


def _said(word: Path) -> dict[str, str]:
    file = named_file(word)
    given = {name: value for name, value in file.given._asdict().items() if value}
    return {"name": file.path.name, "sha256": _digest(file.path)} | given


def _of_month(cluster: Cluster, month: Month, parquet: Sequence[Path], readings: Readings | None) -> pa.Table:
    parts = [one for file in parquet if (one := _energies(file, cluster, month)).num_rows]
    if readings is not None:
        parts.append(_within(readings.energies, month))
    if not parts:
        return ENERGIES.empty_table()
    # In one piece, so that nothing after this has to put pieces together again.
    return pa.concat_tables(parts, promote_options="default").unify_dictionaries().combine_chunks()


def _behind(month: Month, read: FilesRead | None) -> dict[str, pa.Table]:
    """What meters behind points counted; no table where the files have nothing of it in any month."""
    return {"behind": read.readings.of_month(month)["behind"]} if read and read.readings.behind.num_rows else {}


def _within(energies: pa.Table, month: Month) -> pa.Table:
    start = energies["start"]
    first, last = (pa.scalar(at, start.type) for at in (month.start, month.end))
    if energies.num_rows and first.as_py() <= pc.min(start).as_py() and pc.max(start).as_py() < last.as_py():
        return energies
    return energies.filter(pc.and_(pc.greater_equal(start, first), pc.less(start, last)))


def _is_parquet(file: Path) -> bool:
    try:
        with file.open("rb") as content:
            return content.read(4) == b"PAR1"
    except OSError:
        return False


def _digest(file: Path) -> str:
    try:
        with file.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()
    except OSError as error:
        raise BadRowsError([BadRow(str(file), WHOLE, why_unread(error))]) from error


def _energies(file: Path, cluster: Cluster, month: Month) -> pa.Table:
    """The energies of a month in a Parquet file; raises BadRowsError."""
    words = ["cluster", "point", "direction"]
    start = pa.scalar(month.start, ENERGIES.field("start").type), pa.scalar(month.end, ENERGIES.field("start").type)
    try:
        opened = pq.ParquetFile(file)
        if opened.metadata.num_rows > _MOST_ROWS:
            raise BadRowsError([BadRow(str(file), WHOLE, f"more than {_MOST_ROWS} rows; give a file for each month")])
        if missing := sorted(set(ENERGIES.names) - set(opened.schema_arrow.names)):
            raise BadRowsError(
                [BadRow(str(file), WHOLE, f"lacks the column {missing[0]}; needs {', '.join(ENERGIES.names)}")]
            )
        if _outside(opened, *(one.as_py() for one in start)):
            return ENERGIES.empty_table()
        table = pq.read_table(file, columns=list(ENERGIES.names), read_dictionary=words).cast(ENERGIES)
    except (pa.ArrowException, OSError) as error:
        raise BadRowsError([BadRow(str(file), WHOLE, f"isn't a table of energies: {str(error)[:200]}")]) from error
    if problem := _problem(table, cluster):
        raise BadRowsError([BadRow(str(file), WHOLE, problem)])
    return _within(table, month)


def _outside(file: pq.ParquetFile, first: datetime, last: datetime) -> bool:
    """Whether the file's own statistics say that none of its periods is in the month."""
    place = file.schema_arrow.names.index("start")
    groups = [file.metadata.row_group(i).column(place).statistics for i in range(file.metadata.num_row_groups)]
    if not groups or any(one is None or not one.has_min_max for one in groups):
        return False
    try:
        return bool(max(one.max for one in groups) < first or min(one.min for one in groups) >= last)
    except TypeError:
        return False


def _problem(table: pa.Table, cluster: Cluster) -> str:
    for name in table.schema.names:
        if table[name].null_count:
            return f"{table[name].null_count} rows without {name}: a missing value is an absent row"
    if strange := set(pc.unique(table["cluster"]).cast(pa.string()).to_pylist()) - {cluster.name}:
        return f"cluster {sorted(strange)[0][:60]!r}; the cluster file is {cluster.name!r}"
    if strange := set(pc.unique(table["direction"]).cast(pa.string()).to_pylist()) - {"drawn", "injected"}:
        return f"direction {sorted(strange)[0][:60]!r}; expected drawn or injected"
    known = {point.id for point in cluster.points}
    if strange := set(pc.unique(table["point"]).cast(pa.string()).to_pylist()) - known:
        return f"point {sorted(strange)[0][:60]!r} isn't in the cluster file"
    least, most = pc.min_max(table["wh"]).as_py().values()
    if table.num_rows and (least < 0 or most > MAX_READING_WH):
        return f"wh from {least} to {most}; expected whole Wh from 0 to {MAX_READING_WH}"
    length = int(cluster.period.length.total_seconds())
    if table.num_rows and bool(np.any(seconds(pa.chunked_array([pc.unique(table["start"])])) % length)):
        return f"a start that isn't on the full {cluster.period.value}"
    return ""
