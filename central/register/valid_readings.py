"""Energies of a run that also count under another run's master data. Pure.

A run holds the values of its points' validity alone: that a member leaves takes values out, and no reading changed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.grid import Bools, seconds, within

Tables = Mapping[str, pa.Table]


def between(name: str, before: Tables, after: Tables) -> pa.Table | None:
    """The later run's readings (``energies`` or ``behind``), and the earlier one's wherever master data alone decide.

    Those are the values of points, directions and meters that aren't valid then in one of the two.
    """
    one, other = before.get(name), after.get(name)
    if one is None or other is None:
        return other
    kept = other.filter(pa.array(counts(name, other, before)))
    gone = one.filter(pa.array(~counts(name, one, after)))
    if not gone.num_rows:
        return kept
    columns = [field for field in kept.schema.names if field in gone.schema.names]
    # The earlier run may lack the columns that say where a value is from, or have them.
    return pa.concat_tables([kept, gone.select(columns)], promote_options="default").unify_dictionaries()


def counts(name: str, readings: pa.Table, tables: Tables) -> Bools:
    """Which rows are of a point and direction, or a meter behind a point, that ``tables`` has at their time."""
    if name == "energies":
        rows: Sequence[Mapping[str, Any]] = tables["points"].to_pylist()
        lines = [(row["point"], way, row) for row in rows for way in ("drawn", "injected") if row[way]]
        columns = ("point", "direction")
    else:
        rows = tables["meters"].to_pylist() if "meters" in tables else ()
        lines = [(row["serial"], row["role"], row) for row in rows]
        columns = ("meter", "role")
    start, found = seconds(readings["start"]), np.zeros(readings.num_rows, dtype=np.bool_)
    words = [readings[column].cast(pa.string()) for column in columns]
    wanted: dict[str, list[Mapping[str, Any]]] = {}
    for first, second, row in lines:
        wanted.setdefault(f"{first}\n{second}", []).append(row)
    keys = pc.binary_join_element_wise(*words, "\n").combine_chunks().dictionary_encode()
    names, place = keys.dictionary.to_pylist(), keys.indices.to_numpy(zero_copy_only=False)
    order = np.argsort(place, kind="stable")
    bounds = np.searchsorted(place[order], np.arange(len(names) + 1))
    for number, key in enumerate(names):
        mine = order[bounds[number] : bounds[number + 1]]
        for row in wanted.get(key, ()):
            found[mine[within(row, start[mine])]] = True
    return found
