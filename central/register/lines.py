"""Rows that lie in lines: within a line all keys but the last are the same and the last one rises. Pure.

Long tables lie so (a point's hours, an hour's points); then few lines are put in order instead of millions of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
_ROWS_A_LINE: Final = 16
"""With fewer on average lines are of no use."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines in the order wanted."""

    first: Ints
    """Each line's first row, in the order wanted."""
    count: Ints
    """Its rows."""
    in_order: bool
    """Whether the rows lie in that order already."""

    def places(self, rows: int) -> Ints:
        """The row at each place of the order."""
        begun = np.cumsum(self.count) - self.count
        found: Ints = np.repeat(self.first - begun, self.count) + np.arange(rows)
        return found


Arrangement = Lines | Ints | None
"""An order of rows: as lines, as places, or as they lie."""


def lines_of(columns: Sequence[npt.NDArray[Any]]) -> Lines | None:
    """The rows of ``columns`` (at least two rows) in lexical order, by lines.

    None where they don't lie in lines, or where two rows may be the same in all columns.
    """
    *heads, last = columns
    begins = np.zeros(len(last), dtype=np.bool_)
    begins[0] = True
    for head in heads:
        begins[1:] |= head[1:] != head[:-1]
    rows = np.flatnonzero(begins)
    if len(rows) > 1 and len(rows) * _ROWS_A_LINE > len(last):
        return None
    if not bool(((last[1:] > last[:-1]) | begins[1:]).all()):
        return None
    order = np.lexsort([head[rows] for head in reversed(heads)]) if heads else np.zeros(1, dtype=np.int64)
    first = rows[order]
    same = np.ones(len(rows) - 1, dtype=np.bool_)
    for head in heads:
        same &= head[first[1:]] == head[first[:-1]]
    if same.any():
        return None
    count = np.diff(np.append(rows, len(last)))[order]
    return Lines(first, count, bool((order[1:] > order[:-1]).all()))


def arranged(values: npt.NDArray[Any], order: Arrangement) -> npt.NDArray[Any]:
    """The values in that order."""
    if order is None:
        return values
    if not isinstance(order, Lines):
        found: npt.NDArray[Any] = values[order]
        return found
    length = int(order.count[0])
    if bool((order.count == length).all()):
        # Whole lines are copied much faster than row by row.
        return values.reshape(-1, length)[order.first // length].reshape(-1)
    return np.concatenate([values[at : at + count] for at, count in zip(order.first, order.count, strict=True)])
