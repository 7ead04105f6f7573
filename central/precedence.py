"""Which value of a period counts where both are there: the operator's, or the cluster's own. Tables in, a table out.

Value by value: where the preferred source has none, the other counts. Only netted values go together: both directions
of a point's period are the operator's netted ones, or neither is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from central.grid import Bools, Ints, places_at, seconds
from central.tables import LABEL, METERED, labels

SOURCED: Final = pa.schema([*METERED, pa.field("source", LABEL), pa.field("file", pa.int64())])
"""Energies with where each is from: ``source`` is own or operator, ``file`` the archived file of an operator's."""

OWN: Final = "own"
OPERATOR: Final = "operator"
_SOURCES: Final = (OWN, OPERATOR)
_WAYS: Final = ("drawn", "injected")


def combine(tables: Mapping[str, pa.Table], own: pa.Table, operator: pa.Table, precedence: str) -> pa.Table:
    """The energies that count (``SOURCED``): at most one for a point, direction and period.

    ``own`` is ``central.tables.METERED``, ``operator`` ``central.operator_energies.OPERATED``; ``tables`` has points.
    """
    rows = tables["points"].to_pylist()
    places = pa.array(dict.fromkeys(row["point"] for row in rows), pa.string())
    declared = np.array([int(row["drawn"]) + int(row["injected"]) for row in rows], dtype=np.int64)
    own_at = _at(own, places)
    their_at = _at(operator, places)
    netted = operator["netted"].to_numpy()
    if precedence == OWN:
        whole = _whole(own_at, places_at(rows, own["point"], seconds(own["start"])), declared)
        # Beside all of one's own nothing netted counts; where some is missing, the netted pair takes its place.
        their_kept = ~(netted & np.isin(their_at, whole))
        own_kept = ~np.isin(own_at, their_at[netted & their_kept])
        their_kept &= ~np.isin(_keys(operator, their_at), _keys(own, own_at)[own_kept])
    else:
        their_kept = np.ones(len(their_at), dtype=np.bool_)
        own_kept = ~np.isin(_keys(own, own_at), _keys(operator, their_at)) & ~np.isin(own_at, their_at[netted])
    parts = [_sourced(own, own_kept, OWN), _sourced(operator, their_kept, OPERATOR)]
    return pa.concat_tables(parts).unify_dictionaries()


def _at(table: pa.Table, points: pa.Array) -> Ints:
    """Each row's point and period as one number."""
    place = pc.index_in(table["point"].cast(pa.string()), value_set=points).to_numpy().astype(np.int64)
    found: Ints = (place << 34) + seconds(table["start"])
    return found


def _keys(table: pa.Table, at: Ints) -> Ints:
    """Point, period and direction as one number."""
    drawn = pc.equal(table["direction"].cast(pa.string()), _WAYS[0]).to_numpy()
    found: Ints = (at << 1) + drawn
    return found


def _whole(at: Ints, place: Ints, declared: Ints) -> Ints:
    """The points' periods of which everything declared is there."""
    unique, first, count = np.unique(at, return_index=True, return_counts=True)
    found: Ints = unique[count == declared[place[first]]]
    return found


def _sourced(table: pa.Table, kept: Bools, source: str) -> pa.Table:
    chosen = table.filter(pa.array(kept))
    file = chosen["file"] if source == OPERATOR else pa.nulls(chosen.num_rows, pa.int64())
    columns = {field.name: chosen[field.name] for field in METERED}
    columns |= {
        "source": labels(_SOURCES, np.full(chosen.num_rows, _SOURCES.index(source))),
        "file": file,
    }
    return pa.table(columns, schema=SOURCED)
