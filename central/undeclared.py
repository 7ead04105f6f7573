"""Energies that settlement meters counted in a direction that their point doesn't declare: they are in no balance."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.energies import energies_of
from central.grid import places_at, seconds
from central.tables import METERED
from metering.obis import ACTIVE_EXPORT

_REGISTER = ("meter", "epoch", "gateway")


def undeclared_injection(tables: Mapping[str, pa.Table]) -> pa.Table:
    """What points inject that declare drawn alone (``METERED``); tables as for ``energies_of``.

    Most such registers never move, so only those are differenced of which two stands differ.
    """
    points = tables["points"]
    alone = points.filter(pc.invert(points["injected"]))
    meters = tables["meters"]
    mine = meters.filter(
        pc.and_(pc.is_in(meters["point"], value_set=_set(alone["point"])), pc.equal(meters["role"], "settlement"))
    )
    stands = tables["stands"]
    wanted = pc.and_(
        pc.equal(stands["register"], ACTIVE_EXPORT), pc.is_in(stands["meter"], value_set=_set(mine["serial"]))
    )
    stands = stands.filter(wanted)
    if not stands.num_rows:
        return METERED.empty_table()
    # As text: equal texts are one value, and the least and the greatest text are equal only where all are.
    lives = stands.group_by(list(_REGISTER)).aggregate([("wh", "min"), ("wh", "max")])
    moved = lives.filter(pc.not_equal(lives["wh_min"], lives["wh_max"]))
    if not moved.num_rows:
        return METERED.empty_table()
    stands = stands.filter(pc.is_in(stands["meter"], value_set=_set(moved["meter"])))
    turned = alone.set_column(
        alone.schema.get_field_index("drawn"), "drawn", pa.repeat(pa.scalar(False), alone.num_rows)
    )
    at = turned.schema.get_field_index("injected")
    turned = turned.set_column(at, "injected", pa.repeat(pa.scalar(True), alone.num_rows))
    found = energies_of({"cluster": tables["cluster"], "points": turned, "meters": mine, "stands": stands})["energies"]
    rows = points.to_pylist()
    injects = np.array([row["injected"] for row in rows], dtype=np.bool_)
    kept: pa.Table = found.filter(pa.array(~injects[places_at(rows, found["point"], seconds(found["start"]))]))
    return kept


def _set(column: pa.ChunkedArray) -> pa.Array:
    return column.cast(pa.string()).combine_chunks()
