"""Which figures of an answer rest on estimates: how many of a period's or a point's values were estimated."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.grid import Ints, seconds


def of_periods(estimated: pa.Table, starts: Ints) -> list[int]:
    """How many estimated values each period rests on; ``estimated`` is ``central.estimated.ESTIMATED``."""
    counts: dict[int, int] = {}
    for start in seconds(estimated["start"]).tolist():
        counts[start] = counts.get(start, 0) + 1
    return [counts.get(start, 0) for start in starts.tolist()]


def of_shares(estimated: pa.Table, shares: pa.Table) -> pa.Table:
    """Shares with how many of each row's values (drawn, injected) are estimated, as ``estimated``."""
    marks = np.zeros(shares.num_rows, dtype=np.int64)
    if estimated.num_rows and shares.num_rows:
        near = pc.and_(
            pc.is_in(shares["start"], value_set=estimated["start"].combine_chunks()),
            pc.is_in(
                shares["point"].cast(pa.string()), value_set=estimated["point"].cast(pa.string()).combine_chunks()
            ),
        )
        counts: dict[tuple[str, int], int] = {}
        for key in _keys(estimated):
            counts[key] = counts.get(key, 0) + 1
        rows = np.flatnonzero(near.to_numpy())
        marks[rows] = [counts.get(key, 0) for key in _keys(shares.take(pa.array(rows)))]
    return shares.append_column("estimated", pa.array(marks))


def _keys(table: pa.Table) -> list[tuple[str, int]]:
    return list(zip(table["point"].cast(pa.string()).to_pylist(), seconds(table["start"]).tolist(), strict=True))
