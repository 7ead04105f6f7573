"""In proportion to what each point draws (art. 184m ust. 1 and 2), by largest remainder.

Whole Wh that floor division leaves over go to the largest remainders, ties to the earlier point, that is to the PPE
whose bytes sort first: a convention, since the law sets no rounding.
"""

from __future__ import annotations

import numpy as np

from central.grid import Ints
from metering.energy import share

_LIMIT = 2**63


def allocate(weights: Ints, totals: Ints) -> Ints:
    """Split each total over its row of weights.

    Exact for every int64: a row whose products could reach 2^63 is split in Python's integers.

    Raises:
        ValueError: a total with no weight to carry it.
    """
    parts = np.zeros_like(weights)
    count = weights.shape[1]
    sums, largest = weights.sum(axis=1), weights.max(axis=1, initial=0)
    backwards = np.arange(count - 1, -1, -1, dtype=np.int64)
    for row in np.flatnonzero(totals):
        weight, total, whole = weights[row], int(totals[row]), int(sums[row])
        if whole == total:
            parts[row] = weight
        elif whole > 0 and int(largest[row]) * total < _LIMIT and whole * count < _LIMIT:
            parts[row] = _split(weight, total, whole, backwards)
        else:
            parts[row] = share(total, weight.tolist())
    return parts


def _split(weight: Ints, total: int, whole: int, backwards: Ints) -> Ints:
    """One row's parts; ``backwards`` counts from the number of points less one down to 0."""
    part = weight * total
    # One key orders by remainder, then by place: the earlier of two equal remainders is the larger key.
    key = part.copy()
    part //= whole
    key -= part * whole
    left = total - int(part.sum())
    if left:
        key *= len(weight)
        key += backwards
        # All keys differ, so exactly as many reach the bound as are left over.
        part += key >= np.partition(key, -left)[-left]
    return part
