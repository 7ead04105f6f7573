"""Measured energies of a month and the weeks around it, and what operators gave both ways. Tables in, tables out."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.aliases import under_ids
from central.operator_energies import micro_wh, operator_energies
from central.precedence import combine
from central.settings import Settings
from central.tables import ENERGIES, INSTANT

_QUARTERS = 4


def measured_around(
    tables: Mapping[str, pa.Table], own: pa.Table, intervals: pa.Table, settings: Settings
) -> dict[str, pa.Table]:
    """``measured``: the energies that count, as ``settle`` would have them, without what was estimated.

    ``tables`` are a settlement's with the ``periods`` of all that is looked at; ``intervals`` of the same time
    (``central.readings.INTERVALS``). Beside it ``operator`` (of it the values that aren't netted out of two
    directions), and ``hours_given`` and ``quarters_given``: hours that came as their own value and as four quarters.
    """
    if not intervals.num_rows:
        empty = ENERGIES.empty_table()
        return {"measured": own, "operator": empty, "hours_given": empty, "quarters_given": empty}
    intervals = under_ids(intervals, tables)
    operator, _ = operator_energies(tables, intervals, settings)
    raw = intervals.filter(pc.equal(intervals["kind"], "raw"))
    hours, quarters = (raw.filter(pc.equal(raw["length"], length)) for length in (3600, 900))
    return {
        "measured": combine(tables, own, operator, settings.precedence),
        "operator": operator.filter(_as_counted(tables["points"], operator)),
        "hours_given": _summed(hours, 1),
        "quarters_given": _summed(quarters, _QUARTERS) if hours.num_rows else ENERGIES.empty_table(),
    }


def _as_counted(points: pa.Table, operator: pa.Table) -> pa.Array:
    """Netted values of both directions are another quantity than what the registers counted."""
    both = points.filter(pc.and_(points["drawn"], points["injected"]))["point"]
    pairs = pc.is_in(operator["point"].cast(pa.string()), value_set=both.combine_chunks())
    return pc.invert(pc.and_(pairs, operator["netted"])).combine_chunks()


def _summed(rows: pa.Table, needed: int) -> pa.Table:
    """Values summed by hour, half-up to whole Wh; only hours of which as many are there as needed."""
    micro = pa.array(micro_wh(rows["wh"])) if rows.num_rows else pa.array([], pa.int64())
    start = rows["start"].cast(pa.int64()).to_numpy()
    keyed = pa.table(
        {
            "point": rows["point"],
            "direction": rows["direction"],
            "start": pa.array(start // 3600 * 3600),
            "micro": micro,
        }
    )
    sums = keyed.group_by(["point", "direction", "start"]).aggregate([("micro", "sum"), ("micro", "count")])
    sums = sums.filter(pc.equal(sums["micro_count"], needed))
    wh = (sums["micro_sum"].to_numpy().astype(np.int64) + 500_000) // 1_000_000
    return pa.table(
        {
            "cluster": pa.repeat(pa.scalar(""), sums.num_rows).dictionary_encode(),
            "point": sums["point"].dictionary_encode(),
            "direction": sums["direction"].dictionary_encode(),
            "start": sums["start"].cast(INSTANT),
            "wh": pa.array(wh),
        },
        schema=ENERGIES,
    )
