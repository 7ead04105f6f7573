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

from central.register.lines import Arrangement, Lines, arranged, lines_of

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
_FEW: Final = 4
Words = tuple[npt.NDArray[np.int32], list[bytes]]
"""Each row's place among words, and the words."""


def digests(table: pa.Table, name: str) -> dict[str, str]:
    """Each column's digest, hexadecimal."""
    # Words are needed for the order and for the digest.
    seen = {field.name: _words(table[field.name]) for field in table.schema if _worded(field.type)}
    order = _order(table, _keys(table, name), seen)
    return {field.name: _digest(table[field.name], order, seen.get(field.name)) for field in table.schema}


def canonical_order(table: pa.Table, name: str) -> Ints | None:
    """The places of the rows in canonical order; None where they are in it already."""
    order = _order(table, _keys(table, name), {})
    return order.places(table.num_rows) if isinstance(order, Lines) else order


def _keys(table: pa.Table, name: str) -> list[str]:
    return [key for key in KEYS.get(name, ()) if key in table.schema.names] if table.num_rows else []


def _order(table: pa.Table, keys: list[str], seen: Mapping[str, Words]) -> Arrangement:
    """The canonical order; ``seen``: words of columns, as far as they are known already."""
    if table.num_rows < 2:
        return None

    def ranked(name: str) -> Ints:
        return seen[name][0].astype(np.int64) + 1 if name in seen else ranks(table[name])

    if keys:
        lines = lines_of([seen[key][0] if key in seen else _comparable(table[key]) for key in keys])
        if lines is not None:
            return None if lines.in_order else lines
    if keys and (whole := combined([ranked(key) for key in keys])) is not None:
        order = np.argsort(whole, kind="stable")
        ordered = whole[order]
        if bool(np.all(ordered[1:] > ordered[:-1])):
            return order
    others = [one for one in table.schema.names if one not in keys]
    by = [ranked(one) for one in (*keys, *others)]
    found: Ints = np.lexsort(by[::-1])
    return found


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


def _digest(column: pa.ChunkedArray, order: Arrangement, seen: Words | None) -> str:
    """``seen``: the column's words, where they are known already."""
    found = hashlib.sha256()
    if not _worded(column.type) and not _numbered(column.type):
        column = pa.chunked_array([pa.array(_texts(column), pa.string())])
    if _worded(column.type):
        places, words = seen if seen is not None else _words(column)
        found.update(b"".join(len(word).to_bytes(4, "little") + word for word in words))
        # One word for all rows needs no places.
        if len(words) != 1 or bool((places < 0).any()):
            found.update(_arranged(places, order))
        return found.hexdigest()
    values, nulls = _numbers(column)
    if nulls is not None:
        found.update(b"nulls" + np.packbits(arranged(nulls, order)).tobytes())
    found.update(_arranged(values, order))
    return found.hexdigest()


def _arranged(values: npt.NDArray[Any], order: Arrangement) -> memoryview:
    return np.ascontiguousarray(arranged(values, order)).data.cast("B")


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


def _words(column: pa.ChunkedArray) -> Words:
    """The words that occur, sorted, and each row's place among them; -1 for null."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    column = column.unify_dictionaries()
    if column.num_chunks == 0:
        return np.zeros(0, dtype=np.int32), []
    words = column.chunk(0).dictionary.cast(pa.binary()).to_pylist()
    codes = [
        (pc.fill_null(one.indices, -1) if one.indices.null_count else one.indices).to_numpy(zero_copy_only=False)
        for one in column.chunks
    ]
    places = (np.concatenate(codes) if len(codes) > 1 else codes[0]).astype(np.int32, copy=False)
    used = _used(places, len(words))
    kept, ranks = _ranked(words, used)
    if np.array_equal(ranks[: len(words)], np.arange(len(words))):
        return places, kept
    return ranks[places], kept


def _ranked(words: list[bytes], used: npt.NDArray[np.bool_]) -> tuple[list[bytes], npt.NDArray[np.int32]]:
    """The words used, sorted, and each word's place among them; -1 for others, and behind them for null."""
    if len(set(words)) < len(words):
        kept = sorted({words[i] for i in np.flatnonzero(used).tolist()})
        at = {word: i for i, word in enumerate(kept)}
        return kept, np.array([at.get(word, -1) for word in words] + [-1], dtype=np.int32)
    order = np.array(sorted(range(len(words)), key=words.__getitem__), dtype=np.int64)
    order = order[used[order]]
    ranks = np.full(len(words) + 1, -1, dtype=np.int32)
    ranks[order] = np.arange(len(order), dtype=np.int32)
    return [words[i] for i in order.tolist()], ranks


def _used(places: npt.NDArray[np.int32], count: int) -> npt.NDArray[np.bool_]:
    """Which of so many words occur."""
    if count <= _FEW:
        return np.array([bool((places == i).any()) for i in range(count)], dtype=np.bool_)
    used = np.zeros(count + 1, dtype=np.bool_)
    # Of equal places one after the other the first is enough.
    used[places[np.flatnonzero(places[1:] != places[:-1])]] = True
    used[places[-1:]] = True
    return used[:count]


def _texts(column: pa.ChunkedArray) -> list[str | None]:
    """Values of other kinds (maps of what was read from a meter): their text."""
    return [None if value is None else repr(value) for value in column.to_pylist()]


def _worded(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or (pa.types.is_dictionary(kind) and pa.types.is_string(kind.value_type)))


def _numbered(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_timestamp(kind))
