"""A run from the books: the month as they know it now, with the stands, files, findings and estimates it rests on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.archive import archived_files
from central.books import LOOK_AROUND, Books, Settled
from central.finding import Finding, of_this_month
from central.findings import Known, finding_row, findings_now
from central.grid import seconds
from central.opened import open_store
from central.register.keeping import Register
from central.register.making import Asked, Evidence, RunMaker, must_have_values
from central.register.manifest import Entry, RunError
from central.tables import OUTPUTS
from metering.period import Month

_TRIES = 3
OF_SETTLED = ("own", "operator", "estimated", "gaps", "doubles", "lives", "undeclared")
"""What the stands and files told besides energies, by its name in ``Settled``."""


def run_from_books(books: Books, register: Register, month: Month, asked: Asked, now: datetime) -> Entry:
    """Make a run. Where stands or files of it come in meanwhile it is made anew: its evidence is what was settled.

    Raises:
        NotYetError: its conditions don't hold.
        RunError: the register can't take it, or the books don't stand still.
        StoreDownError, OSError, sqlite3.Error: the books can't be read, or the register not written.
    """
    with register.making(books.cluster.name) as making:
        for _ in range(_TRIES):
            with RunMaker(making, books.cluster, month, asked) as maker:
                settled = books.settled(month)
                must_have_values(month, settled.tables["energies"], now)
                maker.inputs(settled.tables)
                maker.outputs(settled.tables, results(settled), settled.gaps)
                evidence = _evidence(books, settled, now)
                if not books.came_later(month, evidence.tables["stands"], evidence.tables["intervals"]):
                    return maker.keep(evidence, now)
            making.forget(maker.writing)
            books = books.anew()
    raise RunError(
        f"{month}: stands or files of it came in {_TRIES} times while the run was being made; make it again later"
    )


def results(settled: Settled) -> dict[str, pa.Table]:
    """What ``settle`` gave."""
    return {name: getattr(settled, name) for name in OUTPUTS}


def _evidence(books: Books, settled: Settled, now: datetime) -> Evidence:
    month = settled.month
    tables = {name: getattr(settled, name) for name in OF_SETTLED}
    store = open_store(books.config, read_only=True)
    try:
        tables["intervals"] = store.intervals(month.start, month.end)
        tables["stands"] = _bounding(store.stands(month.start - LOOK_AROUND, month.end + LOOK_AROUND), month)
    finally:
        store.close()
    return Evidence(
        source="books",
        tables=tables,
        values={
            "findings": [finding_row(one) for one in of_month(books, month, now)],
            "estimates": msgspec.to_builtins(settled.outcomes),
            "files": _files(books, tables["intervals"]),
            "rounding": settled.rounding,
        },
        rates=books.rates,
    )


def of_month(books: Books, month: Month, now: datetime) -> list[Known]:
    """The findings of a month that are open, heaviest first."""
    found, _ = findings_now(books, month, now)
    return [one for one in found if _is_of(one.finding, month)]


def _is_of(one: Finding, month: Month) -> bool:
    if one.kind == "file_doubt" and one.since and one.until:
        # Values of several months may be in one file: its doubt keeps each of them open.
        return one.since < month.end and one.until > month.start
    return (
        of_this_month(one, month)
        and (one.since is None or one.since < month.end)
        and (one.until is None or one.until >= month.start)
    )


def _files(books: Books, intervals: pa.Table) -> list[dict[str, Any]]:
    """The operators' files of which a value counts in the month, with the digest of their bytes."""
    used = set(pc.unique(intervals["file"]).to_pylist())
    return [
        {
            "number": one.number,
            "name": one.name,
            "sha256": one.digest,
            "imported": one.imported,
            "who": one.who,
            "layout": one.layout,
        }
        for one in archived_files(books.config.files)
        if one.number in used
    ]


def _bounding(stands: pa.Table, month: Month) -> pa.Table:
    """The month's stands, and of each register's life the last before and the first after it."""
    at = seconds(stands["at"])
    first, last = int(month.start.timestamp()), int(month.end.timestamp())
    kept = (at >= first) & (at <= last)
    names = pc.binary_join_element_wise(*(stands[name] for name in ("meter", "register", "epoch", "gateway")), "\n")
    life = names.combine_chunks().dictionary_encode().indices.to_numpy() if stands.num_rows else np.zeros(0, np.int64)
    for side, order in ((at < first, 1), (at > last, -1)):
        rows = np.flatnonzero(side)
        rows = rows[np.argsort(at[rows] * order, kind="stable")]
        # The last of each life in this order is the one nearest to the month.
        _, nearest = np.unique(life[rows][::-1], return_index=True)
        kept[rows[::-1][nearest]] = True
    return stands.filter(pa.array(kept))
