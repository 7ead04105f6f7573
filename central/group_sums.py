"""Exact sums of energies by name, in one pass however many names there are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.grid import Ints


def sums_by(table: pa.Table, key: str, columns: Sequence[str]) -> dict[str, dict[str, int | None]]:
    """Each name's sums of Wh over the complete rows; None where no complete row has a value of the kind.

    ``table`` has the columns of SHARES; a name without any complete row is there too. Ordered by the names' bytes.
    """
    labels = table[key].cast(pa.string()).combine_chunks().dictionary_encode()
    if isinstance(labels, pa.ChunkedArray):
        labels = labels.combine_chunks()
    names = labels.dictionary.to_pylist()
    places = labels.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    complete = pc.equal(table["status"].cast(pa.string()), "complete").to_numpy()
    found: dict[str, dict[str, int | None]] = {name: {} for name in sorted(names, key=str.encode)}
    for column in columns:
        there = complete & pc.is_valid(table[column]).to_numpy()
        values = pc.fill_null(table[column], 0).to_numpy()[there]
        for name, total in zip(names, exact_sums(places[there], values, len(names)), strict=True):
            found[name][column] = total
    return found


def exact_sums(places: Ints, values: Ints, count: int) -> list[int | None]:
    """The sum of the values at each place below ``count``, exact however large; None where there is no value."""
    high, low = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
    np.add.at(high, places, values >> 32)
    np.add.at(low, places, values & 0xFFFFFFFF)
    there = np.bincount(places, minlength=count)
    return [(int(high[place]) << 32) + int(low[place]) if there[place] else None for place in range(count)]
