"""Digests of a table's canonical rows: neither their order nor how a column is encoded changes them.

Rows are put in the order of the key columns (``KEYS``; else of all), then each column is hashed by itself: nulls as
bits, numbers as 64 bits little-endian, words as their sorted list and each row's place in it. A column that a later
klaster appends leaves the digests of the others as they were.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "energies": ("point", "direction", "start"),
    "behind": ("point", "meter", "direction", "start"),
    "periods": ("start",),
    "hours": ("start",),
    "shares": ("start", "point"),
    "storages": ("point", "start"),
}
"""What names a row of the long tables."""
_MOST: Final = 2**62


def digests(table: pa.Table, name: str) -> dict[str, str]:
    """Each column's digest, hexadecimal."""
    order = canonical_order(table, name)
    return {field.name: _digest(table[field.name], order) for field in table.schema}


def canonical_order(table: pa.Table, name: str) -> Ints | None:
    """The places of the rows in canonical order; None where they are in it already."""
    if table.num_rows < 2:
        return None
    keys = [key for key in KEYS.get(name, ()) if key in table.schema.names]
    if keys and _in_order([_comparable(table[key]) for key in keys]):
        return None
    if keys and (whole := combined([ranks(table[key]) for key in keys])) is not None:
        order = np.argsort(whole, kind="stable")
        ordered = whole[order]
        if bool(np.all(ordered[1:] > ordered[:-1])):
            return order
    others = [one for one in table.schema.names if one not in keys]
    columns = [ranks(table[one]) for one in (*keys, *others)]
    found: Ints = np.lexsort(columns[::-1])
    return found


def _in_order(columns: list[npt.NDArray[Any]]) -> bool:
    """Whether each row is after the one before it, by the first column, then the next …"""
    after = np.zeros(len(columns[0]) - 1, dtype=np.bool_)
    for column in reversed(columns):
        one, other = column[:-1], column[1:]
        after &= one == other
        after |= one < other
    return bool(after.all())


def _comparable(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """Values or words' places, in the order of ``ranks``; nothing is shifted."""
    if _worded(column.type):
        return _words(column)[0]
    if not _numbered(column.type) or column.null_count:
        return ranks(column)
    return _numbers(column)[0]


def combined(columns: Iterable[Ints]) -> Ints | None:
    """Several columns as one number in their lexical order; None where it would be too long."""
    found, size = None, 1
    for column in columns:
        width = int(column.max()) + 1
        size *= width
        if size > _MOST:
            return None
        found = column if found is None else found * width + column
    return found


def ranks(column: pa.ChunkedArray) -> Ints:
    """Each row's value as a whole number in the order of values, 0 for null; two ranks say nothing across tables."""
    if _worded(column.type):
        places, _ = _words(column)
        return places.astype(np.int64) + 1
    if not _numbered(column.type):
        return ranks(pa.chunked_array([pa.array(_texts(column), pa.string())]))
    values, nulls = _numbers(column)
    least = int(values.min()) if len(values) else 0
    if int(values.max()) - least > _MOST:
        values, least = np.unique(values, return_inverse=True)[1].astype(np.int64), 0
    found: Ints = values - least + 1
    return found if nulls is None else np.where(nulls, 0, found)


def _digest(column: pa.ChunkedArray, order: Ints | None) -> str:
    found = hashlib.sha256()
    if not _worded(column.type) and not _numbered(column.type):
        column = pa.chunked_array([pa.array(_texts(column), pa.string())])
    if _worded(column.type):
        places, words = _words(column)
        for word in words:
            found.update(len(word).to_bytes(4, "little") + word)
        # One word for all rows needs no places.
        if len(words) != 1 or bool((places < 0).any()):
            found.update(_arranged(places, order))
        return found.hexdigest()
    values, nulls = _numbers(column)
    if nulls is not None:
        found.update(b"nulls" + np.packbits(nulls if order is None else nulls[order]).tobytes())
    found.update(_arranged(values, order))
    return found.hexdigest()


def _arranged(values: npt.NDArray[Any], order: Ints | None) -> memoryview:
    return np.ascontiguousarray(values if order is None else values[order]).data.cast("B")


def _numbers(column: pa.ChunkedArray) -> tuple[Ints, npt.NDArray[np.bool_] | None]:
    """Values as 64 bits, 0 where null, and which are null if any is."""
    whole = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    whole = pa.concat_arrays(whole.chunks) if isinstance(whole, pa.ChunkedArray) else whole
    nulls = whole.is_null().to_numpy(zero_copy_only=False) if whole.null_count else None
    if pa.types.is_boolean(whole.type):
        whole = whole.cast(pa.int8())
    if pa.types.is_timestamp(whole.type):
        # One unit for all, and the coarsest that holds: Parquet knows no seconds.
        if whole.type.unit != "us":
            whole = whole.cast(pa.timestamp("s", whole.type.tz))
        whole = whole.view(pa.int64())
    if whole.null_count:
        whole = pc.fill_null(whole, 0)
    return whole.to_numpy(zero_copy_only=False).astype("<i8", copy=False), nulls


def _words(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int32], list[bytes]]:
    """The words that occur, sorted, and each row's place among them; -1 for null."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    column = column.unify_dictionaries()
    if column.num_chunks == 0:
        return np.zeros(0, dtype=np.int32), []
    words = [word.encode() for word in column.chunk(0).dictionary.to_pylist()]
    codes = [
        (pc.fill_null(one.indices, -1) if one.indices.null_count else one.indices).to_numpy(zero_copy_only=False)
        for one in column.chunks
    ]
    places = (np.concatenate(codes) if len(codes) > 1 else codes[0]).astype(np.int32, copy=False)
    used = np.zeros(len(words) + 1, dtype=np.bool_)
    used[places] = True
    kept = sorted({words[i] for i in np.flatnonzero(used[: len(words)])})
    at = {word: i for i, word in enumerate(kept)}
    ranks = np.array([at.get(word, -1) for word in words] + [-1], dtype=np.int32)
    if np.array_equal(ranks[: len(words)], np.arange(len(words))):
        return places, kept
    return ranks[places], kept


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    """Values of other kinds (maps of what was read from a meter): their text."""
    return [None if value is None else repr(value) for value in column.to_pylist()]


def _worded(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or (pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type)))


def _numbered(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_timestamp(kind))
