"""Two tables of one kind laid beside each other by what names a row: what is only in one, and what changed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from central.register.digests import KEYS, Ints, canonical_order, combined, ranks

NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    **KEYS,
    "cluster": ("cluster",),
    "members": ("member",),
    "points": ("point",),
    "stocks": ("point",),
    "meters": ("serial", "point", "role", "valid_from"),
    "regimes": ("member", "point", "valid_from"),
    "eligibility": ("member", "point", "valid_from"),
    "aliases": ("code", "valid_from"),
    "operators": ("point", "valid_from"),
    "rates": ("component", "tariff", "zone", "operator", "valid_from"),
    "charges": ("member", "point", "component", "zone", "rate"),
    "totals": ("member", "point"),
}
"""What names a row; where several rows have one name they are taken in order."""


_OF_ALL: Final = ("cluster", "month")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One value that isn't the same in both; a row that only one has gives one for each of its values."""

    row: dict[str, Any]
    column: str
    before: Any
    after: Any


def changes(name: str, before: pa.Table, after: pa.Table, leave: Sequence[str] = ()) -> Iterator[Change]:
    """What changed from one table to the other, in their columns in common but those in ``leave``."""
    columns = [one for one in before.schema.names if one in after.schema.names and one not in leave]
    keys = [one for one in NAMES.get(name, columns) if one in columns]
    values = [one for one in columns if one not in keys]
    one, other = (_ordered(table.select(columns), name) for table in (before, after))
    both = pa.concat_tables([_plain(one), _plain(other)])
    if not both.num_rows:
        return
    named = _named(both, keys, one.num_rows)
    left, right = named[: one.num_rows], named[one.num_rows :]
    _, at_left, at_right = np.intersect1d(left, right, assume_unique=True, return_indices=True)
    for column in values:
        rank = ranks(both[column])
        changed = rank[at_left] != rank[one.num_rows + at_right]
        yield from _told(one, other, keys, column, at_left[changed], at_right[changed])
    for table, place, mine, theirs in ((one, 0, left, right), (other, 1, right, left)):
        for i in np.flatnonzero(~np.isin(mine, theirs)).tolist():
            row = {key: table[key][i].as_py() for key in keys}
            # What is the same for all rows of a run, and what isn't there, says nothing; then the row itself is told.
            told = {column: table[column][i].as_py() for column in values if column not in _OF_ALL}
            told = {column: value for column, value in told.items() if value is not None} or {"(row)": "there"}
            for column, value in told.items():
                yield Change(row=row, column=column, before=None if place else value, after=value if place else None)


def _told(
    one: pa.Table, other: pa.Table, keys: Sequence[str], column: str, left: Ints, right: Ints
) -> Iterator[Change]:
    rows, then = one.take(pa.array(left)), other[column].take(pa.array(right)).to_pylist()
    named = [rows[key].to_pylist() for key in keys]
    for i, (before, after) in enumerate(zip(rows[column].to_pylist(), then, strict=True)):
        yield Change(row={key: named[k][i] for k, key in enumerate(keys)}, column=column, before=before, after=after)


def _plain(table: pa.Table) -> pa.Table:
    """Words as words, so that two tables can be put together."""
    columns = {
        field.name: table[field.name].cast(pa.string()) if pa.types.is_dictionary(field.type) else table[field.name]
        for field in table.schema
    }
    return pa.table(columns)


def _named(both: pa.Table, keys: Sequence[str], count: int) -> Ints:
    """Each row's name as a number that no other row of its table has."""
    columns = [ranks(both[key]) for key in keys]
    name = combined(columns)
    if name is None:
        name = np.unique(np.stack(columns), axis=1, return_inverse=True)[1].astype(np.int64).reshape(-1)
    else:
        name = np.unique(name, return_inverse=True)[1].astype(np.int64)
    times = np.concatenate([_occurrence(name[:count]), _occurrence(name[count:])])
    if not times.any():
        return name
    whole: Ints = name * (int(times.max()) + 1) + times
    return whole


def _occurrence(name: Ints) -> Ints:
    """How many rows before it have the same name."""
    order = np.argsort(name, kind="stable")
    ordered = name[order]
    first = np.searchsorted(ordered, ordered, side="left")
    found = np.empty(len(name), dtype=np.int64)
    found[order] = np.arange(len(name)) - first
    return found


def _ordered(table: pa.Table, name: str) -> pa.Table:
    order = canonical_order(table, name)
    return table if order is None else table.take(pa.array(order))
