"""What of the renewable energy came from the sun: beside the law's sums, which don't tell the sources apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pyarrow as pa

from central.eligibility import excluded
from central.grid import Ints, make_grid, net
from central.settings import Settings


def injected_at(
    tables: Mapping[str, pa.Table], settings: Settings, groups: Mapping[str, Collection[str]]
) -> dict[str, Ints]:
    """What each group of points injected in each period, Wh, as the balance counts it: netted, of points in the sums.

    ``tables`` are those of one settlement; the value of an incomplete period is meaningless.
    """
    grid = make_grid(tables)
    _, injected = net(grid, settings.netting)
    in_sums = grid.valid & ~excluded(grid, settings) if settings.excluded_mode == "full" else grid.valid
    found: dict[str, Ints] = {}
    for name, points in groups.items():
        chosen = np.array([point in points for point in grid.points], dtype=np.bool_)
        found[name] = np.where(in_sums[:, chosen], injected[:, chosen], 0).sum(axis=1)
    return found
