"""What of the renewable energy came from the sun: beside the law's sums, which don't tell the sources apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pyarrow as pa

from central.eligibility import excluded
from central.grid import Bools, Ints, make_grid, net
from central.settings import Settings
from central.validity import Span


def injected_at(
    tables: Mapping[str, pa.Table], settings: Settings, groups: Mapping[str, Collection[tuple[str, Span]]]
) -> dict[str, Ints]:
    """What each group of points injected in each period, Wh, as the balance counts it: netted, of points in the sums.

    A group names points with the span in which each is of it.

    ``tables`` are those of one settlement; the value of an incomplete period is meaningless.
    """
    grid = make_grid(tables)
    _, injected = net(grid, settings.netting)
    in_sums = grid.valid & ~excluded(grid, settings) if settings.excluded_mode == "full" else grid.valid
    found: dict[str, Ints] = {}
    columns: dict[str, list[int]] = {}
    for p, point in enumerate(grid.points):
        columns.setdefault(point, []).append(p)
    for name, points in groups.items():
        chosen = np.zeros_like(grid.valid)
        for point, span in points:
            mine = columns.get(point, [])
            chosen[:, mine] |= _inside(span, grid.starts)[:, None]
        found[name] = np.where(in_sums & chosen, injected, 0).sum(axis=1)
    return found


def _inside(span: Span, starts: Ints) -> Bools:
    first, last = (None if at is None else at.timestamp() for at in span)
    found: Bools = (starts >= (first or -np.inf)) & (starts < (last or np.inf))
    return found
