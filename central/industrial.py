"""An industrial consumer's OZE fee: charged on a per cent of its energy (art. 96 ust. 2 of the RES Act).

Nothing says in which order that reduction and the cluster's exemption (art. 184k ust. 1 pkt 1) are made. With a per
cent p of what is charged, c drawn and q exempt in a period:

    cluster_first     p · (c - q)           the exemption relieves p · q
    industrial_first  max(p · c - q, 0)     the exemption relieves min(q, p · c)
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa

from central.grid import Grid, Ints, within

PARTS = 100
"""Energies are in hundredths of Wh here: whole numbers, whatever the per cent."""


def industrial_oze(
    grid: Grid, tables: Mapping[str, pa.Table], drawn: Ints, relieved: Ints, order: str
) -> tuple[Ints, Ints] | None:
    """(T, P) hundredths of Wh on which the OZE fee is charged outside a cluster, and of them those exempt in it.

    ``drawn`` and ``relieved`` (T, P) are Wh, ``order`` is the setting ``industrial_order``. None where no point is an
    industrial consumer's.
    """
    rows = tables["industrial"].to_pylist() if "industrial" in tables else []
    if not rows:
        return None
    pct = np.full((len(grid.starts), len(grid.points)), PARTS, dtype=np.int64)
    for row in rows:
        chosen = np.array([name == row["point"] for name in grid.points], dtype=np.bool_)
        pct[np.ix_(within(row, grid.starts), chosen)] = row["pct"]
    charged = drawn * pct
    exempt = relieved * pct if order == "cluster_first" else np.minimum(relieved * PARTS, charged)
    return charged, exempt
