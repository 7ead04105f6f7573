"""hours.csv, shares.csv and charges.csv of a settlement; replaced all together or not at all.

Readers go by column name: later versions only append columns. No cell ever needs quotes: ids have no comma or quote.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from central.grid import seconds
from central.tables import HOUR_ENERGIES, MORE_ENERGIES
from metering.period import EPOCH, local_text, utc_text

COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "hours": ("start", "local", *HOUR_ENERGIES, "ratio_pct", "multiplier", "status"),
    "shares": ("start", "point", "member", "drawn_wh", "injected_wh", "allocated_wh", "relieved_wh", "status"),
    "charges": (
        "month",
        "member",
        "point",
        "zone",
        "component",
        "drawn_wh",
        "relieved_wh",
        "rate",
        "full_zl",
        "relief_zl",
        "charge_zl",
        "rate_status",
        "full_exact_zl",
        "relief_exact_zl",
        "zone_status",
    ),
    "totals": (
        "month",
        "member",
        "point",
        "full_zl",
        "relief_zl",
        "charge_zl",
        "vat_pct",
        "full_vat_zl",
        "charge_vat_zl",
        "full_gross_zl",
        "relief_gross_zl",
        "charge_gross_zl",
        "status",
    ),
}


APPENDED: Final[Mapping[str, tuple[str, ...]]] = {
    "hours": MORE_ENERGIES,
    "shares": ("charge_wh", "estimated", "unauthorised", "drawn_source", "injected_source"),
}
"""Columns that follow where a storage's charging is left out of drawn, or own use is in the ratio, and in answers of
books with their marks."""


def columns_of(name: str, table: pa.Table) -> tuple[str, ...]:
    """A table's columns in the order of its file."""
    return COLUMNS[name] + tuple(column for column in APPENDED.get(name, ()) if column in table.schema.names)


def write_settlement(
    results: Iterable[Mapping[str, pa.Table]], out: Path, notes: Callable[[], str] | None = None
) -> list[Path]:
    """Write the months' results, one after another, into four files of ``out``; gives their paths.

    ``notes``, which is asked once all results are there, gives the text of ``notes.txt`` beside them.

    Raises:
        OSError: a file can't be written; the files that were there before stay as they were.
    """
    out.mkdir(parents=True, exist_ok=True)
    finals = [out / f"{name}.csv" for name in COLUMNS]
    parts = [out / f".{name}.csv.part" for name in COLUMNS]
    if notes is not None:
        finals.append(out / "notes.txt")
        parts.append(out / ".notes.txt.part")
    for final in finals:
        if final.is_dir():
            raise IsADirectoryError(errno.EISDIR, "is a folder", str(final))
    try:
        with contextlib.ExitStack() as stack:
            *sinks, last = (stack.enter_context(part.open("wb")) for part in parts)
            if notes is None:
                sinks.append(last)
            for i, result in enumerate(results):
                for sink, name in zip(sinks, COLUMNS, strict=True):
                    if i == 0:
                        sink.write((",".join(columns_of(name, result[name])) + "\n").encode())
                    for batch in text_tables(name, result[name]):
                        pacsv.write_csv(batch, sink, _OPTIONS)
            if notes is not None:
                last.write(notes().encode())
        for part, final in zip(parts, finals, strict=True):
            part.replace(final)
    finally:
        for part in parts:
            part.unlink(missing_ok=True)
    return finals


_OPTIONS = pacsv.WriteOptions(include_header=False, quoting_style="none")
_ROWS = 200_000


def text_tables(name: str, table: pa.Table) -> Iterator[pa.Table]:
    """Slices of a table with instants as text and dictionaries as words, in the file's order of columns."""
    for first in range(0, table.num_rows, _ROWS):
        part = table.slice(first, _ROWS)
        columns = {}
        for column in columns_of(name, table):
            if column in {"start", "local"}:
                columns[column] = _instants(part["start"], local=column == "local")
            elif pa.types.is_dictionary(part[column].type):
                columns[column] = part[column].cast(pa.string())
            else:
                columns[column] = part[column]
        yield pa.table(columns)


def _instants(column: pa.ChunkedArray, *, local: bool) -> pa.Array:
    encoded = pa.array(seconds(column)).dictionary_encode()
    text = local_text if local else utc_text
    words = [text(EPOCH + timedelta(seconds=at)) for at in encoded.dictionary.to_pylist()]
    return pc.take(pa.array(words, pa.string()), encoded.indices)
