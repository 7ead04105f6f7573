"""Whether a run is what it says: every digest, and the same rows once more from its own inputs. Offline, pure.

Rows are compared by their keys, in canonical order: neither the order of rows nor their encoding matters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from central.register.digests import KEYS, canonical_order, digests
from central.register.manifest import ChangedError
from central.register.opening import Run
from central.register.recomputing import readable, settle_again
from central.register.sources import code_digest

NAMED: Final = 20
"""So many differences are told one by one; all are counted."""


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One value that isn't the same."""

    table: str
    row: dict[str, Any]
    """What names the row; empty where rows are missing."""
    column: str
    kept: Any
    """As the run holds it."""
    recomputed: Any


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What verifying a run gave."""

    run: str
    cluster: str
    digest: str
    """Of the run."""
    approved_by: str | None
    """Of a final: who approved the run that it rests on."""
    rests_on: str
    """Of a final that run, of a correction the one it corrects; else empty."""
    same_code: bool
    """Whether this installation's arithmetic is the very one that the run was made with."""
    tables: dict[str, int]
    """Rows compared, by table."""
    differences: list[Difference]
    count: int

    @property
    def equal(self) -> bool:
        """Whether every row is the same."""
        return not self.count


def verify(run: Run) -> Verified:
    """Check every digest, settle the run's inputs by its settings, and compare.

    Raises:
        RunError: the run was changed, or can't be recomputed by this klaster.
    """
    run.check()
    with readable(run.where, "its tables can't be compared"):
        return _compared(run)


def _compared(run: Run) -> Verified:
    inputs, kept = run.inputs(), run.outputs()
    for folder, tables in (("in", inputs), ("out", kept)):
        _columns(run, folder, tables)
    again = settle_again(inputs, run.settings, run.where)
    differences: list[Difference] = []
    count = 0
    for name in sorted(kept):
        # A table that this klaster makes besides wasn't there then.
        found, more = compare(name, kept[name], again.get(name))
        differences += found[: NAMED - len(differences)]
        count += more
    return Verified(
        run=run.id,
        cluster=run.manifest.cluster,
        digest=run.row.manifest,
        approved_by=run.approval.by if run.approval else None,
        rests_on=run.manifest.approved or run.manifest.corrects,
        same_code=run.manifest.code.code == code_digest(),
        tables={name: table.num_rows for name, table in sorted(kept.items())},
        differences=differences,
        count=count,
    )


def _columns(run: Run, folder: str, tables: Mapping[str, pa.Table]) -> None:
    """The columns' digests belong to the rows, so that they can be trusted where only they are looked at."""
    for name, table in tables.items():
        said = run.manifest.files[f"{folder}/{name}.parquet"].columns
        if said != digests(table, name):
            raise ChangedError(f"{run.where}: {folder}/{name}.parquet: its columns' digests aren't those of its rows")


def compare(name: str, kept: pa.Table | None, again: pa.Table | None) -> tuple[list[Difference], int]:
    """The first differences of two tables by canonical rows, and how many values differ; their columns in common."""
    if kept is None or again is None:
        there = kept if again is None else again
        rows = 0 if there is None else there.num_rows
        sides = ("there" if kept is not None else "absent", "there" if again is not None else "absent")
        one = Difference(table=name, row={}, column="(table)", kept=sides[0], recomputed=sides[1])
        return ([one], 1) if rows else ([], 0)
    if kept.num_rows != again.num_rows:
        one = Difference(table=name, row={}, column="(rows)", kept=kept.num_rows, recomputed=again.num_rows)
        return [one], abs(kept.num_rows - again.num_rows)
    columns = [column for column in kept.schema.names if column in again.schema.names]
    one_, other = digests(kept.select(columns), name), digests(again.select(columns), name)
    changed = [column for column in columns if one_[column] != other[column]]
    if not changed:
        return [], 0
    left, right = (_ordered(table.select(columns), name) for table in (kept, again))
    found: list[Difference] = []
    count = 0
    for column in changed:
        values = left[column].to_pylist(), right[column].to_pylist()
        places = [i for i, (a, b) in enumerate(zip(*values, strict=True)) if a != b]
        count += len(places)
        for i in places[:NAMED]:
            row = {key: left[key][i].as_py() for key in _keys(name, columns)}
            found.append(Difference(table=name, row=row, column=column, kept=values[0][i], recomputed=values[1][i]))
    return found, count


def _keys(name: str, columns: list[str]) -> list[str]:
    return [key for key in KEYS.get(name, ("point", "member", "component", "zone")) if key in columns]


def _ordered(table: pa.Table, name: str) -> pa.Table:
    order = canonical_order(table, name)
    return table if order is None else table.take(pa.array(np.asarray(order)))
